#include "actors/committer.hpp"

#include <caf/send.hpp>
#include <utility>

#include "actors/driver.hpp"

namespace ringway::actors {

CommitterActor::behavior_type CommitterDriver::make_behavior() {
  return {
      [this](CommitBatch& batch) { commit(batch); },
      [this](data::PutFact& fact) { add_fact(std::move(fact)); },
      [this](data::DropFact& fact) { add_fact(std::move(fact)); },
      [this](FlushAtom) { flush(); },
      [this](StopAtom) { stop(); },
  };
}

void CommitterDriver::commit(CommitBatch& batch) {
  for (auto& commit : batch.commits) {
    tokens_.push_back(commit.token);
    add(std::move(commit.batch));
  }
}

void CommitterDriver::add_fact(data::Write fact) {
  data::WriteBatch batch;
  batch.push_back(std::move(fact));
  add(std::move(batch));
}

void CommitterDriver::add(data::WriteBatch batch) {
  group_.push_back(std::move(batch));
  if (group_.size() >= k_max_commits_per_group) {
    write_group();
  } else if (!flush_is_coming_) {
    // Goes to the end of the mailbox: whatever waits there now will be in the group.
    flush_is_coming_ = true;
    self_->send(self_, FlushAtom::value);
  }
}

void CommitterDriver::flush() {
  flush_is_coming_ = false;
  write_group();
}

void CommitterDriver::stop() {
  if (write_group()) self_->quit(caf::exit_reason::user_shutdown);
}

bool CommitterDriver::write_group() {
  if (group_.empty()) return true;
  const auto outcome = store_->commit(std::exchange(group_, {}));
  StorageBatch answers;
  for (const std::uint64_t token : std::exchange(tokens_, {})) {
    const std::string reason = outcome.ok() ? std::string() : outcome.error().reason;
    answers.inputs.emplace_back(data::Committed{token, outcome.ok(), reason});
  }
  if (!answers.inputs.empty()) caf::anon_send(mailboxes_->storage, std::move(answers));
  if (outcome.ok()) return true;
  // What a store that fails holds is not known: the peer must not go on with it.
  self_->quit(caf::make_error(caf::sec::runtime_error, "the store is broken: " + outcome.error().reason));
  return false;
}

}  // namespace ringway::actors
