#include "actors/routing_actor.hpp"

#include <caf/send.hpp>
#include <chrono>
#include <string>
#include <utility>

#include "actors/driver.hpp"
#include "reload/config/inspection.hpp"
#include "reload/wire/bodies.hpp"
#include "reload/wire/codec.hpp"

namespace ringway::actors {

namespace {

PingOutcome failed_ping(std::string reason) {
  PingOutcome outcome;
  outcome.reason = std::move(reason);
  return outcome;
}

std::string reason_of(const routing::RequestFailure& failure) {
  if (!failure.info.empty()) return std::string(text_of(failure.info));
  return "the request has failed with error " + std::to_string(static_cast<unsigned>(failure.code));
}

PingOutcome outcome_of(const routing::RequestDone& done, double round_trip_ms) {
  if (const auto* failure = std::get_if<routing::RequestFailure>(&done.outcome))
    return failed_ping(reason_of(*failure));
  const auto& answer = *std::get<0>(done.outcome);
  const auto body = wire::decode<wire::PingAns>(answer.message.contents.body);
  if (!body) return failed_ping("the answer does not read as a PingAns: " + body.error().reason);
  return {true, "", answer.signer_node, body->response_id, body->time_ms, round_trip_ms};
}

}  // namespace

RoutingDriver::RoutingDriver(RoutingActor::pointer self, RoutingSetup setup)
    : Outbox(std::move(setup.mailboxes), std::move(setup.backlog)),
      log_(peer_log(setup.name)),
      clock_(std::move(setup.clock)),
      links_(std::move(setup.links)),
      app_links_(std::move(setup.app_links)),
      desk_(std::move(setup.desk)),
      component_(std::move(setup.settings), std::move(setup.configuration), std::move(setup.signer),
                 std::move(setup.random)),
      alarm_([self](Duration delay, std::uint64_t generation) {
        self->delayed_send(self, delay, TickAtom::value, generation);
      }),
      bootstrap_cache_(std::move(setup.bootstrap_cache)),
      applications_(std::move(setup.applications)) {}

RoutingActor::behavior_type RoutingDriver::make_behavior() {
  return {
      [this](StartAtom) { start(); },
      [this](LinkBatch& batch) { handle_messages(batch); },
      [this](RoutingBatch& batch) { handle(batch); },
      [this](PingOrder& order) { ping(order); },
      [this](DocumentOrder& order) { offer(order); },
      [this](TickAtom, std::uint64_t generation) { tick(generation); },
      [this](CreditsAtom) { return_credits(); },
      [this](LeaveAtom) { leave(); },
      [this](StatusAtom) { return report(); },
  };
}

void RoutingDriver::start() {
  component_.start(clock_->now(), outputs_);
  peer::Dispatcher(*this).dispatch(outputs_);
  end_turn();
}

void RoutingDriver::handle_messages(LinkBatch& batch) {
  for (auto& bytes : batch.messages) {
    credits_.begin_message(batch.link);
    step(routing::LinkMessage{batch.link, std::move(bytes)});
    credits_.end_message();
  }
  end_turn();
}

void RoutingDriver::handle(RoutingBatch& batch) {
  for (auto& input : batch.inputs) {
    const auto* verdict = std::get_if<routing::Inspected>(&input);
    const std::uint64_t ticket = verdict != nullptr ? verdict->ticket : 0;
    const bool is_verdict = verdict != nullptr;
    if (const auto* up = std::get_if<routing::LinkUp>(&input)) note_bootstrap_peer(*up);
    step(std::move(input));
    if (is_verdict) credits_.verdict_handled(ticket);
  }
  end_turn();
}

void RoutingDriver::ping(PingOrder& order) {
  if (pings_.size() >= k_max_pings_under_way)
    return order.done(failed_ping("too many pings are under way: try again later"));
  const std::uint64_t token = ++last_ping_;
  pings_.emplace(token, Ping{std::chrono::steady_clock::now(), std::move(order.done)});
  routing::SendRequest request;
  request.origin = routing::Origin::application;
  request.token = token;
  request.destination = {order.destination};
  request.code = wire::MessageCode::ping_req;
  request.body = wire::encode(wire::PingReq{});
  request.deadline = order.deadline;
  step(std::move(request));
  end_turn();
}

void RoutingDriver::offer(DocumentOrder& order) {
  auto verdict = component_.offer_document(clock_->now(), std::move(order.document), outputs_);
  peer::Dispatcher(*this).dispatch(outputs_);
  order.done(std::move(verdict));
  end_turn();
}

void RoutingDriver::tick(std::uint64_t generation) {
  if (!alarm_.rang(generation)) return;
  component_.on_timer(clock_->now(), outputs_);
  peer::Dispatcher(*this).dispatch(outputs_);
  end_turn();
}

void RoutingDriver::leave() {
  component_.leave(clock_->now(), outputs_);
  peer::Dispatcher(*this).dispatch(outputs_);
  keep_bootstrap_cache(clock_->now().mono, true);
  end_turn();
}

RoutingReport RoutingDriver::report() const {
  const auto& configuration = component_.configuration();
  return {component_.status(), configuration->sequence, configuration->expiration_ms, configuration};
}

void RoutingDriver::perform(routing::CloseLink command) {
  if (command.notable) log_->info("closed: {}", command.reason);
  links_->close(std::move(command));
}

void RoutingDriver::perform(routing::Inspect order) {
  credits_.inspecting(order.ticket);
  desk_->inspect(std::move(order));
}

void RoutingDriver::perform(const routing::RequestDone& done) {
  const auto found = pings_.find(done.token);
  if (found == pings_.end()) return;
  const Ping ping = std::move(found->second);
  pings_.erase(found);
  const std::chrono::duration<double, std::milli> round_trip = std::chrono::steady_clock::now() - ping.sent;
  ping.done(outcome_of(done, round_trip.count()));
}

void RoutingDriver::perform(const routing::ConfigurationChanged& change) {
  const auto& configuration = change.configuration;
  const auto trust = security::Trust::make(configuration->trust_settings());
  // Routing has accepted the document, so its roots were readable once already.
  if (!trust) throw std::runtime_error("the new configuration's roots are unusable: " + trust.error().reason);
  desk_->replace(config::inspection_context(*trust, configuration));
  links_->replace_trust(*trust);
  // Likewise: a document with a secret that links cannot be keyed with is not accepted.
  if (const auto keyed = links_->replace_shared_secret(configuration->shared_secret); !keyed)
    throw std::runtime_error("the new configuration's shared secret is unusable: " + keyed.error().reason);
  if (app_links_) {
    app_links_->replace_trust(*trust);
    if (const auto keyed = app_links_->replace_shared_secret(configuration->shared_secret); !keyed)
      throw std::runtime_error("the new configuration's shared secret is unusable: " + keyed.error().reason);
  }
  links_->replace_max_message_size(configuration->max_message_size_bytes);
  keep_document(*configuration);
  wire::ConfigUpdateReq learnt;
  learnt.type = wire::ConfigUpdateType::kind;
  learnt.kinds = change.learnt_kinds;
  caf::anon_send(mailboxes().committer, data::PutFact{k_learnt_kinds_fact, wire::encode(learnt)});
}

// For the next start, which then says the same at once.
void RoutingDriver::keep_document(const config::Configuration& configuration) {
  caf::anon_send(mailboxes().committer,
                 data::PutFact{k_configuration_fact, copy_of(configuration.document.view())});
}

void RoutingDriver::perform(const routing::MustExit& exit) {
  if (exit.document) keep_document(*exit.document);
  const bool shut_out = exit.cause == routing::ExitCause::shut_out;
  caf::anon_send(
      mailboxes().supervisor,
      PeerFailure{shut_out ? PeerFailure::Cause::shut_out : PeerFailure::Cause::cannot_follow, exit.reason});
}

void RoutingDriver::perform(routing::Left) { caf::anon_send(mailboxes().supervisor, LeftAtom::value); }

void RoutingDriver::step(routing::Input input) {
  component_.handle(clock_->now(), std::move(input), outputs_);
  peer::Dispatcher(*this).dispatch(outputs_);
}

void RoutingDriver::note_bootstrap_peer(const routing::LinkUp& up) {
  // Only of a link that we opened is the other end's address one that it listens on.
  if (up.attempt != 0 && !up.application && bootstrap_cache_.note(up.remote)) bootstrap_cache_changed_ = true;
}

void RoutingDriver::keep_bootstrap_cache(MonoTime now, bool at_once) {
  const bool due = !bootstrap_cache_kept_ || now - *bootstrap_cache_kept_ >= k_bootstrap_cache_interval;
  if (!bootstrap_cache_changed_ || !(due || at_once)) return;
  bootstrap_cache_changed_ = false;
  bootstrap_cache_kept_ = now;
  caf::anon_send(mailboxes().committer, data::PutFact{k_bootstrap_fact, bootstrap_cache_.encode()});
}

void RoutingDriver::return_credits() {
  credits_.pay([this](link::LinkId link, std::size_t messages) { links_->credit(link, messages); });
}

void RoutingDriver::end_turn() {
  const MonoTime now = clock_->now().mono;
  send_all();
  if (!backlog()->must_hold()) return_credits();
  keep_bootstrap_cache(now, false);
  alarm_.set(now, component_.next_deadline());
}

}  // namespace ringway::actors
