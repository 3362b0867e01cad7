// Which nodes a peer attaches to, and leaves alone for a while; and how full its tables are.
#include "reload/topology/chord_reload.hpp"

namespace ringway::topology {

bool ChordReload::paused(const Now& now, const NodeId& node) const {
  const auto failed = failed_until_.find(node);
  return failed != failed_until_.end() && failed->second > now.mono;
}

bool ChordReload::worth_attaching(const Now& now, const NodeId& node) {
  if (node == settings_.self || node == k_no_node || node == wildcard_node()) return false;
  if (peers_.find(node) != nullptr || attaching_.contains(node) || paused(now, node)) return false;
  return room_to_try(now);
}

bool ChordReload::room_to_try(const Now& now) {
  const auto room = [this] { return attaching_.size() + failed_until_.size() < k_max_tried_nodes; };
  if (room()) return true;
  std::erase_if(failed_until_, [&](const auto& failed) { return failed.second <= now.mono; });
  return room();
}

void ChordReload::leave_alone_for_now(const Now& now, const NodeId& node) {
  if (failed_until_.contains(node) || room_to_try(now)) failed_until_[node] = now.mono + k_failed_peer_pause;
}

TableSizes ChordReload::tables() const {
  return {
      {"peers", peers_.all().size(), settings_.max_peers},
      {"peers that have listed others, and what they have listed", lists_.listings(), k_max_listings},
      {"nodes that were admitted", admitted_.size(), settings_.max_peers},
      {"nodes that are attached to", attaching_.size(), k_max_tried_nodes},
      {"nodes that are left alone", failed_until_.size(), k_max_tried_nodes - attaching_.size()},
  };
}

}  // namespace ringway::topology
