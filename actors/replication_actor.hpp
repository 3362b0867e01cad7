// The actor around data::ReplicationComponent. It runs detached: its reads from the store may block.
#pragma once

#include <memory>

#include "actors/alarm.hpp"
#include "actors/outbox.hpp"
#include "actors/system_clock.hpp"
#include "reload/config/configuration.hpp"
#include "reload/data/replication_component.hpp"
#include "reload/peer/wiring.hpp"

namespace ringway::actors {

struct ReplicationSetup {
  data::ReplicationSettings settings;
  config::ConfigurationPtr configuration;
  NodeId self;
  std::shared_ptr<const data::ValueStore> store;
  std::shared_ptr<const Clock> clock;
  MailboxesPtr mailboxes;
  std::shared_ptr<Backlog> backlog;
};

class ReplicationDriver : public Outbox {
 public:
  using Interface = ReplicationActor;
  using Setup = ReplicationSetup;

  ReplicationDriver(ReplicationActor::pointer self, ReplicationSetup setup);
  ReplicationActor::behavior_type make_behavior();

 private:
  void handle(ReplicationBatch& batch);
  void tick(std::uint64_t generation);
  ReplicationReport report() const { return {component_.statistics()}; }
  void end_turn();

  const std::shared_ptr<Backlog> backlog_;  // of what routing sends
  std::shared_ptr<const Clock> clock_;
  data::ReplicationComponent component_;
  Alarm alarm_;
  data::ReplicationOutputs outputs_;
};

}  // namespace ringway::actors
