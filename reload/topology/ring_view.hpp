// What the rest of a peer knows of the ring: a snapshot that topology publishes whenever it changes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "reload/config/replicas.hpp"
#include "reload/ids.hpp"

namespace ringway::topology {

inline constexpr std::size_t k_most_left = 8;  // that a view remembers

struct RingView {
  std::uint64_t version = 0;  // grows by one with each change
  NodeId self;
  bool joined = false;
  std::vector<NodeId> predecessors;  // nearest first
  std::vector<NodeId> successors;    // nearest first
  std::size_t replicas = config::k_default_replicas;
  // Admitted but not yet handed its range: writes in (first predecessor, joining] are copied to it as well
  // (TOPO-18).
  std::optional<NodeId> joining;
  // Those of the former neighbours that have said goodbye, the latest last; whoever else is gone has failed.
  std::vector<NodeId> left;
  // The peer that is admitting us; its hand-over Stores are accepted before we have joined (AMB-18).
  std::optional<NodeId> admitting;

  // Takes over who has left before, as far as they have not come back, and adds the one that leaves now.
  void remember_left(const RingView& before, const std::optional<NodeId>& leaves);
  bool alone() const { return predecessors.empty() && successors.empty(); }
  // In (predecessor, self] (RFC 6940 §10.1); a peer that is alone owns everything, one that has not joined
  // nothing.
  bool responsible_for(const RingId& id) const;
  // The peers that should hold copies of what this peer is responsible for, nearest first (RFC 6940 §10.4).
  std::vector<NodeId> replica_set() const;
  // 0: responsible; 1..replicas: that many predecessors stand between the resource and this peer; nothing:
  // further.
  std::optional<std::size_t> replica_position(const RingId& id) const;
  bool is_neighbor(const NodeId& node) const;
  // How many peers the whole ring has, this one too: exact in a ring so small that all are neighbours.
  double estimated_peers() const;
};
using RingViewPtr = std::shared_ptr<const RingView>;

}  // namespace ringway::topology
