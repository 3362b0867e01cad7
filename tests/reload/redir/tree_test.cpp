#include "reload/redir/tree.hpp"

#include <gtest/gtest.h>

#include "reload/bytes.hpp"

namespace ringway::redir {
namespace {

constexpr RingId k_last{
    {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}};

RingId ring_number(std::uint64_t number) {
  RingId id;
  for (int i = 0; i < 8; ++i) id.bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  return id;
}

// The first point of interval i of n: 2^128 * i / n, rounded up; by long division, bit for bit.
RingId first_of(std::uint64_t i, std::uint64_t n) {
  RingId quotient;
  std::uint64_t rest = i;
  for (unsigned bit = 0; bit < 128; ++bit) {
    rest *= 2;
    if (rest < n) continue;
    rest -= n;
    quotient.bytes[bit / 8] |= static_cast<std::uint8_t>(0x80U >> (bit % 8));
  }
  return rest == 0 ? quotient : ring_add(quotient, ring_number(1));
}

TEST(Tree, IntervalsAreExactWhereTheyBegin) {
  // Shows: DISC-05.
  for (const std::uint32_t branching : {2U, 3U, 7U, 10U, 255U, 65535U}) {
    const Tree tree(branching);
    for (unsigned level = 0; level <= std::min(tree.deepest_level(), 3U); ++level) {
      std::uint64_t count = 1;
      for (unsigned i = 0; i <= level; ++i) count *= branching;
      for (const std::uint64_t i : {std::uint64_t{1}, count / 3 + 1, count / 2, count - 1}) {
        const RingId first = first_of(i, count);
        EXPECT_EQ(tree.interval(level, first), i) << branching << ", level " << level;
        EXPECT_EQ(tree.interval(level, ring_subtract(first, ring_number(1))), i - 1) << branching;
        EXPECT_EQ(tree.node_for(level, first).number, i / branching);
      }
      EXPECT_EQ(tree.interval(level, RingId{}), 0U);
      EXPECT_EQ(tree.interval(level, k_last), count - 1);
    }
  }
}

TEST(Tree, GoesAsDeepAsNodeNumbersHaveSixteenBits) {
  // Shows: DISC-03.
  EXPECT_EQ(Tree(2).deepest_level(), 16U);
  EXPECT_EQ(Tree(10).deepest_level(), 4U);
  EXPECT_EQ(Tree(256).deepest_level(), 2U);
  EXPECT_EQ(Tree(257).deepest_level(), 1U);
  EXPECT_EQ(Tree(65535).deepest_level(), 1U);
  EXPECT_EQ(Tree(2).node_for(16, k_last).number, 65535U);
  EXPECT_LT(Tree(2).deepest_level(), k_most_levels);
  // Out of bounds: as near as can be.
  EXPECT_EQ(Tree(0).deepest_level(), 16U);
  EXPECT_EQ(Tree(1).deepest_level(), 16U);
  EXPECT_EQ(Tree(4'000'000'000).deepest_level(), 1U);
}

TEST(Tree, TheNodesOfALevelDivideTheRing) {
  // Shows: DISC-03.
  const Tree tree(10);
  RingId id;
  id.bytes[0] = 0x80;  // a half: the sixth of ten, 5 from 0
  EXPECT_EQ(tree.node_for(0, id), (TreeNode{0, 0}));
  EXPECT_EQ(tree.node_for(1, id), (TreeNode{1, 5}));
  EXPECT_EQ(tree.node_for(2, id), (TreeNode{2, 50}));
  EXPECT_TRUE(tree.holds({2, 50}, id));
  EXPECT_FALSE(tree.holds({2, 49}, id));
  EXPECT_TRUE(tree.holds({4, 5000}, id));
  EXPECT_FALSE(tree.holds({5, 50000}, id)) << "deeper than the tree";
}

TEST(Tree, NamesAreServiceLevelAndNode) {
  // Shows: DISC-03.
  const std::string name = resource_name_of("turn-server", {2, 3});
  EXPECT_EQ(name, std::string("turn-server\0\x02\0\x03", 15));
  EXPECT_EQ(resource_id_of(name).hex(), "b909e9036489fddd88206b7aeb038f59");  // conformance.md, appendix C
}

}  // namespace
}  // namespace ringway::redir
