// The tables' arithmetic: next hop, fingers, neighbours (RFC 6940 §10.1, §10.3, §10.7).
#include <gtest/gtest.h>

#include "reload/topology/peer_table.hpp"

namespace ringway::topology {
namespace {

NodeId id(const char* hex) {
  Bytes bytes;
  EXPECT_TRUE(from_hex(hex, bytes));
  bytes.resize(k_node_id_size_bytes);
  return as_node(ring_id_from(bytes));
}

void add(PeerTable& table, const NodeId& node) { table.connect(node).routable = true; }

TEST(PeerTable, NextHopIsTheLargestBeforeTheTarget) {
  // Shows: TOPO-04.
  PeerTable table(id("10"));
  for (const char* hex : {"20", "40", "80", "c0"}) add(table, id(hex));
  EXPECT_EQ(table.next_hop(id("50")), id("40"));
  EXPECT_EQ(table.next_hop(id("81")), id("80"));
  EXPECT_EQ(table.next_hop(id("05")), id("c0"));  // around zero
}

TEST(PeerTable, NextHopIsTheSmallestBeyondWhenNoneIsBefore) {
  // Shows: TOPO-04.
  PeerTable table(id("10"));
  for (const char* hex : {"40", "80"}) add(table, id(hex));
  EXPECT_EQ(table.next_hop(id("20")), id("40"));
}

TEST(PeerTable, SuspectedPeersArePassedOverWhileThereIsAnother) {
  // Shows: LINK-15.
  PeerTable table(id("10"));
  for (const char* hex : {"20", "40"}) add(table, id(hex));
  table.find(id("40"))->suspected = true;
  EXPECT_EQ(table.next_hop(id("50")), id("20"));
  table.find(id("20"))->suspected = true;
  EXPECT_EQ(table.next_hop(id("50")), id("40"));
}

TEST(PeerTable, NoneWhenNoneIsAskedFor) {
  PeerTable table(id("10"));
  add(table, id("20"));
  EXPECT_TRUE(table.successors(0).empty());
  EXPECT_TRUE(table.predecessors(0).empty());
}

TEST(PeerTable, OnlyRoutablePeersCount) {
  // Shows: ICE-12, ROUTE-27.
  PeerTable table(id("10"));
  table.connect(id("40"));
  EXPECT_FALSE(table.next_hop(id("50")).has_value());
  EXPECT_TRUE(table.successors(4).empty());
  table.find(id("40"))->routable = true;
  EXPECT_EQ(table.next_hop(id("50")), id("40"));
}

TEST(PeerTable, NeighboursAreNearestFirstOnBothSides) {
  // Shows: TOPO-01, TOPO-05, TOPO-07.
  PeerTable table(id("10"));
  for (const char* hex : {"10", "20", "30", "f0", "e0"}) add(table, id(hex));
  EXPECT_EQ(table.successors(3), (std::vector<NodeId>{id("20"), id("30"), id("e0")}));
  EXPECT_EQ(table.predecessors(3), (std::vector<NodeId>{id("f0"), id("e0"), id("30")}));
}

TEST(PeerTable, FingerTargetsOfTheVectors) {
  // Shows: TOPO-08, TOPO-13.
  const NodeId n = id("101112131415161718191a1b1c1d1e1f");
  EXPECT_EQ(finger_start(n, 1).hex(), "901112131415161718191a1b1c1d1e1f");
  EXPECT_EQ(finger_start(n, 2).hex(), "501112131415161718191a1b1c1d1e1f");
  EXPECT_EQ(finger_start(n, 16).hex(), "101212131415161718191a1b1c1d1e1f");
}

TEST(PeerTable, FingerRangesMeetWithoutOverlap) {
  // Shows: TOPO-08.
  const NodeId n = id("f0");
  for (unsigned i = 1; i < 128; ++i) {
    const NodeId start = as_node(finger_start(n, i));
    EXPECT_EQ(finger_index(n, start), i) << i;
    const NodeId before = as_node(ring_subtract(start, ring_power_of_two(0)));
    EXPECT_EQ(finger_index(n, before), i + 1) << i;
  }
}

}  // namespace
}  // namespace ringway::topology
