// The answering side of a comparison: neighbours ask what this peer holds in a range. One question of each is
// worked on at a time, in slices and not faster than the disk bears; the answer is kept nowhere.
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
  void forget(const NodeId& node) { works_.erase(node); }
  void forget_strangers();

  // Does the next slice; to be called after anything else has happened.
  void go_on(const Now& now, ReplicationOutputs& out);
  std::optional<MonoTime> next_deadline() const;

 private:
  struct Work {
    std::uint64_t number = 0;
    std::variant<DigestScan, ListScan> scan;
    RangeDigest asker;  // of a DigestsWanted
  };
  // At most one for each neighbour.
  using Works = std::map<NodeId, Work>;

  bool may_ask(const NodeId& node, std::uint64_t number, ReplicationOutputs& out);
  Works::iterator next_work();

  CopyContext& context_;
  Works works_;
  NodeId last_;
  MonoTime next_slice_at_;
};

}  // namespace ringway::data
