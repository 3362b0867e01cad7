// The answering side of a comparison: neighbours ask what this peer holds in a range. A few questions of each
// are worked on, in slices and not faster than the disk bears; the answer is kept nowhere.
#pragma once

#include <map>
#include <optional>
#include <variant>

#include "reload/data/copies.hpp"
#include "reload/data/digest_messages.hpp"

namespace ringway::data {

class DigestAnswers {
 public:
  explicit DigestAnswers(CopyContext& context) : context_(context) {}

  void asked(const NodeId& node, DigestsWanted question, ReplicationOutputs& out);
  void asked(const NodeId& node, ListWanted question, ReplicationOutputs& out);
  void forget(const NodeId& node);
  void forget_strangers();

  // Does the next slice; to be called after anything else has happened.
  void go_on(const Now& now, ReplicationOutputs& out);
  std::optional<MonoTime> next_deadline() const;
  TableSizes tables() const;

 private:
  struct Work {
    std::variant<DigestScan, ListScan> scan;
    RangeDigest asker;            // of a DigestsWanted
    std::vector<KindAt> damaged;  // here, in its span
  };
  struct Question {
    NodeId node;
    std::uint64_t number = 0;
    auto operator<=>(const Question&) const = default;
  };
  using Works = std::map<Question, Work>;

  void note_same(const NodeId& asker, const Work& work);
  bool may_ask(const NodeId& node, std::uint64_t number, ReplicationOutputs& out);

  CopyContext& context_;
  Works works_;
  Question last_;
  MonoTime next_slice_at_;
};

}  // namespace ringway::data
