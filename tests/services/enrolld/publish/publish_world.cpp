#include "tests/services/enrolld/publish/publish_world.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>

#include "net/sockets.hpp"

namespace ringway::enrolld::test {

namespace {

constexpr std::chrono::seconds k_patience{20};

std::shared_ptr<net::TlsLinks> listen(net::IoPool& pool, const ringway::test::Credentials& credentials,
                                      security::TrustPtr trust, std::shared_ptr<net::LinkEvents> events) {
  net::LinkSettings settings;
  settings.listen = loopback();
  settings.private_key_pem = credentials.private_key_pem;
  settings.certificates_pem = credentials.certificate_pem;
  settings.max_message_size_bytes = 65'536;
  auto links = net::TlsLinks::start(pool, std::move(settings), std::move(trust), std::move(events));
  if (!links) {
    ADD_FAILURE() << links.error().reason;
    std::abort();
  }
  return *std::move(links);
}

}  // namespace

SharedBytes World::document(std::uint16_t sequence, const Change& change,
                            const ringway::test::SignerPtr& signed_by) const {
  config::Configuration values;
  values.instance_name = authority.overlay_name();
  values.sequence = sequence;
  values.no_ice = true;
  values.max_message_size_bytes = 65'536;
  values.root_certificates_der = {authority.root_der()};
  values.configuration_signers = {signer->node_id()};
  if (change) change(values);
  const auto& by = signed_by ? signed_by : signer;
  auto written = config::write_document(values, *by, *by);
  if (!written) {
    ADD_FAILURE() << written.error().reason;
    std::abort();
  }
  return SharedBytes(*std::move(written));
}

config::ConfigurationPtr World::parsed(std::uint16_t sequence, const Change& change) const {
  return config::parse_configuration(document(sequence, change), "").value();
}

wire::IpAddressPort loopback(std::uint16_t port) {
  wire::IpAddressPort address;
  address.type = wire::AddressType::ipv4;
  address.address = {127, 0, 0, 1};
  address.port = port;
  return address;
}

std::shared_ptr<RunningPeer> RunningPeer::start(net::IoPool& pool, const World& world, const NodeId& node,
                                                config::ConfigurationPtr document,
                                                const ringway::test::IssueOptions& issue) {
  const auto credentials = world.authority.credentials("peer@example.org", node, issue);
  std::shared_ptr<RunningPeer> peer(new RunningPeer(world, node, document, credentials.signer));
  auto trust = security::Trust::make(document->trust_settings()).value();
  // No event can come before somebody knows the address.
  peer->links_ = listen(pool, credentials, std::move(trust), peer);
  // Peer and links hold each other: whoever lets go of what is returned parts them.
  RunningPeer* const plain = peer.get();
  return {plain, [held = std::move(peer)](RunningPeer*) { held->stop(); }};
}

RunningPeer::RunningPeer(const World& world, const NodeId& node, const config::ConfigurationPtr& document,
                         const ringway::test::SignerPtr& signer)
    : node_(node),
      inspector_({world.authority.trust(), {document, &document->kinds}}),
      routing_(
          [] {
            routing::RoutingSettings settings;
            settings.first_peer = true;
            return settings;
          }(),
          document, signer, std::make_shared<CountingRandom>()) {
  routing::Outputs outputs;
  routing_.start({net::mono_now(), net::wall_now()}, outputs);
}

void RunningPeer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  if (links_) links_->stop();
}

std::uint16_t RunningPeer::sequence() const {
  const std::lock_guard lock(mutex_);
  return routing_.configuration()->sequence;
}

bool RunningPeer::all_links_gone() const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, k_patience, [this] { return links_up_ == 0; });
}

void RunningPeer::link_up(routing::LinkUp event) {
  {
    const std::lock_guard lock(mutex_);
    ++links_up_;
  }
  input(std::move(event));
}

void RunningPeer::link_down(routing::LinkDown event) {
  {
    const std::lock_guard lock(mutex_);
    --links_up_;
    changed_.notify_all();
  }
  input(std::move(event));
}

void RunningPeer::link_messages(link::LinkId link, std::vector<SharedBytes> messages) {
  for (SharedBytes& message : messages) input(routing::LinkMessage{link, std::move(message)});
}

void RunningPeer::input(routing::Input what) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  routing::Outputs outputs;
  routing_.handle({net::mono_now(), net::wall_now()}, std::move(what), outputs);
  carry_out(outputs);
}

// What a message leads to, and what that leads to.
void RunningPeer::carry_out(routing::Outputs& outputs) {
  while (!outputs.empty()) {
    routing::Outputs next;
    for (auto& output : outputs) {
      if (auto* transmit = std::get_if<routing::Transmit>(&output)) {
        links_->credit(transmit->link, 1);
        links_->transmit(std::move(*transmit));
      } else if (auto* close = std::get_if<routing::CloseLink>(&output)) {
        links_->close(std::move(*close));
      } else if (auto* inspect = std::get_if<routing::Inspect>(&output)) {
        const Now now{net::mono_now(), net::wall_now()};
        auto verdict = std::make_shared<Result<security::InspectedMessage>>(
            inspector_.inspect(now.wall_ms, inspect->header, inspect->bytes, inspect->fetch_resource));
        routing_.handle(now, routing::Inspected{inspect->ticket, std::move(verdict)}, next);
      }
    }
    outputs = std::move(next);
  }
}

struct SilentPeer::Ears : net::LinkEvents {
  void link_up(routing::LinkUp) override {}
  void link_down(routing::LinkDown) override {}
  void link_suspected(routing::LinkSuspected) override {}
  void link_messages(link::LinkId, std::vector<SharedBytes>) override {
    const std::lock_guard lock(mutex);
    asked = true;
    changed.notify_all();
  }
  std::mutex mutex;
  std::condition_variable changed;
  bool asked = false;
};

SilentPeer::SilentPeer(net::IoPool& pool, const ringway::test::TestAuthority& authority, const NodeId& node)
    : ears_(std::make_shared<Ears>()),
      links_(listen(pool, authority.credentials("silent@example.org", node), authority.trust(), ears_)) {}

bool SilentPeer::was_asked() const {
  std::unique_lock lock(ears_->mutex);
  return ears_->changed.wait_for(lock, k_patience, [this] { return ears_->asked; });
}

}  // namespace ringway::enrolld::test
