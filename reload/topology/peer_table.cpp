#include "reload/topology/peer_table.hpp"

#include <algorithm>
#include <tuple>

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

std::vector<NodeId> PeerTable::successors(std::size_t count) const {
  std::vector<NodeId> nodes;
  for (const auto& [node, peer] : peers_)
    if (usable(peer)) nodes.push_back(node);
  return nearest_clockwise(self_, std::move(nodes), count);
}

std::vector<NodeId> PeerTable::predecessors(std::size_t count) const {
  std::vector<NodeId> nodes;
  for (const auto& [node, peer] : peers_)
    if (usable(peer)) nodes.push_back(node);
  return nearest_counter_clockwise(self_, std::move(nodes), count);
}

std::optional<NodeId> PeerTable::next_hop_among(const RingId& id, bool with_suspected) const {
  const NodeId* preceding = nullptr;  // largest in (self, id)
  const NodeId* beyond = nullptr;     // smallest beyond id
  for (const auto& [node, peer] : peers_) {
    if (!usable(peer) || (!with_suspected && peer.suspected_since)) continue;
    if (in_open(node, self_, id)) {
      if (preceding == nullptr || ring_distance(self_, *preceding) < ring_distance(self_, node))
        preceding = &node;
    } else if (beyond == nullptr || ring_distance(id, node) < ring_distance(id, *beyond)) {
      beyond = &node;
    }
  }
  if (preceding != nullptr) return *preceding;
  if (beyond != nullptr) return *beyond;
  return std::nullopt;
}

std::optional<NodeId> PeerTable::next_hop(const RingId& id) const {
  const auto healthy = next_hop_among(id, false);
  return healthy ? healthy : next_hop_among(id, true);
}

std::vector<NodeId> PeerTable::hops_towards(const RingId& id) const {
  std::vector<NodeId> nodes;
  for (const auto& [node, peer] : peers_)
    if (usable(peer)) nodes.push_back(node);
  const auto suspected = [&](const NodeId& node) { return find(node)->suspected_since.has_value(); };
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
  const RingId start = finger_start(self_, index);
  std::optional<NodeId> best;
  for (const auto& [node, peer] : peers_) {
    if (!usable(peer) || !finger_valid(self_, index, node)) continue;
    if (!best || ring_distance(start, node) < ring_distance(start, *best)) best = node;
  }
  return best;
}

std::vector<NodeId> PeerTable::fingers() const {
  std::vector<NodeId> found;
  for (unsigned i = 1; i <= k_ring_bits; ++i)
    if (const auto node = finger(i)) found.push_back(*node);
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

RingId finger_start(const NodeId& self, unsigned index) {
  return ring_add(self, ring_power_of_two(static_cast<unsigned>(k_ring_bits) - index));
}

bool finger_valid(const NodeId& self, unsigned index, const NodeId& node) {
  // Distance from self has its highest set bit at 128 - index.
  const RingId distance = ring_distance(self, node);
  const RingId low = ring_power_of_two(static_cast<unsigned>(k_ring_bits) - index);
  if (distance < low) return false;
  if (index == 1) return true;
  return distance < ring_power_of_two(static_cast<unsigned>(k_ring_bits) + 1 - index);
}

namespace {
template <typename Distance>
std::vector<NodeId> nearest(const NodeId& self, std::vector<NodeId> nodes, std::size_t count,
                            Distance distance) {
  std::sort(nodes.begin(), nodes.end(),
            [&](const NodeId& a, const NodeId& b) { return distance(a) < distance(b); });
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  std::erase(nodes, self);
  if (nodes.size() > count) nodes.resize(count);
  return nodes;
}
}  // namespace

std::vector<NodeId> nearest_clockwise(const NodeId& self, std::vector<NodeId> nodes, std::size_t count) {
  return nearest(self, std::move(nodes), count, [&](const NodeId& n) { return ring_distance(self, n); });
}

std::vector<NodeId> nearest_counter_clockwise(const NodeId& self, std::vector<NodeId> nodes,
                                              std::size_t count) {
  return nearest(self, std::move(nodes), count, [&](const NodeId& n) { return ring_distance(n, self); });
}

}  // namespace ringway::topology
