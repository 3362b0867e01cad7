// A reader has seen holders of a resource disagree: the responsible peer is told, who compares that resource
// with its replicas. Here is both the telling and the hearing.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "reload/data/comparisons.hpp"
#include "reload/data/digest_messages.hpp"
#include "reload/data/replica_channels.hpp"

namespace ringway::data {

class MendRequests {
 public:
  MendRequests(CopyContext& context, ReplicaChannels& channels, Comparisons& comparisons)
      : context_(context), channels_(channels), comparisons_(comparisons) {}

  // Of this peer's own reader.
  void ask(const Now& now, const AskToMend& wish, ReplicationOutputs& out);
  void channel_up(const NodeId& node, ReplicationOutputs& out);
  void channel_lost(const NodeId& node) { untold_.erase(node); }

  void heard(const Now& now, const NodeId& node, const MendWanted& wish, ReplicationOutputs& out);
  void heard(const NodeId& node, const MendHeard& answer, ReplicationOutputs& out);

  void on_timer(MonoTime now, ReplicationOutputs& out);
  std::optional<MonoTime> next_deadline() const;
  TableSizes tables() const;

 private:
  struct Untold {
    std::set<ResourceId> resources;
    MonoTime until;
  };
  bool allows(MonoTime now, const NodeId& node);
  void forget(const NodeId& node, ReplicationOutputs& out);

  CopyContext& context_;
  ReplicaChannels& channels_;
  Comparisons& comparisons_;
  std::map<NodeId, Untold> untold_;
  std::map<NodeId, unsigned> heard_of_;  // in this window
  MonoTime window_began_;
};

}  // namespace ringway::data
