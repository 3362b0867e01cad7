#include "actors/replication_actor.hpp"

#include <caf/send.hpp>
#include <utility>

#include "actors/driver.hpp"

namespace ringway::actors {

ReplicationDriver::ReplicationDriver(ReplicationActor::pointer self, ReplicationSetup setup)
    : Outbox(std::move(setup.mailboxes)),
      backlog_(std::move(setup.backlog)),
      clock_(std::move(setup.clock)),
      component_(setup.settings, std::move(setup.configuration), setup.self, std::move(setup.store)),
      alarm_([self](Duration delay, std::uint64_t generation) {
        self->delayed_send(self, delay, TickAtom::value, generation);
      }) {}

ReplicationActor::behavior_type ReplicationDriver::make_behavior() {
  return {
      [this](ReplicationBatch& batch) { handle(batch); },
      [this](TickAtom, std::uint64_t generation) { tick(generation); },
      [this](StatusAtom) { return report(); },
  };
}

void ReplicationDriver::handle(ReplicationBatch& batch) {
  for (auto& input : batch.inputs) component_.handle(clock_->now(), std::move(input), outputs_);
  end_turn();
  if (batch.counted > 0 && backlog_->remove(batch.counted))
    caf::anon_send(mailboxes().routing, CreditsAtom::value);
}

void ReplicationDriver::tick(std::uint64_t generation) {
  if (!alarm_.rang(generation)) return;
  component_.on_timer(clock_->now(), outputs_);
  end_turn();
}

void ReplicationDriver::end_turn() {
  peer::Dispatcher(*this).dispatch(outputs_);
  send_all();
  alarm_.set(clock_->now().mono, component_.next_deadline());
}

}  // namespace ringway::actors
