#include "reload/topology/ring_view.hpp"

#include <gtest/gtest.h>

namespace ringway::topology {
namespace {

// Points are told apart by their first byte.
RingId at(std::uint8_t first_byte, std::uint8_t last_byte = 0) {
  RingId id;
  id.bytes.front() = first_byte;
  id.bytes.back() = last_byte;
  return id;
}
NodeId node(std::uint8_t first_byte) { return as_node(at(first_byte)); }

RingView view_of(std::uint8_t self, std::vector<NodeId> predecessors, std::vector<NodeId> successors) {
  RingView view;
  view.self = node(self);
  view.joined = true;
  view.predecessors = std::move(predecessors);
  view.successors = std::move(successors);
  return view;
}

TEST(RingView, OwnsFromItsPredecessorExclusiveToItselfInclusive) {
  // Shows: TOPO-01.
  const auto view = view_of(0x40, {node(0x30), node(0x20)}, {node(0x50), node(0x60)});
  EXPECT_TRUE(view.responsible_for(at(0x40)));
  EXPECT_TRUE(view.responsible_for(at(0x30, 1)));
  EXPECT_FALSE(view.responsible_for(at(0x30)));
  EXPECT_FALSE(view.responsible_for(at(0x40, 1)));
}

TEST(RingView, OwnsAcrossZero) {
  const auto view = view_of(0x10, {node(0xF0)}, {node(0xF0)});
  EXPECT_TRUE(view.responsible_for(at(0xFF)));
  EXPECT_TRUE(view.responsible_for(at(0x00)));
  EXPECT_FALSE(view.responsible_for(at(0x20)));
}

TEST(RingView, AlonePeerOwnsEverythingAndHasNoReplicas) {
  // Shows: TOPO-46.
  const auto view = view_of(0x40, {}, {});
  EXPECT_TRUE(view.responsible_for(at(0x39)));
  EXPECT_TRUE(view.responsible_for(at(0x41)));
  EXPECT_TRUE(view.replica_set().empty());
}

TEST(RingView, PeerThatHasNotJoinedOwnsNothing) {
  auto view = view_of(0x40, {}, {});
  view.joined = false;
  EXPECT_FALSE(view.responsible_for(at(0x40)));
  EXPECT_EQ(view.replica_position(at(0x40)), std::nullopt);
}

TEST(RingView, ReplicasAreTheNextTwoSuccessors) {
  // Shows: TOPO-35.
  const auto view = view_of(0x40, {node(0x30)}, {node(0x50), node(0x60), node(0x70)});
  EXPECT_EQ(view.replica_set(), (std::vector<NodeId>{node(0x50), node(0x60)}));
}

TEST(RingView, SmallRingsHaveNoSelfReplicaAndNoDuplicates) {
  // Shows: TOPO-46.
  const auto two = view_of(0x40, {node(0x80)}, {node(0x80), node(0x40), node(0x80)});
  EXPECT_EQ(two.replica_set(), (std::vector<NodeId>{node(0x80)}));
  EXPECT_EQ(two.replica_position(at(0x20)), 0U);
  EXPECT_EQ(two.replica_position(at(0x60)), 1U);

  const auto three = view_of(0x40, {node(0x20), node(0x80)}, {node(0x80), node(0x20)});
  EXPECT_EQ(three.replica_set(), (std::vector<NodeId>{node(0x80), node(0x20)}));
  EXPECT_EQ(three.replica_position(at(0x30)), 0U);
  EXPECT_EQ(three.replica_position(at(0x10)), 1U);
  EXPECT_EQ(three.replica_position(at(0x60)), 2U);
}

TEST(RingView, ThreePredecessorsBetweenMeansNoReplica) {
  // Shows: TOPO-38.
  const auto view = view_of(0x40, {node(0x30), node(0x20), node(0x10)}, {node(0x50), node(0x60)});
  EXPECT_EQ(view.replica_position(at(0x28)), 1U);
  EXPECT_EQ(view.replica_position(at(0x18)), 2U);
  EXPECT_EQ(view.replica_position(at(0x08)), std::nullopt);
  EXPECT_EQ(view.replica_position(at(0x48)), std::nullopt);
}

TEST(RingView, WithoutPredecessorsTheFurthestSuccessorBoundsTheRange) {
  const auto view = view_of(0x40, {}, {node(0x50), node(0x60)});
  EXPECT_TRUE(view.responsible_for(at(0x10)));
  EXPECT_FALSE(view.responsible_for(at(0x58)));
}

TEST(RingView, CountsTheRingWhenItsTwoSidesMeet) {
  for (std::size_t peers = 1; peers <= 9; ++peers) {
    std::vector<NodeId> predecessors, successors;
    for (std::size_t i = 1; i < peers && i <= 4; ++i) {
      successors.push_back(node(static_cast<std::uint8_t>(i * 16)));
      predecessors.push_back(node(static_cast<std::uint8_t>((peers - i) * 16)));
    }
    EXPECT_EQ(view_of(0, predecessors, successors).estimated_peers(), static_cast<double>(peers)) << peers;
  }
}

TEST(RingView, EstimatesTheRingFromTheStretchThatItsNeighborsCover) {
  // Four peers in a sixteenth of the ring, two on each side.
  const auto view = view_of(0x40, {node(0x3c), node(0x38)}, {node(0x44), node(0x48)});
  EXPECT_EQ(view.estimated_peers(), 64);
}

TEST(RingView, KnowsItsNeighbors) {
  const auto view = view_of(0x40, {node(0x30)}, {node(0x50)});
  EXPECT_TRUE(view.is_neighbor(node(0x30)));
  EXPECT_TRUE(view.is_neighbor(node(0x50)));
  EXPECT_FALSE(view.is_neighbor(node(0x60)));
}

}  // namespace
}  // namespace ringway::topology
