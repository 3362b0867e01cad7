#include "net/app_links/app_links.hpp"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <utility>

#include "net/app_links/app_hub.hpp"
#include "net/app_links/peer_pipe.hpp"
#include "net/io_pool.hpp"
#include "net/tcp_acceptor.hpp"

namespace ringway::net::app_links {

namespace {

using phones::Connection;
using phones::Transport;

FlowId begin(const std::shared_ptr<AppHub>& hub, const std::shared_ptr<PeerPipe>& pipe, bool opened_here,
             Connection::Place place) {
  const auto connection =
      std::make_shared<Connection>(hub->flows(), pipe, Transport::tls, opened_here, std::move(place));
  hub->enter(pipe.get(), connection);
  connection->start();
  return connection->id();
}

class AppLinksImpl : public AppLinks {
 public:
  AppLinksImpl(std::shared_ptr<boost::asio::io_context> context, std::shared_ptr<AppHub> hub)
      : context_(std::move(context)), hub_(std::move(hub)) {}
  ~AppLinksImpl() override { end(); }
  AppLinksImpl(const AppLinksImpl&) = delete;
  AppLinksImpl& operator=(const AppLinksImpl&) = delete;

  Outcome<> listen() {
    auto admit = [hub = hub_](Socket socket, const wire::IpAddressPort& from) {
      if (auto place = phones::take_place(*hub->flows(), from))
        begin(hub, std::make_shared<PeerPipe>(hub, std::move(socket)), false, *std::move(place));
    };
    auto at = std::make_shared<TcpAcceptor>(*context_, hub_->sockets(), std::move(admit))
                  ->start(hub_->settings().listen);
    if (!at) return at.error();
    listening_on_ = *at;
    return Done{};
  }

  wire::IpAddressPort listening_on() const override { return listening_on_; }

  Result<FlowId> connect(std::vector<wire::IpAddressPort> addresses, const NodeId& node) override {
    if (stopped_) return Failure{"stopping"};
    auto slot = hub_->flows()->connections.take();
    if (!slot) {
      ++hub_->flows()->counters().refused_connections;
      return Failure{"as many connections as allowed"};
    }
    const auto pipe = std::make_shared<PeerPipe>(hub_, Socket(boost::asio::make_strand(*context_)),
                                                 std::move(addresses), node);
    return begin(hub_, pipe, true, Connection::Place{*std::move(slot), {}, {}});
  }

  Given send(FlowId id, SharedBytes message) override {
    const auto flow = hub_->flows()->find(id);
    if (!flow || message.empty() || message.size() > phones::k_max_message_bytes) return Given::refused;
    return flow->send(std::move(message));
  }
  void close(FlowId id, std::string reason) override {
    if (const auto flow = hub_->flows()->find(id)) flow->close(std::move(reason));
  }
  void credit(FlowId id, std::size_t credit) override {
    if (const auto flow = hub_->flows()->find(id)) flow->credit(credit);
  }
  void hold(FlowId id, bool held) override {
    if (const auto flow = hub_->flows()->find(id)) flow->hold(held);
  }

  void replace_trust(security::TrustPtr trust) override { hub_->replace_trust(std::move(trust)); }
  Outcome<> replace_shared_secret(std::optional<std::string> secret) override {
    return hub_->replace_shared_secret(std::move(secret));
  }
  Outcome<> replace_credentials(std::string private_key_pem, std::string certificates_pem) override {
    return hub_->replace_credentials(std::move(private_key_pem), certificates_pem);
  }

  void stop() override { end(); }
  AppLinkCounters counters() const override { return hub_->counters(); }
  TableSizes tables() const override {
    const auto& flows = *hub_->flows();
    const auto& settings = hub_->settings();
    return {{"connections of peers", flows.connections.taken(), settings.max_connections},
            {"connections of peers that shake hands", flows.arriving.taken(), settings.max_handshakes},
            {"bytes to be sent to peers", flows.send_queues->taken(), settings.max_send_queues_bytes}};
  }

 private:
  void end() {
    stopped_ = true;
    hub_->flows()->events.shut();
    hub_->sockets().stop_all_and_wait(*context_);
    hub_->flows()->forget_all();
  }

  const std::shared_ptr<boost::asio::io_context> context_;
  const std::shared_ptr<AppHub> hub_;
  wire::IpAddressPort listening_on_;
  std::atomic<bool> stopped_{false};
};

}  // namespace

Result<std::shared_ptr<AppLinks>> AppLinks::start(IoPool& pool, AppLinkSettings settings,
                                                  security::TrustPtr trust,
                                                  std::shared_ptr<phones::PhoneEvents> events) {
  auto means = NodeMeans::make(settings.private_key_pem, settings.certificates_pem);
  if (!means) return means.error();
  auto secret = std::exchange(settings.shared_secret, std::nullopt);
  if (auto done = means->key_with(settings.overlay_name, std::move(secret)); !done) return done.error();
  auto hub =
      std::make_shared<AppHub>(std::move(settings), *std::move(means), std::move(trust), std::move(events));
  auto links = std::make_shared<AppLinksImpl>(pool.context(), std::move(hub));
  if (auto listening = links->listen(); !listening) return listening.error();
  return std::shared_ptr<AppLinks>(std::move(links));
}

}  // namespace ringway::net::app_links
