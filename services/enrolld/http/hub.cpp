#include "services/enrolld/http/hub.hpp"

#include <utility>

namespace ringway::enrolld_http {

Hub::Hub(ServerSettings settings, Handler handler, net::TlsContextPtr tls)
    : settings_(std::move(settings)),
      handler_(std::move(handler)),
      slots_(settings_.max_connections),
      tls_(std::move(tls)) {}

net::TlsContextPtr Hub::tls() const {
  const std::lock_guard lock(mutex_);
  return tls_;
}

void Hub::use_tls(net::TlsContextPtr tls) {
  const std::lock_guard lock(mutex_);
  tls_ = std::move(tls);
}

bool Hub::enter(const std::shared_ptr<Connection>& connection) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return false;
  connections_.emplace(connection.get(), connection);
  return true;
}

void Hub::leave(Connection* connection) {
  const std::lock_guard lock(mutex_);
  connections_.erase(connection);
  if (connections_.empty()) emptied_.notify_all();
}

std::vector<std::shared_ptr<Connection>> Hub::connections() const {
  std::vector<std::shared_ptr<Connection>> living;
  const std::lock_guard lock(mutex_);
  living.reserve(connections_.size());
  for (const auto& [address, connection] : connections_)
    if (auto held = connection.lock()) living.push_back(std::move(held));
  return living;
}

std::size_t Hub::count() const {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

bool Hub::wait_until_empty(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  return emptied_.wait_for(lock, limit, [this] { return connections_.empty(); });
}

}  // namespace ringway::enrolld_http
