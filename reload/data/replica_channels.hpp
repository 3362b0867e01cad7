// The channels Application::replication of this peer: which stand, which are being made, and with whom there
// is none to be had.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "reload/data/messages.hpp"
#include "reload/table_size.hpp"
#include "reload/time.hpp"

namespace ringway::data {

class ReplicaChannels {
 public:
  // Asks for one unless it stands, is being made, or was refused lately.
  void want(MonoTime now, const NodeId& node, ReplicationOutputs& out);
  bool stands(const NodeId& node) const { return standing_.contains(node); }
  bool refused(MonoTime now, const NodeId& node) const;
  static void send(const NodeId& node, Bytes message, ReplicationOutputs& out);
  void close(const NodeId& node, ReplicationOutputs& out);

  // False when there are too many: it is closed.
  bool up(const NodeId& node, ReplicationOutputs& out);
  void down(MonoTime now, const NodeId& node);
  // Those with nodes that are no neighbours any more.
  void close_strangers(const topology::RingView& view, ReplicationOutputs& out);
  // Those that have not come in time: as if refused.
  std::vector<NodeId> overdue(MonoTime now, ReplicationOutputs& out);
  std::optional<MonoTime> next_deadline() const;
  TableSizes tables() const;

 private:
  std::set<NodeId> standing_;
  std::map<NodeId, MonoTime> awaited_;        // until when
  std::map<NodeId, MonoTime> refused_until_;  // not asked for again before
};

}  // namespace ringway::data
