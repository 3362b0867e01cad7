#include "reload/data/digest_answers.hpp"

#include <algorithm>
#include <iterator>

#include "reload/data/replica_channels.hpp"
#include "reload/data/replica_rules.hpp"

namespace ringway::data {

namespace {

constexpr Duration k_between_slices{5};
constexpr std::ptrdiff_t k_most_of_node = 4;    // questions; then its oldest one is dropped
constexpr std::size_t k_most_damaged = 128;     // Kinds of a question; the others are seen the next time
constexpr std::size_t k_list_frame_bytes = 64;  // of a List, without its Kinds, and some more
constexpr std::size_t k_least_list_bytes = 512;
constexpr std::size_t k_most_list_bytes = 65'536;

std::size_t list_budget_bytes(const config::Configuration& configuration) {
  const std::size_t most = configuration.max_message_size_bytes;
  return std::min(std::max(most, k_list_frame_bytes + k_least_list_bytes) - k_list_frame_bytes,
                  k_most_list_bytes);
}

DigestMessage answer_of(std::uint64_t number, const DigestScan& scan, const RangeDigest& asker) {
  Digests answer{number, {}};
  if (scan.total() != asker) answer.parts = scan.parts();
  return answer;
}

DigestMessage answer_of(std::uint64_t number, const ListScan& scan, const RangeDigest&) {
  return List{number, scan.complete(), scan.listing()};
}

}  // namespace

bool DigestAnswers::may_ask(const NodeId& node, std::uint64_t number, ReplicationOutputs& out) {
  if (!context_.view->is_neighbor(node)) {
    ReplicaChannels::send(node, encode(NotAnswered{number}), out);
    return false;
  }
  if (works_.contains({node, number})) return false;  // asked again: it is being answered
  const auto first = works_.lower_bound({node, 0});
  const auto end = std::find_if(first, works_.end(), [&](const auto& one) { return one.first.node != node; });
  if (std::distance(first, end) >= k_most_of_node) works_.erase(first);
  return true;
}

void DigestAnswers::asked(const NodeId& node, DigestsWanted question, ReplicationOutputs& out) {
  if (!may_ask(node, question.number, out)) return;
  works_[{node, question.number}] = {DigestScan(question.span), question.own, {}};
}

void DigestAnswers::asked(const NodeId& node, ListWanted question, ReplicationOutputs& out) {
  if (!may_ask(node, question.number, out)) return;
  works_[{node, question.number}] = {
      ListScan(question.span, std::move(question.behind), list_budget_bytes(*context_.configuration)),
      {},
      {}};
}

void DigestAnswers::forget(const NodeId& node) {
  std::erase_if(works_, [&](const auto& one) { return one.first.node == node; });
}

void DigestAnswers::forget_strangers() {
  std::erase_if(works_, [&](const auto& one) { return !context_.view->is_neighbor(one.first.node); });
}

// In turn, so that none of them waits for all that another asks.
void DigestAnswers::go_on(const Now& now, ReplicationOutputs& out) {
  if (works_.empty() || now.mono < next_slice_at_) return;
  next_slice_at_ = now.mono + k_between_slices;
  auto next = works_.upper_bound(last_);
  if (next == works_.end()) next = works_.begin();
  last_ = next->first;
  Work& work = next->second;
  const auto step = std::visit(
      [&](auto& scan) { return scan.go_on(*context_.store, *context_.configuration, now.wall_ms); },
      work.scan);
  const auto damaged = std::visit([](auto& scan) { return scan.take_damaged(); }, work.scan);
  context_.damaged.kinds.insert(context_.damaged.kinds.end(), damaged.begin(), damaged.end());
  for (const KindAt& at : damaged)
    if (work.damaged.size() < k_most_damaged) work.damaged.push_back(at);
  const bool done = std::visit([](const auto& scan) { return scan.done(); }, work.scan);
  if (step && !done) return;
  const DigestMessage answer =
      step
          ? std::visit([&](const auto& scan) { return answer_of(last_.number, scan, work.asker); }, work.scan)
          : DigestMessage{NotAnswered{last_.number}};
  if (step) note_same(last_.node, work);
  ReplicaChannels::send(last_.node, encode(answer), out);
  works_.erase(next);
}

// The responsible peer has the same of a range in which something is damaged here: that is nowhere, or has
// expired. (What it lacked before that this peer still has it has got.)
void DigestAnswers::note_same(const NodeId& asker, const Work& work) {
  const auto* scan = std::get_if<DigestScan>(&work.scan);
  if (scan == nullptr || scan->total() != work.asker) return;
  for (const KindAt& at : work.damaged) {
    const auto holders = holders_of(*context_.view, at.resource);
    if (!holders.empty() && holders.front() == asker) context_.damaged.nowhere.push_back(at);
  }
}

std::optional<MonoTime> DigestAnswers::next_deadline() const {
  if (works_.empty()) return std::nullopt;
  return next_slice_at_;
}

TableSizes DigestAnswers::tables() const {
  std::map<NodeId, std::size_t> questions;
  std::size_t most = 0;
  for (const auto& [question, work] : works_) most = std::max(most, ++questions[question.node]);
  return {{"questions of a neighbour", most, k_most_of_node}};
}

}  // namespace ringway::data
