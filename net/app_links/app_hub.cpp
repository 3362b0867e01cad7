#include "net/app_links/app_hub.hpp"

#include <utility>

#include "net/protocol_name.hpp"

namespace ringway::net::app_links {

namespace {

phones::PhoneSettings bounds_of(const AppLinkSettings& settings) {
  phones::PhoneSettings bounds;
  bounds.max_connections = settings.max_connections;
  bounds.max_connections_per_address = settings.max_connections_per_address;
  bounds.max_arriving = settings.max_handshakes;
  bounds.max_arriving_per_address = settings.max_handshakes_per_address;
  bounds.receive_credit_bytes = settings.receive_credit_bytes;
  bounds.max_send_queue_bytes = settings.max_send_queue_bytes;
  bounds.max_send_queues_bytes = settings.max_send_queues_bytes;
  bounds.free_send_queue_bytes = settings.free_send_queue_bytes;
  bounds.opening_timeout = settings.opening_timeout;
  bounds.write_timeout = settings.write_timeout;
  bounds.idle_timeout = settings.idle_timeout;
  bounds.close_timeout = settings.close_timeout;
  return bounds;
}

}  // namespace

AppHub::AppHub(AppLinkSettings settings, NodeMeans means, security::TrustPtr trust,
               std::shared_ptr<phones::PhoneEvents> listener)
    : settings_(std::move(settings)),
      flows_(std::make_shared<phones::FlowHub>(bounds_of(settings_), phones::PhoneTls{}, std::move(listener),
                                               k_flows_from)),
      means_(std::move(means)),
      trust_(std::move(trust)) {
  name_protocol(means_);
}

// The settings live as long as any handshake: each holds this.
void AppHub::name_protocol(const NodeMeans& means) const {
  if (settings_.protocol.empty()) return;
  for (const auto& context : {means.certificates, means.shared_key})
    if (context) accept_protocol_name(context->native_handle(), settings_.protocol);
}

HandshakeMeans AppHub::means() const {
  const std::lock_guard lock(mutex_);
  return means_.chosen();
}

security::TrustPtr AppHub::trust() const {
  const std::lock_guard lock(mutex_);
  return trust_;
}

void AppHub::replace_trust(security::TrustPtr trust) {
  std::vector<std::pair<std::shared_ptr<phones::Connection>, std::string>> refused;
  {
    const std::lock_guard lock(mutex_);
    trust_ = std::move(trust);
    for (const auto& [pipe, member] : members_) {
      if (!member.certificate) continue;  // admit() looks again
      const auto verdict = trust_->check(*member.certificate, member.chain_der, wall_now());
      auto connection = verdict ? nullptr : member.connection.lock();
      if (connection) refused.emplace_back(std::move(connection), verdict.error().reason);
    }
  }
  for (const auto& [connection, reason] : refused) {
    ++no_longer_trusted_;
    connection->cut("no longer trusted: " + reason);
  }
}

Outcome<> AppHub::replace_shared_secret(std::optional<std::string> secret) {
  const std::lock_guard lock(mutex_);
  auto done = means_.key_with(settings_.overlay_name, std::move(secret));
  if (done) name_protocol(means_);
  return done;
}

Outcome<> AppHub::replace_credentials(std::string private_key_pem, const std::string& certificates_pem) {
  auto next = NodeMeans::make(private_key_pem, certificates_pem);
  if (!next) return next.error();
  const std::lock_guard lock(mutex_);
  next->shared_key = means_.shared_key;
  means_ = *std::move(next);
  name_protocol(means_);
  return Done{};
}

void AppHub::enter(const PeerPipe* pipe, const std::shared_ptr<phones::Connection>& connection) {
  const std::lock_guard lock(mutex_);
  members_[pipe].connection = connection;
}

Outcome<> AppHub::admit(const PeerPipe* pipe, const Authenticated& peer) {
  const std::lock_guard lock(mutex_);
  if (trust_ != peer.trust)
    if (auto verdict = trust_->check(*peer.certificate, peer.chain_der, wall_now()); !verdict) return verdict;
  auto& member = members_[pipe];
  member.certificate = peer.certificate;
  member.chain_der = peer.chain_der;
  return Done{};
}

void AppHub::leave(const PeerPipe* pipe) {
  const std::lock_guard lock(mutex_);
  members_.erase(pipe);
}

AppLinkCounters AppHub::counters() const {
  const auto of_flows = flows_->read_counters();
  AppLinkCounters out;
  out.bytes_in = of_flows.bytes_in;
  out.bytes_out = of_flows.bytes_out;
  out.handshakes_failed = handshakes_failed_;
  out.opening_failed = of_flows.opening_failed;
  out.idle = of_flows.idle;
  out.too_slow = of_flows.too_slow;
  out.refused_connections = of_flows.refused_connections;
  out.refused_of_address = of_flows.refused_of_address;
  out.refused_full_queue = of_flows.refused_full_queue;
  out.no_longer_trusted = no_longer_trusted_;
  return out;
}

}  // namespace ringway::net::app_links
