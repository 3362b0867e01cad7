#include "reload/data/replica_rules.hpp"

#include <algorithm>

namespace ringway::data {

namespace {

// How far beyond the known successors a peer may be to have been responsible before the ring grew or merged,
// in multiples (powers of two) of the distance to the furthest of them. RFC 6940 §7.4.1.1 leaves "plausible"
// to the overlay. In a ring of some hundred peers this is all of it, in a large one a small part.
constexpr unsigned k_plausible_span_log2 = 5;

RingId scaled(RingId distance, bool& overflow) {
  overflow = (distance.bytes.front() >> (8U - k_plausible_span_log2)) != 0;
  for (unsigned i = 0; i < k_plausible_span_log2; ++i) distance = ring_add(distance, distance);
  return distance;
}

}  // namespace

Span parting_range(const topology::RingView& view) {
  const auto& before = view.predecessors;
  return {before.size() > view.replicas + 1 ? before[view.replicas + 1] : view.self, before[view.replicas]};
}

// A peer that leaves hands its own range to whoever comes into the replica set when it has left: the one that
// has as many predecessors between them as there are replicas.
bool is_parting(const topology::RingView& view, const ResourceId& resource, const NodeId& sender) {
  const auto& before = view.predecessors;
  if (!view.joined || view.replica_position(resource)) return false;
  if (before.size() <= view.replicas || before[view.replicas] != sender) return false;
  const Span range = parting_range(view);
  return in_half_open(resource, range.after, range.up_to);
}

bool may_store_copies(const topology::RingView& view, const ResourceId& resource, const NodeId& sender) {
  if (view.admitting == sender) return true;
  const auto position = view.replica_position(resource);
  if (!position) return is_parting(view, resource, sender);
  if (sender == view.self || view.successors.empty()) return true;
  const RingId sender_distance = ring_distance(resource, sender);
  // Of the set, so many stand behind this peer.
  const std::size_t behind = std::min(view.replicas - *position, view.successors.size());
  const NodeId& furthest = behind == 0 ? view.self : view.successors[behind - 1];
  if (sender_distance <= ring_distance(resource, furthest)) return true;
  if (*position != 0) return false;
  bool whole_ring = false;
  const RingId limit = scaled(ring_distance(resource, view.successors.back()), whole_ring);
  return whole_ring || sender_distance <= limit;
}

std::vector<NodeId> holders_of(const topology::RingView& view, const ResourceId& resource) {
  std::vector<NodeId> holders;
  const auto position = view.replica_position(resource);
  if (!position) return holders;
  for (std::size_t i = std::min(*position, view.predecessors.size()); i > 0; --i) {
    holders.push_back(view.predecessors[i - 1]);
  }
  holders.push_back(view.self);
  for (const NodeId& node : view.successors) {
    if (holders.size() > view.replicas) break;
    if (std::find(holders.begin(), holders.end(), node) == holders.end()) holders.push_back(node);
  }
  return holders;
}

}  // namespace ringway::data
