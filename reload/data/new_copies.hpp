// Copying what was just written to every peer that should hold it now (RFC 6940 §10.4): the replica set, and
// the joining peer if the resource will be its own (TOPO-18). Says Replicated when all of them have it on
// disk, or that they have not after 20 s. When the ring changes meanwhile, who should hold it is found anew.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "reload/data/copies.hpp"

namespace ringway::data {

class NewCopies {
 public:
  explicit NewCopies(CopyContext& context) : context_(context) {}

  void add(const Now& now, Replicate replicate, ReplicationOutputs& out);
  // False when the request is not one of these.
  bool request_done(const Now& now, const routing::RequestDone& done, ReplicationOutputs& out);
  void ring_changed(const Now& now, ReplicationOutputs& out);
  void on_timer(const Now& now, ReplicationOutputs& out);
  std::optional<MonoTime> next_deadline() const;
  std::size_t pending() const { return pending_.size(); }

  // Copies that were not made in time; the background goes on with them.
  struct Overdue {
    KindAt at;
    NodeId target;
  };
  std::vector<Overdue> take_overdue() { return std::exchange(overdue_, {}); }

 private:
  enum class Step { store, fetch, held };
  struct Copy {
    Step step = Step::store;
    std::uint8_t replica_number = 1;
    std::size_t part = 0;       // the next one to store
    std::uint64_t request = 0;  // under way; 0: none
    unsigned attempts = 0;
    std::optional<MonoTime> retry_at;
  };
  struct Pending {
    std::uint64_t token = 0;
    ResourceId resource;
    std::vector<CopyPart> parts;
    MonoTime give_up_at;
    std::map<NodeId, Copy> copies;
    std::vector<NodeId> wanted;  // nearest first
  };
  using Timer = std::tuple<MonoTime, std::uint64_t, NodeId>;  // k_no_node: give up

  std::vector<NodeId> wanted(const ResourceId& resource) const;
  void aim(const Now& now, Pending& pending, ReplicationOutputs& out);
  void forget(Pending& pending, const NodeId& node, ReplicationOutputs& out);
  void send(const Now& now, Pending& pending, const NodeId& node, ReplicationOutputs& out);
  void answered(const Now& now, Pending& pending, const NodeId& node, const routing::RequestDone& done,
                ReplicationOutputs& out);
  void retry(const Now& now, Pending& pending, const NodeId& node);
  void refresh(Pending& pending);
  bool finish_if_done(Pending& pending, bool give_up, ReplicationOutputs& out);

  CopyContext& context_;
  std::unordered_map<std::uint64_t, Pending> pending_;
  std::unordered_map<std::uint64_t, std::pair<std::uint64_t, NodeId>> requests_;
  std::set<Timer> timers_;
  std::vector<Overdue> overdue_;
};

}  // namespace ringway::data
