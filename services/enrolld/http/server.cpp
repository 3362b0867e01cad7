#include "services/enrolld/http/server.hpp"

#include <utility>

#include "net/io_pool.hpp"
#include "services/enrolld/http/connection.hpp"
#include "services/enrolld/http/hub.hpp"
#include "services/enrolld/http/listener.hpp"
#include "services/enrolld/http/server_tls.hpp"

namespace ringway::enrolld_http {

namespace {
// Closing takes no longer than what the threads are doing just now.
constexpr std::chrono::milliseconds k_closing_limit{5000};
}  // namespace

class Server::Parts {
 public:
  Parts(ServerSettings settings, Handler handler, net::TlsContextPtr tls)
      : pool(settings.threads),
        hub(std::make_shared<Hub>(std::move(settings), std::move(handler), std::move(tls))),
        listener(std::make_shared<Listener>(pool.context(), hub)) {}

  net::IoPool pool;
  std::shared_ptr<Hub> hub;
  std::shared_ptr<Listener> listener;
  wire::IpAddressPort address;
  bool stopped = false;
};

Result<std::unique_ptr<Server>> Server::start(ServerSettings settings, Handler handler) {
  auto tls = make_server_tls(settings, settings.credentials);
  if (!tls) return tls.error();
  auto parts = std::make_unique<Parts>(std::move(settings), std::move(handler), *std::move(tls));
  auto address = parts->listener->start();
  if (!address) return address.error();
  parts->address = *address;
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() { stop(std::chrono::milliseconds(0)); }

const wire::IpAddressPort& Server::address() const { return parts_->address; }
const ServerCounters& Server::counters() const { return parts_->hub->counters(); }
std::size_t Server::connections() const { return parts_->hub->count(); }

Outcome<> Server::use_credentials(const ServerCredentials& credentials) {
  auto tls = make_server_tls(parts_->hub->settings(), credentials);
  if (!tls) return tls.error();
  parts_->hub->use_tls(*std::move(tls));
  return Done{};
}

void Server::stop(std::chrono::milliseconds grace) {
  if (std::exchange(parts_->stopped, true)) return;
  Hub& hub = *parts_->hub;
  hub.begin_stop();
  parts_->listener->stop();
  for (const auto& connection : hub.connections()) connection->stop();
  if (!hub.wait_until_empty(grace)) {
    for (const auto& connection : hub.connections()) connection->close();
    hub.wait_until_empty(k_closing_limit);
  }
  parts_->pool.stop();
}

}  // namespace ringway::enrolld_http
