// The peers this one is connected to, and the tables that follow from them (RFC 6940 §10.1, §10.3, §10.7):
// neighbours, fingers, next hop. Pure arithmetic on the ring; when to connect and whom to tell is
// chord_reload.hpp's.
#pragma once

#include <algorithm>
#include <boost/container/flat_map.hpp>
#include <cstddef>
#include <optional>
#include <vector>

#include "reload/ids.hpp"
#include "reload/time.hpp"

namespace ringway::topology {

inline constexpr std::size_t k_neighbors_per_side = 4;  // at least three (RFC 6940 §10.7)
// Of an overlay with so many replicas. A peer has to know who comes into the replica set next, and where the
// range of the peer before it begins.
constexpr std::size_t neighbors_per_side(std::size_t replicas) {
  return std::max(k_neighbors_per_side, replicas + 2);
}
// A link whose acknowledgements stay away so long is taken out of the tables (RFC 6940 §6.6.5); before, it is
// only passed over for forwarding, so that a busy machine does not change who is responsible.
inline constexpr Duration k_suspicion_limit{5'000};

class PeerTable {
 public:
  explicit PeerTable(NodeId self) : self_(self) {}

  // What every entry has; times that few of them have are chord_reload.hpp's. There is one of these for each
  // link.
  struct Peer {
    bool routable : 1 = false;       // may be routed through (ICE-12)
    bool suspected : 1 = false;      // its links' acknowledgements stay away
    bool excluded : 1 = false;       // suspected for too long
    bool lists_dropped : 1 = false;  // what its Updates listed was not worth keeping
  };

  using Peers = boost::container::flat_map<NodeId, Peer>;  // looked through for each message

  Peer& connect(const NodeId& node) {
    // One more, as in routing's table of links: no room that stays empty.
    if (peers_.size() == peers_.capacity() && !peers_.contains(node)) peers_.reserve(peers_.size() + 1);
    return peers_[node];
  }
  // Room for so many, when it is known beforehand.
  void reserve(std::size_t count) { peers_.reserve(count); }
  bool disconnect(const NodeId& node) { return peers_.erase(node) > 0; }
  Peer* find(const NodeId& node);
  const Peer* find(const NodeId& node) const;
  bool routable(const NodeId& node) const;
  const Peers& all() const { return peers_; }

  // Nearest first; only peers that may be routed through.
  std::vector<NodeId> successors(std::size_t count) const;
  std::vector<NodeId> predecessors(std::size_t count) const;
  // RFC 6940 §10.3.
  std::optional<NodeId> next_hop(const RingId& id) const;
  // All that next_hop() may come to when those before are passed over, best first.
  std::vector<NodeId> hops_towards(const RingId& id) const;
  // The distinct valid finger entries, ascending (RFC 6940 §10.7.4.2).
  std::vector<NodeId> fingers() const;
  std::optional<NodeId> finger(unsigned index) const;

 private:
  bool usable(const Peer& peer) const { return peer.routable && !peer.excluded; }
  // Each entry from the point on (or before it) once around the ring, until `takes` says false.
  template <typename Takes>
  void clockwise_from(const RingId& point, Takes takes) const;
  template <typename Takes>
  void counter_clockwise_before(const RingId& point, Takes takes) const;
  std::optional<NodeId> next_hop_among(const RingId& id, bool with_suspected) const;

  NodeId self_;
  Peers peers_;
};

// Finger i (from 1) may be any peer in [x + 2^(128-i), x + 2^(129-i) - 1] (TOPO-08).
RingId finger_start(const NodeId& self, unsigned index);
// The entry that this node may be in; not for `self`.
unsigned finger_index(const NodeId& self, const NodeId& node);

// The nearest `count` of `nodes` clockwise from `self` (or counter-clockwise), nearest first, without self.
std::vector<NodeId> nearest_clockwise(const NodeId& self, const std::vector<NodeId>& nodes,
                                      std::size_t count);
std::vector<NodeId> nearest_counter_clockwise(const NodeId& self, const std::vector<NodeId>& nodes,
                                              std::size_t count);

}  // namespace ringway::topology
