#include "reload/topology/ring_view.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace ringway::topology {

namespace {

bool contains(const std::vector<NodeId>& nodes, const NodeId& node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

}  // namespace

bool RingView::responsible_for(const RingId& id) const {
  if (!joined) return false;
  if (alone()) return true;
  // Without a known predecessor the furthest successor is the nearest peer known on that side.
  const NodeId& before = predecessors.empty() ? successors.back() : predecessors.front();
  return in_half_open(id, before, self);
}

std::vector<NodeId> RingView::replica_set() const {
  std::vector<NodeId> set;
  for (const NodeId& node : successors) {
    if (set.size() == replicas) break;
    if (node != self && !contains(set, node)) set.push_back(node);
  }
  return set;
}

std::optional<std::size_t> RingView::replica_position(const RingId& id) const {
  if (!joined) return std::nullopt;
  if (responsible_for(id)) return 0;
  // Predecessor number `at` owns (the next one further, itself]; the last one known, up to us, as in a ring
  // so small that there is nobody else.
  for (std::size_t at = 0; at < predecessors.size() && at < replicas; ++at) {
    const NodeId& before = at + 1 < predecessors.size() ? predecessors[at + 1] : self;
    if (in_half_open(id, before, predecessors[at])) return at + 1;
  }
  return std::nullopt;
}

void RingView::remember_left(const RingView& before, const std::optional<NodeId>& leaves) {
  left = before.left;
  if (leaves) left.push_back(*leaves);
  std::erase_if(left, [this](const NodeId& node) { return is_neighbor(node); });
  if (left.size() > k_most_left) left.erase(left.begin());
}

bool RingView::is_neighbor(const NodeId& node) const {
  return contains(predecessors, node) || contains(successors, node);
}

// The neighbours cover a stretch of the ring; how many such stretches make a whole one? Where those of one
// side are among those of the other they go all around.
double RingView::estimated_peers() const {
  std::set<NodeId> all(predecessors.begin(), predecessors.end());
  all.insert(successors.begin(), successors.end());
  all.insert(self);
  const auto known = static_cast<double>(all.size());
  const bool all_around = all.size() < predecessors.size() + successors.size() + 1;
  if (all_around || predecessors.empty() || successors.empty()) return known;
  const RingId span = ring_distance(predecessors.back(), successors.back());
  double share = 0;
  for (std::size_t i = 0; i < 8; ++i) share = share * 256 + span.bytes[i];
  share /= std::ldexp(1.0, 64);
  if (share <= 0) return known;
  return std::max(static_cast<double>(predecessors.size() + successors.size()) / share, known);
}

}  // namespace ringway::topology
