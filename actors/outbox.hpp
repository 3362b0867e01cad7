// What one turn of an actor has for the other components of its peer: collected, then sent as one message to
// each. This is the actors' half of peer::Receiver; the actor that derives from it performs the effects.
#pragma once

#include <memory>

#include "actors/backlog.hpp"
#include "actors/interfaces.hpp"

namespace ringway::actors {

class Outbox {
 public:
  // `backlog` counts what goes to storage and replication, if given.
  explicit Outbox(MailboxesPtr mailboxes, std::shared_ptr<Backlog> backlog = nullptr)
      : mailboxes_(std::move(mailboxes)), backlog_(std::move(backlog)) {}

  void to_routing(routing::Input input) { routing_.inputs.push_back(std::move(input)); }
  void to_storage(data::StorageInput input) { storage_.inputs.push_back(std::move(input)); }
  void to_replication(data::ReplicationInput input) { replication_.inputs.push_back(std::move(input)); }

 protected:
  void send_all();
  const std::shared_ptr<Backlog>& backlog() const { return backlog_; }
  const Mailboxes& mailboxes() const { return *mailboxes_; }

 private:
  MailboxesPtr mailboxes_;
  std::shared_ptr<Backlog> backlog_;
  RoutingBatch routing_;
  StorageBatch storage_;
  ReplicationBatch replication_;
};

}  // namespace ringway::actors
