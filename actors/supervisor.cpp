#include "actors/supervisor.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <utility>

#include "actors/driver.hpp"
#include "actors/user_credentials.hpp"

namespace ringway::actors {

namespace {

// Gathers the reports of three actors; answers when the last one is in, or has not come in time.
struct StatusInTheMaking {
  StatusInTheMaking(PeerStatus identity, Answer<PeerStatus> d)
      : status(std::move(identity)), done(std::move(d)) {}
  StatusInTheMaking(const StatusInTheMaking&) = delete;
  StatusInTheMaking& operator=(const StatusInTheMaking&) = delete;
  ~StatusInTheMaking() { done(std::move(status)); }
  PeerStatus status;
  Answer<PeerStatus> done;
};

}  // namespace

SupervisorDriver::SupervisorDriver(SupervisorActor::pointer self, SupervisorSetup setup)
    : self_(self), setup_(std::move(setup)), started_(setup_.clock->now().mono), log_(peer_log(setup_.name)) {
  self_->set_down_handler([this](caf::down_msg& message) { actor_ended(message); });
  // The links are for the others, should this actor die; what it learns of them it learns as their monitor:
  // an exit message unlinks its receiver from the sender, so that a link does not report the end it has asked
  // for.
  self_->set_exit_handler([](caf::exit_msg&) {});
}

SupervisorDriver::~SupervisorDriver() {
  if (phase_ == Phase::finished) return;
  // Only if this actor itself has died: the linked ones die with it.
  if (setup_.discovery) setup_.discovery->stop();
  stop_phones();
  setup_.bridge->disconnect();
  setup_.links->stop();
  setup_.desk->close();
  failure_ = failure_.value_or(PeerFailure{PeerFailure::Cause::broken, "the supervisor has died"});
  finish();
}

SupervisorActor::behavior_type SupervisorDriver::make_behavior() {
  return {
      [this](StartAtom) { start(); },
      [this](LeaveAtom, Answer<Stopped>& done) { leave(done); },
      [this](LeftAtom) { left(); },
      [this](GiveUpAtom) { give_up(); },
      [this](const PeerFailure& failure) { fail(failure); },
      [this](CredentialsOrder& order) { order.done(use_credentials(order)); },
      [this](UsersOrder& order) { order.done(use_users(order)); },
      [this](PhonesOrder& order) { order.done(use_phones(order)); },
      [this](Answer<PeerStatus>& done) { report(done); },
      [this](StopAtom) { stop(); },
  };
}

void SupervisorDriver::start() {
  const Mailboxes& actors = *setup_.mailboxes;
  alive_ = {actors.routing.address(), actors.storage.address(), actors.replication.address(),
            actors.committer.address()};
  if (actors.sip) alive_.insert(actors.sip.address());
  if (setup_.relay.actor) alive_.insert(setup_.relay.actor.address());
  for (const auto& actor : alive_) {
    self_->monitor(actor);
    self_->link_to(actor);
  }
  setup_.bridge->connect(actors.routing);
  if (actors.sip) setup_.phone_bridge->connect(actors.sip);
  if (setup_.relay.actor) self_->send(setup_.relay.actor, StartAtom::value);
  if (setup_.relay.advertised) tell_storage_of_relay(data::AdvertiseRelay{*setup_.relay.advertised});
  self_->send(actors.routing, StartAtom::value);
}

void SupervisorDriver::leave(Answer<Stopped>& done) {
  waiting_for_stop_.push_back(std::move(done));
  if (phase_ != Phase::running) return;
  phase_ = Phase::draining;
  if (setup_.relay.actor) return drain_relay();
  leave_phones();
}

void SupervisorDriver::tell_storage_of_relay(data::StorageInput input) {
  StorageBatch batch;
  batch.inputs.push_back(std::move(input));
  self_->send(setup_.mailboxes->storage, std::move(batch));
}

// Meanwhile the peer is one of the ring as before.
void SupervisorDriver::drain_relay() {
  if (setup_.relay.advertised) tell_storage_of_relay(data::WithdrawRelay{});
  const auto waited = std::max(setup_.relay.drain_time, Duration{1});
  self_->request(setup_.relay.actor, waited, LeaveAtom::value)
      .then([this](LeftAtom) { leave_phones(); },
            [this](caf::error&) {
              log_->warn("the relay's allocations have not ended in time: they are cut off");
              leave_phones();
            });
}

void SupervisorDriver::leave_phones() {
  if (phase_ != Phase::draining) return;
  phase_ = Phase::leaving;
  self_->delayed_send(self_, setup_.leave_timeout, GiveUpAtom::value);
  if (!setup_.mailboxes->sip) return leave_services();
  self_
      ->request(setup_.mailboxes->sip, std::min(k_sip_leave_timeout, setup_.leave_timeout / 2),
                LeaveAtom::value)
      .then([this](LeftAtom) { leave_services(); },
            [this](caf::error&) {
              log_->warn("the registrations of phones could not be removed in time");
              leave_services();
            });
}

// Nobody is to be led to a peer that has gone (RFC 7374 §4.6).
void SupervisorDriver::leave_services() {
  if (phase_ != Phase::leaving) return;
  self_
      ->request(setup_.mailboxes->storage, std::min(k_services_leave_timeout, setup_.leave_timeout / 3),
                LeaveAtom::value)
      .then([this](LeftAtom) { leave_ring(); },
            [this](caf::error&) {
              log_->warn("the records of this peer's services could not be removed in time");
              leave_ring();
            });
}

void SupervisorDriver::leave_ring() {
  if (phase_ == Phase::leaving) self_->send(setup_.mailboxes->routing, LeaveAtom::value);
}

void SupervisorDriver::left() {
  if (phase_ == Phase::leaving) begin_stop();
}

void SupervisorDriver::give_up() {
  if (phase_ != Phase::leaving) return;
  log_->warn("the neighbours have not answered the leave in time");
  begin_stop();
}

void SupervisorDriver::stop() {
  if (is_up()) begin_stop();
}

void SupervisorDriver::fail(const PeerFailure& failure) {
  if (!failure_) {
    failure_ = failure;
    log_->error("going down: {}", failure.reason);
  }
  if (is_up()) begin_stop();
}

void SupervisorDriver::actor_ended(const caf::down_msg& message) {
  if (alive_.erase(message.source) == 0) return;
  const bool asked_for = message.reason == caf::exit_reason::user_shutdown &&
                         (phase_ == Phase::stopping_components || phase_ == Phase::stopping_committer);
  if (!asked_for)
    fail({PeerFailure::Cause::broken,
          std::string(name_of(message.source)) + " has died: " + self_->system().render(message.reason)});
  const auto committer = setup_.mailboxes->committer.address();
  if (phase_ == Phase::stopping_components && (alive_.empty() || alive_ == std::set{committer}))
    stop_committer();
  if (phase_ == Phase::stopping_committer && alive_.empty()) {
    finish();
    self_->quit(caf::exit_reason::user_shutdown);
  }
}

void SupervisorDriver::begin_stop() {
  phase_ = Phase::stopping_components;
  if (setup_.discovery) setup_.discovery->stop();
  stop_phones();
  setup_.bridge->disconnect();
  setup_.links->stop();
  setup_.desk->close();
  const Mailboxes& actors = *setup_.mailboxes;
  self_->send_exit(actors.routing, caf::exit_reason::user_shutdown);
  self_->send_exit(actors.storage, caf::exit_reason::user_shutdown);
  self_->send_exit(actors.replication, caf::exit_reason::user_shutdown);
  if (actors.sip) self_->send_exit(actors.sip, caf::exit_reason::user_shutdown);
  if (setup_.relay.actor) self_->send_exit(setup_.relay.actor, caf::exit_reason::user_shutdown);
}

void SupervisorDriver::stop_phones() {
  if (!setup_.phones) return;
  setup_.phone_bridge->disconnect();
  setup_.phones->stop();
  if (setup_.peer_links) setup_.peer_links->stop();
  if (setup_.resolver) setup_.resolver->stop();
}

void SupervisorDriver::stop_committer() {
  phase_ = Phase::stopping_committer;
  self_->send(setup_.mailboxes->committer, StopAtom::value);
}

void SupervisorDriver::finish() {
  phase_ = Phase::finished;
  setup_.store.reset();
  setup_.links.reset();
  setup_.phones.reset();
  setup_.peer_links.reset();
  setup_.resolver.reset();
  if (!failure_) log_->info("stopped");
  for (const auto& done : std::exchange(waiting_for_stop_, {})) done(Stopped{});
  if (failure_ && setup_.failed) {
    const CallbackScope scope;
    setup_.failed(*failure_);
  }
  setup_.stopped->set_value();
}

const char* SupervisorDriver::name_of(const caf::actor_addr& actor) const {
  const Mailboxes& actors = *setup_.mailboxes;
  if (actor == actors.routing) return "routing";
  if (actor == actors.storage) return "storage";
  if (actor == actors.replication) return "replication";
  if (actor == actors.sip) return "SIP";
  if (actor == setup_.relay.actor) return "the relay";
  return "the committer";
}

// Where the peer stands in the ring when routing does not say; nothing while that may be anywhere.
const char* SupervisorDriver::phase_without_routing() const {
  if (is_serving()) return "";
  return phase_ == Phase::leaving ? "leaving" : "left";
}

// Handshakes first: a link must not show an older certificate than the messages on it.
std::optional<std::string> SupervisorDriver::use_credentials(const CredentialsOrder& order) {
  if (!is_serving()) return "the peer is stopping";
  auto signer = security::load_signer(order.private_key_pem, order.certificates_pem, setup_.identity.node);
  if (!signer) return "the renewed key or certificate cannot be used: " + signer.error().reason;
  const auto& certificate = *(*signer)->certificate();
  if (certificate.user_name() != setup_.identity.user) return "the renewed certificate is of another user";
  if (auto done = setup_.links->replace_credentials(order.private_key_pem, order.certificates_pem); !done)
    return "the renewed key or certificate cannot be used for links: " + done.error().reason;
  if (setup_.peer_links) {
    auto done = setup_.peer_links->replace_credentials(order.private_key_pem, order.certificates_pem);
    if (!done) return "the renewed key or certificate cannot be used for calls: " + done.error().reason;
  }
  const Mailboxes& actors = *setup_.mailboxes;
  RoutingBatch routing;
  routing.inputs.emplace_back(routing::UseSigner{*signer});
  self_->send(actors.routing, std::move(routing));
  StorageBatch storage;
  storage.inputs.emplace_back(routing::UseSigner{*signer});
  self_->send(actors.storage, std::move(storage));
  ReplicationBatch replication;
  replication.inputs.emplace_back(routing::UseSigner{*signer});
  self_->send(actors.replication, std::move(replication));
  if (auto own = message_user({order.private_key_pem, order.certificates_pem}, **signer, true))
    tell_phones({*std::move(own)});
  setup_.signer = *signer;
  setup_.identity.certificate_not_after_ms = certificate.not_after_ms();
  log_->info("a renewed certificate is in use");
  return std::nullopt;
}

// All of them or none: those before stay when one cannot be used.
std::optional<std::string> SupervisorDriver::use_users(const UsersOrder& order) {
  if (!is_serving()) return "the peer is stopping";
  auto users = load_users(order.users, *setup_.signer);
  if (!users) return users.error().reason;
  StorageBatch storage;
  storage.inputs.emplace_back(data::UseUsers{std::move(*users)});
  self_->send(setup_.mailboxes->storage, std::move(storage));
  std::vector<UserCredentials> renewed;
  for (const UserCredentials& each : order.users) {
    const bool is_known =
        std::any_of(setup_.further_users.begin(), setup_.further_users.end(),
                    [&](const auto& before) { return before.certificates_pem == each.certificates_pem; });
    if (!is_known) renewed.push_back(each);
  }
  tell_phones(message_users(renewed));
  setup_.further_users = order.users;
  return std::nullopt;
}

// What was closed for the certificate before is opened still: only the new keys are told of.
void SupervisorDriver::tell_phones(std::vector<sip::messages::OwnUser> renewed) {
  if (setup_.mailboxes->sip && !renewed.empty())
    self_->send(setup_.mailboxes->sip, SipBatch(sip::element::KeysRenewed{std::move(renewed)}));
}

// The accounts are good before the files are read, so nothing can fail once the files are in use.
std::optional<std::string> SupervisorDriver::use_phones(PhonesOrder& order) {
  if (!is_serving()) return "the peer is stopping";
  if (!setup_.phones) return "this peer serves no phones";
  if (const auto good = sip::registrar::check(setup_.phone_rules, *order.accounts); !good)
    return good.error().reason;
  if (const auto done = setup_.phones->reload(); !done) return done.error().reason;
  self_->send(setup_.mailboxes->sip, SipBatch(sip::element::AccountsChanged{std::move(*order.accounts)}));
  return std::nullopt;
}

void SupervisorDriver::report(Answer<PeerStatus>& done) {
  auto making = std::make_shared<StatusInTheMaking>(setup_.identity, std::move(done));
  making->status.routing.phase = "left";  // unless this actor lives to hear of routing
  // The others are on their way down: this is what the peer says of itself from now on.
  if (!is_up()) return;
  const auto uptime = setup_.clock->now().mono - started_;
  making->status.uptime_s = static_cast<std::uint64_t>(uptime.count() / 1000);
  if (setup_.links) making->status.links = setup_.links->counters();
  const auto missing = [making](caf::error&) {};
  self_->request(setup_.mailboxes->routing, k_status_timeout, StatusAtom::value)
      .then(
          [making](RoutingReport& part) {
            making->status.routing = std::move(part.status);
            making->status.configuration_sequence = part.configuration_sequence;
            making->status.configuration_expires_ms = part.configuration_expires_ms;
            making->status.users_unverified =
                part.configuration && part.configuration->self_signed_permitted.has_value();
            making->status.configuration = std::move(part.configuration);
          },
          [this, making](caf::error&) { making->status.routing.phase = phase_without_routing(); });
  self_->request(setup_.mailboxes->storage, k_status_timeout, StatusAtom::value)
      .then(
          [making](StorageReport& part) {
            making->status.storage = part.statistics;
            making->status.totals = part.totals;
          },
          missing);
  self_->request(setup_.mailboxes->replication, k_status_timeout, StatusAtom::value)
      .then([making](ReplicationReport& part) { making->status.replication = part.statistics; }, missing);
  if (setup_.relay.actor)
    self_->request(setup_.relay.actor, k_status_timeout, StatusAtom::value)
        .then([making](RelayReportPtr& part) { making->status.relay = std::move(part); }, missing);
  if (!setup_.mailboxes->sip) return;
  self_->request(setup_.mailboxes->sip, k_status_timeout, StatusAtom::value)
      .then([making](SipReportPtr& part) { making->status.sip = std::move(part); }, missing);
}

}  // namespace ringway::actors
