#include "actors/outbox.hpp"

#include <caf/send.hpp>
#include <utility>

namespace ringway::actors {

void Outbox::send_all() {
  if (!routing_.inputs.empty()) caf::anon_send(mailboxes_->routing, std::exchange(routing_, {}));
  if (!storage_.inputs.empty()) {
    if (storage_backlog_) {
      storage_.counted = storage_.inputs.size();
      storage_backlog_->add(storage_.counted);
    }
    caf::anon_send(mailboxes_->storage, std::exchange(storage_, {}));
  }
  if (!replication_.inputs.empty()) caf::anon_send(mailboxes_->replication, std::exchange(replication_, {}));
}

}  // namespace ringway::actors
