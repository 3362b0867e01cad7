// The actor that writes to the store: group commit. It runs detached, because a commit blocks until the disk
// has it. While one commit is under way others gather in the mailbox; the next commit takes them all, as one
// synced write.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "actors/interfaces.hpp"
#include "reload/data/value_store.hpp"

namespace ringway::actors {

inline constexpr std::size_t k_max_commits_per_group = 4096;

struct CommitterSetup {
  std::shared_ptr<data::ValueStore> store;
  MailboxesPtr mailboxes;
};

class CommitterDriver {
 public:
  using Interface = CommitterActor;
  using Setup = CommitterSetup;

  CommitterDriver(CommitterActor::pointer self, CommitterSetup setup)
      : self_(self), store_(std::move(setup.store)), mailboxes_(std::move(setup.mailboxes)) {}
  CommitterActor::behavior_type make_behavior();

 private:
  void commit(CommitBatch& batch);
  void add_fact(data::Write fact);
  void flush();
  void stop();

  // One batch of a group; facts have nobody to answer to.
  void add(data::WriteBatch batch);
  bool write_group();

  CommitterActor::pointer self_;
  std::shared_ptr<data::ValueStore> store_;
  MailboxesPtr mailboxes_;
  std::vector<data::WriteBatch> group_;
  std::vector<std::uint64_t> tokens_;  // to be answered when the group is on disk, in order
  bool flush_is_coming_ = false;
};

}  // namespace ringway::actors
