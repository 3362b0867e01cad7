#include "actors/outbox.hpp"

#include <caf/send.hpp>
#include <utility>

namespace ringway::actors {

void Outbox::send_all() {
  if (!routing_.inputs.empty()) caf::anon_send(mailboxes_->routing, std::exchange(routing_, {}));
  if (!storage_.inputs.empty()) {
    if (backlog_) backlog_->add(storage_.counted = storage_.inputs.size());
    caf::anon_send(mailboxes_->storage, std::exchange(storage_, {}));
  }
  if (!replication_.inputs.empty()) {
    if (backlog_) backlog_->add(replication_.counted = replication_.inputs.size());
    caf::anon_send(mailboxes_->replication, std::exchange(replication_, {}));
  }
}

}  // namespace ringway::actors
