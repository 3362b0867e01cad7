#include "reload/topology/peer_table.hpp"

#include <algorithm>
#include <bit>
#include <tuple>
#include <utility>

namespace ringway::topology {

PeerTable::Peer* PeerTable::find(const NodeId& node) {
  const auto found = peers_.find(node);
  return found == peers_.end() ? nullptr : &found->second;
}

const PeerTable::Peer* PeerTable::find(const NodeId& node) const {
  const auto found = peers_.find(node);
  return found == peers_.end() ? nullptr : &found->second;
}

bool PeerTable::routable(const NodeId& node) const {
  const Peer* peer = find(node);
  return peer != nullptr && usable(*peer);
}

// The table is in the order of the ring, so that whoever is nearest to a point lies beside it.
template <typename Takes>
void PeerTable::clockwise_from(const RingId& point, Takes takes) const {
  const auto begin = peers_.lower_bound(as_node(point));
  for (auto at = begin; at != peers_.end(); ++at)
    if (at->first != self_ && !takes(*at)) return;
  for (auto at = peers_.begin(); at != begin; ++at)
    if (at->first != self_ && !takes(*at)) return;
}

template <typename Takes>
void PeerTable::counter_clockwise_before(const RingId& point, Takes takes) const {
  const auto begin = peers_.lower_bound(as_node(point));
  for (auto at = begin; at != peers_.begin();)
    if ((--at)->first != self_ && !takes(*at)) return;
  for (auto at = peers_.end(); at != begin;)
    if ((--at)->first != self_ && !takes(*at)) return;
}

std::vector<NodeId> PeerTable::successors(std::size_t count) const {
  if (count == 0) return {};
  std::vector<NodeId> nodes;
  clockwise_from(self_, [&](const auto& entry) {
    if (usable(entry.second)) nodes.push_back(entry.first);
    return nodes.size() < count;
  });
  return nodes;
}

std::vector<NodeId> PeerTable::predecessors(std::size_t count) const {
  if (count == 0) return {};
  std::vector<NodeId> nodes;
  counter_clockwise_before(self_, [&](const auto& entry) {
    if (usable(entry.second)) nodes.push_back(entry.first);
    return nodes.size() < count;
  });
  return nodes;
}

// The largest in (self, id), else the smallest beyond id.
std::optional<NodeId> PeerTable::next_hop_among(const RingId& id, bool with_suspected) const {
  std::optional<NodeId> hop;
  const auto serves = [&](const Peer& peer) { return usable(peer) && (with_suspected || !peer.suspected); };
  counter_clockwise_before(id, [&](const auto& entry) {
    if (!in_open(entry.first, self_, id)) return false;
    if (serves(entry.second)) hop = entry.first;
    return !hop;
  });
  if (hop) return hop;
  clockwise_from(id, [&](const auto& entry) {
    if (serves(entry.second)) hop = entry.first;
    return !hop;
  });
  return hop;
}

std::optional<NodeId> PeerTable::next_hop(const RingId& id) const {
  const auto healthy = next_hop_among(id, false);
  return healthy ? healthy : next_hop_among(id, true);
}

std::vector<NodeId> PeerTable::hops_towards(const RingId& id) const {
  std::vector<NodeId> nodes;
  for (const auto& [node, peer] : peers_)
    if (usable(peer)) nodes.push_back(node);
  const auto suspected = [&](const NodeId& node) { return find(node)->suspected; };
  const auto place = [&](const NodeId& node) {
    const bool precedes = in_open(node, self_, id);
    return std::tuple(suspected(node), !precedes,
                      precedes ? ring_distance(node, id) : ring_distance(id, node));
  };
  std::sort(nodes.begin(), nodes.end(),
            [&](const NodeId& a, const NodeId& b) { return place(a) < place(b); });
  return nodes;
}

std::optional<NodeId> PeerTable::finger(unsigned index) const {
  std::optional<NodeId> best;
  clockwise_from(finger_start(self_, index), [&](const auto& entry) {
    if (finger_index(self_, entry.first) != index) return false;  // behind the last of this range
    if (usable(entry.second)) best = entry.first;
    return !best;
  });
  return best;
}

std::vector<NodeId> PeerTable::fingers() const {
  // Clockwise from here, the first one of each entry's range is the nearest to its beginning.
  std::vector<NodeId> found;
  unsigned last = 0;
  clockwise_from(self_, [&](const auto& entry) {
    if (!usable(entry.second)) return true;
    const unsigned index = finger_index(self_, entry.first);
    if (std::exchange(last, index) != index) found.push_back(entry.first);
    return true;
  });
  std::sort(found.begin(), found.end());
  return found;
}

RingId finger_start(const NodeId& self, unsigned index) {
  return ring_add(self, ring_power_of_two(static_cast<unsigned>(k_ring_bits) - index));
}

unsigned finger_index(const NodeId& self, const NodeId& node) {
  const RingId distance = ring_distance(self, node);
  unsigned index = 1;
  for (const std::uint8_t byte : distance.bytes) {
    if (byte != 0) return index + static_cast<unsigned>(std::countl_zero(byte));
    index += 8;
  }
  return index;
}

namespace {
template <typename Distance>
std::vector<NodeId> nearest(const NodeId& self, const std::vector<NodeId>& nodes, std::size_t count,
                            Distance distance) {
  struct Candidate {
    RingId distance;
    NodeId node;
  };
  std::vector<Candidate> best;  // few of many: those that are too far are looked at once
  for (const NodeId& node : nodes) {
    const RingId far = distance(node);
    if (node == self || (best.size() == count && (count == 0 || !(far < best.back().distance)))) continue;
    const auto place =
        std::lower_bound(best.begin(), best.end(), far,
                         [](const Candidate& candidate, const RingId& d) { return candidate.distance < d; });
    if (place != best.end() && place->distance == far) continue;  // the same node
    best.insert(place, {far, node});
    if (best.size() > count) best.pop_back();
  }
  std::vector<NodeId> found;
  for (const Candidate& candidate : best) found.push_back(candidate.node);
  return found;
}
}  // namespace

std::vector<NodeId> nearest_clockwise(const NodeId& self, const std::vector<NodeId>& nodes,
                                      std::size_t count) {
  return nearest(self, nodes, count, [&](const NodeId& n) { return ring_distance(self, n); });
}

std::vector<NodeId> nearest_counter_clockwise(const NodeId& self, const std::vector<NodeId>& nodes,
                                              std::size_t count) {
  return nearest(self, nodes, count, [&](const NodeId& n) { return ring_distance(n, self); });
}

}  // namespace ringway::topology
