#include "actors/storage_actor.hpp"

#include <caf/send.hpp>
#include <utility>

#include "actors/driver.hpp"

namespace ringway::actors {

StorageDriver::StorageDriver(StorageActor::pointer self, StorageSetup setup)
    : Outbox(std::move(setup.mailboxes)),
      self_(self),
      store_(setup.store),
      clock_(std::move(setup.clock)),
      backlog_(std::move(setup.backlog)),
      desk_(std::move(setup.desk)),
      component_(setup.settings, std::move(setup.configuration), std::move(setup.signer),
                 std::move(setup.store)),
      alarm_([self](Duration delay, std::uint64_t generation) {
        self->delayed_send(self, delay, TickAtom::value, generation);
      }) {}

StorageActor::behavior_type StorageDriver::make_behavior() {
  return {
      [this](SubmissionPtr& submission) { submit(submission); },
      [this](CancelAtom, std::uint64_t token) { cancel(token); },
      [this](WatchOrder& order) { watch(order); },
      [this](WatchNextAtom, std::uint64_t token) { watch_next(token); },
      [this](EndWatchAtom, std::uint64_t token) { end_watch(token); },
      [this](CertificatesOrder& order) { find(order); },
      [this](ServiceOrder& order) { serve(order); },
      [this](RelaysOrder& order) { find_relays(order); },
      [this](LeaveAtom) { return withdraw_services(); },
      [this](StorageBatch& batch) { handle(batch); },
      [this](TickAtom, std::uint64_t generation) { tick(generation); },
      [this](StatusAtom) { return report(); },
  };
}

void StorageDriver::submit(SubmissionPtr& submission) {
  data::Calls calls{submission->token(), submission->take_calls()};
  if (calls.calls.empty()) return submission->answer({});
  submissions_.emplace(calls.token, std::move(submission));
  step(std::move(calls));
  end_turn();
}

void StorageDriver::cancel(std::uint64_t token) {
  const auto found = submissions_.find(token);
  if (found == submissions_.end()) return;  // answered already
  found->second->cancel();
  submissions_.erase(found);
  step(data::CancelCalls{token});
  end_turn();
}

void StorageDriver::find(CertificatesOrder& order) {
  searches_.emplace(++last_search_, std::move(order.done));
  step(data::FindCertificates{last_search_, std::move(order.of)});
  end_turn();
}

void StorageDriver::perform(data::CertificatesFound found) {
  auto search = searches_.extract(found.token);
  if (search) search.mapped()(std::move(found));
}

void StorageDriver::serve(ServiceOrder& order) {
  const std::uint64_t token = ++last_service_order_;
  service_orders_.emplace(token, std::move(order.done));
  if (auto* find = std::get_if<data::FindService>(&order.wish)) find->random = random_.next();
  std::visit(
      [&](auto& wish) {
        wish.token = token;
        step(std::move(wish));
      },
      order.wish);
  end_turn();
}

void StorageDriver::find_relays(RelaysOrder& order) {
  const std::uint64_t token = ++last_service_order_;
  relay_orders_.emplace(token, std::move(order.done));
  data::FindRelays find{token, order.wanted, {}, random_.next()};
  while (find.probes.size() < data::k_most_relay_probes) {
    ResourceId point;
    for (auto& byte : point.bytes) byte = static_cast<std::uint8_t>(random_.next());
    find.probes.push_back(point);
  }
  step(std::move(find));
  end_turn();
}

caf::typed_response_promise<LeftAtom> StorageDriver::withdraw_services() {
  const std::uint64_t token = ++last_service_order_;
  auto promise = self_->make_response_promise<LeftAtom>();
  leaves_.emplace(token, promise);
  step(data::WithdrawServices{token});
  end_turn();
  return promise;
}

void StorageDriver::perform(data::ServiceDone done) {
  if (auto leave = leaves_.extract(done.token)) {
    leave.mapped().deliver(LeftAtom::value);
    return;
  }
  auto order = service_orders_.extract(done.token);
  if (order) order.mapped()(std::move(done));
}

void StorageDriver::perform(data::RelaysFound found) {
  auto order = relay_orders_.extract(found.token);
  if (order) order.mapped()(std::move(found));
}

void StorageDriver::watch(WatchOrder& order) {
  watches_.emplace(order.token, std::move(order.handle));
  step(data::Watch{order.token, std::move(order.call)});
  end_turn();
}

void StorageDriver::watch_next(std::uint64_t token) {
  step(data::WatchNext{token});
  end_turn();
}

void StorageDriver::end_watch(std::uint64_t token) {
  const auto found = watches_.extract(token);
  if (!found) return;  // has failed already
  found.mapped()->forget();
  step(data::CancelWatch{token});
  end_turn();
}

void StorageDriver::perform(data::WatchEvent event) {
  const auto found = watches_.find(event.token);
  if (found == watches_.end()) return;
  const WatchHandlePtr handle = found->second;
  if (std::holds_alternative<data::CallFailure>(event.result)) watches_.erase(found);
  handle->give(std::move(event.result));
}

void StorageDriver::handle(StorageBatch& batch) {
  for (auto& input : batch.inputs) step(std::move(input));
  end_turn();
  if (batch.counted > 0 && backlog_->remove(batch.counted))
    caf::anon_send(mailboxes().routing, CreditsAtom::value);
}

void StorageDriver::tick(std::uint64_t generation) {
  if (!alarm_.rang(generation)) return;
  component_.on_timer(clock_->now(), outputs_);
  peer::Dispatcher(*this).dispatch(outputs_);
  end_turn();
}

StorageReport StorageDriver::report() const {
  StorageReport report;
  report.statistics = component_.statistics();
  if (const auto totals = store_->totals()) report.totals = *totals;
  return report;
}

void StorageDriver::perform(data::CallsDone done) {
  const auto found = submissions_.find(done.token);
  if (found == submissions_.end()) return;  // cancelled
  const SubmissionPtr submission = std::move(found->second);
  submissions_.erase(found);
  submission->answer(std::move(done.results));
}

void StorageDriver::step(data::StorageInput input) {
  component_.handle(clock_->now(), std::move(input), outputs_);
  peer::Dispatcher(*this).dispatch(outputs_);
}

void StorageDriver::end_turn() {
  if (!commits_.commits.empty()) caf::anon_send(mailboxes().committer, std::exchange(commits_, {}));
  send_all();
  alarm_.set(clock_->now().mono, component_.next_deadline());
}

}  // namespace ringway::actors
