// What neighbours have listed: each list as its Update had it, whatever the others list.
#include "reload/topology/listed_nodes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/test_authority.hpp"

namespace ringway::topology {
namespace {

using ringway::test::node_id;
using testing::ElementsAre;
using testing::IsEmpty;

using Nodes = std::vector<NodeId>;

TEST(ListedNodes, KeepsEachListInItsOrder) {
  ListedNodes lists;
  lists.set(node_id(5), {node_id(4), node_id(3), node_id(6), node_id(7)});
  lists.set(node_id(4), {node_id(3), node_id(2), node_id(5), node_id(6)});
  EXPECT_THAT(lists.tellers(), ElementsAre(node_id(4), node_id(5)));
  EXPECT_EQ(lists.of(node_id(5)), (Nodes{node_id(4), node_id(3), node_id(6), node_id(7)}));
  EXPECT_EQ(lists.of(node_id(4)), (Nodes{node_id(3), node_id(2), node_id(5), node_id(6)}));
  EXPECT_TRUE(lists.contains(node_id(4)));
  EXPECT_FALSE(lists.contains(node_id(3))) << "is listed, and has listed nobody";
  EXPECT_THAT(lists.of(node_id(3)), IsEmpty());
  EXPECT_EQ(lists.listings(), 10U);
}

TEST(ListedNodes, ANewListTakesThePlaceOfTheOldOne) {
  ListedNodes lists;
  lists.set(node_id(5), {node_id(4), node_id(6)});
  lists.set(node_id(4), {node_id(3), node_id(5)});
  lists.set(node_id(5), {node_id(9), node_id(1)});
  EXPECT_EQ(lists.of(node_id(5)), (Nodes{node_id(9), node_id(1)}));
  EXPECT_EQ(lists.of(node_id(4)), (Nodes{node_id(3), node_id(5)}));
  lists.erase(node_id(5));
  lists.erase(node_id(8));
  EXPECT_FALSE(lists.contains(node_id(5)));
  EXPECT_EQ(lists.of(node_id(4)), (Nodes{node_id(3), node_id(5)}));
  lists.clear();
  EXPECT_EQ(lists.listings(), 0U);
}

TEST(ListedNodes, AnEmptyListIsOne) {
  ListedNodes lists;
  lists.set(node_id(5), {});
  lists.set(node_id(4), {node_id(5)});
  EXPECT_TRUE(lists.contains(node_id(5)));
  EXPECT_THAT(lists.of(node_id(5)), IsEmpty());
  EXPECT_EQ(lists.of(node_id(4)), Nodes{node_id(5)});
}

TEST(ListedNodes, EachIsSeenWithWhoHasListedIt) {
  ListedNodes lists;
  lists.set(node_id(5), {node_id(4), node_id(6)});
  lists.set(node_id(4), {});
  lists.set(node_id(6), {node_id(5)});
  std::vector<std::pair<NodeId, NodeId>> seen;
  lists.for_each([&](const NodeId& teller, const NodeId& node) { seen.emplace_back(teller, node); });
  EXPECT_THAT(seen, ElementsAre(std::pair{node_id(5), node_id(4)}, std::pair{node_id(5), node_id(6)},
                                std::pair{node_id(6), node_id(5)}));
}

TEST(ListedNodes, WhatIsBeyondTheBoundIsLeftOut) {
  Nodes many(k_max_listings);
  for (std::size_t i = 0; i < many.size(); ++i) {
    many[i].bytes[1] = static_cast<std::uint8_t>(i >> 8U);
    many[i].bytes[2] = static_cast<std::uint8_t>(i);
  }
  ListedNodes lists;
  EXPECT_EQ(lists.set(node_id(5), many), 1U);
  EXPECT_EQ(lists.listings(), k_max_listings);
  many.pop_back();
  EXPECT_EQ(lists.of(node_id(5)), many) << "the last place is who tells";
  EXPECT_EQ(lists.set(node_id(5), many), 0U);
  EXPECT_EQ(lists.set(node_id(4), {node_id(3)}), 2U);
  EXPECT_FALSE(lists.contains(node_id(4)));
  EXPECT_EQ(lists.set(node_id(5), {node_id(6)}), 0U);
  EXPECT_EQ(lists.set(node_id(4), {node_id(3)}), 0U);
  EXPECT_TRUE(lists.contains(node_id(4)));
}

}  // namespace
}  // namespace ringway::topology
