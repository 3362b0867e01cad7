#include "actors/relay_actor.hpp"

#include <caf/send.hpp>
#include <utility>

#include "actors/driver.hpp"
#include "reload/security/hmac.hpp"

namespace ringway::actors {
namespace {

// Neither outlives the relay: what it has issued, and its nonces, end with it.
Bytes draw_key(Random& random) {
  Bytes out(security::k_hmac_key_bytes);
  for (std::size_t index = 0, bits = 0; index < out.size(); ++index, bits >>= 8U) {
    if (index % 8 == 0) bits = random.next();
    out[index] = static_cast<std::uint8_t>(bits);
  }
  return out;
}

}  // namespace

RelayDriver::RelayDriver(RelayActor::pointer self, RelaySetup setup)
    : setup_(std::move(setup)),
      credentials_(std::move(setup_.users), draw_key(*setup_.random)),
      server_(setup_.control, credentials_, draw_key(*setup_.random), *setup_.random),
      log_(peer_log(setup_.name)),
      alarm_([self](Duration delay, std::uint64_t generation) {
        self->delayed_send(self, delay, TickAtom::value, generation);
      }),
      self_(self) {
  setup_.foundation.bridge->connect(
      [to = caf::actor_cast<RelayActor>(self)] { caf::anon_send(to, RelayEventsAtom::value); });
}

RelayDriver::~RelayDriver() {
  setup_.foundation.bridge->disconnect();
  setup_.foundation.sockets->stop();
}

RelayActor::behavior_type RelayDriver::make_behavior() {
  return {
      [this](StartAtom) { setup_.foundation.sockets->start(); },
      [this](RelayEventsAtom) { take_events(); },
      [this](TickAtom, std::uint64_t generation) { tick(generation); },
      [this](RelaySecretsOrder& order) { order.done(use(*order.secrets)); },
      [this](LeaveAtom) { return drain(); },
      [this](StatusAtom) { return report(); },
  };
}

void RelayDriver::take_events() {
  for (auto& event : setup_.foundation.bridge->take()) std::visit([this](auto& each) { take(each); }, event);
  end_turn();
}

void RelayDriver::take(RelayMessage& event) {
  server_.receive(setup_.clock->now(), event.from, event.message);
  setup_.foundation.sockets->handled(event.from, 1);
}

void RelayDriver::take(RelayOpened& event) {
  server_.opened(setup_.clock->now().mono, event.allocation, std::move(event.relayed));
}

void RelayDriver::take(RelayOpenFailed& event) { server_.failed(setup_.clock->now().mono, event.allocation); }

void RelayDriver::take(RelayStreamGone& event) { server_.gone(event.path); }

void RelayDriver::tick(std::uint64_t generation) {
  if (!alarm_.rang(generation)) return;
  server_.wake(setup_.clock->now().mono);
  end_turn();
}

// All of it or nothing.
std::optional<std::string> RelayDriver::use(RelaySecrets& secrets) {
  if (secrets.users.secrets.size() > relay::k_max_secrets) return "too many shared secrets";
  if (setup_.foundation.certificate) {
    const auto done =
        setup_.foundation.certificate->replace(secrets.private_key_pem, secrets.certificates_pem);
    if (!done) return done.error().reason;
  }
  credentials_.replace(std::move(secrets.users));
  server_.users_changed(setup_.clock->now().wall_ms);
  end_turn();
  return std::nullopt;
}

caf::typed_response_promise<LeftAtom> RelayDriver::drain() {
  auto promise = self_->make_response_promise<LeftAtom>();
  draining_ = promise;
  is_draining_ = true;
  server_.drain();
  if (server_.allocations() > 0)
    log_->info("the relay takes no more clients, and waits for {} allocations to end", server_.allocations());
  end_turn();
  return promise;
}

RelayReportPtr RelayDriver::report() const {
  RelayReport out;
  out.listening_on = setup_.foundation.sockets->listening_on();
  out.is_draining = is_draining_;
  out.allocations = server_.allocations();
  out.control = server_.counters();
  out.traffic = setup_.foundation.sockets->traffic();
  return std::make_shared<const RelayReport>(std::move(out));
}

void RelayDriver::end_turn() {
  for (auto& output : server_.take_outputs()) setup_.foundation.sockets->perform(std::move(output));
  alarm_.set(setup_.clock->now().mono, server_.next_wake());
  if (draining_ && server_.allocations() == 0)
    std::exchange(draining_, std::nullopt)->deliver(LeftAtom::value);
}

}  // namespace ringway::actors
