// The state kept for compressed via lists (RFC 6940 §6.1.2, §6.3.2.2).
#include "reload/routing/opaque_table.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/reload/routing/routing_net.hpp"

namespace ringway::routing {
namespace {

using ringway::test::node_id;

constexpr MonoTime k_start{1000};

class OpaqueTableTest : public ::testing::Test {
 protected:
  test::CountingRandom random_{1};
  OpaqueTable table_{random_};
  wire::DestinationList list_{wire::to_node(node_id(0x10)), wire::to_node(node_id(0x20))};
};

TEST_F(OpaqueTableTest, GivesTheListBack) {
  // Shows: ROUTE-12.
  const auto id = table_.keep(k_start, list_);
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(table_.find(k_start, *id), list_);
}

TEST_F(OpaqueTableTest, KeepsItForTheLongestLifeOfARequestAndNoLonger) {
  // Shows: ROUTE-09.
  const auto id = table_.keep(k_start, list_);
  EXPECT_EQ(table_.find(k_start + Duration{14'999}, *id), list_);
  EXPECT_EQ(table_.find(k_start + Duration{15'000}, *id), std::nullopt);
}

TEST_F(OpaqueTableTest, HasRoomForSoManyAtOnce) {
  // Shows: ROUTE-09, ROUTE-14.
  std::set<std::uint16_t> ids;
  for (std::size_t i = 0; i < OpaqueTable::k_slots; ++i) ids.insert(table_.keep(k_start, list_)->id);
  EXPECT_EQ(ids.size(), OpaqueTable::k_slots);
  EXPECT_EQ(table_.keep(k_start, list_), std::nullopt);
  EXPECT_TRUE(table_.keep(k_start + OpaqueTable::k_kept, list_).has_value());
}

TEST_F(OpaqueTableTest, AnIdOfAnEarlierUseOfItsSlotFindsNothing) {
  // Shows: ROUTE-14, FM-37.
  const auto old = *table_.keep(k_start, list_);
  MonoTime now = k_start;
  for (std::size_t i = 0; i < OpaqueTable::k_slots; ++i) {
    now = now + OpaqueTable::k_kept;
    ASSERT_TRUE(table_.keep(now, {wire::to_node(node_id(0x30))}).has_value());
  }
  EXPECT_EQ(table_.find(now, old), std::nullopt);  // its slot has just been given anew
}

TEST_F(OpaqueTableTest, SlotsAndGenerationsStartAtRandom) {
  // Shows: ROUTE-14.
  std::set<std::uint16_t> slots;
  std::set<std::uint16_t> generations;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    test::CountingRandom random(seed);
    const auto id = OpaqueTable(random).keep(k_start, list_)->id;
    EXPECT_NE(id & 0x8000, 0);
    slots.insert(id & 0x3FF);
    generations.insert((id >> 10) & 0x1F);
  }
  EXPECT_GT(slots.size(), 4U);
  EXPECT_GT(generations.size(), 4U);
}

TEST_F(OpaqueTableTest, SlotsRotate) {
  // Shows: ROUTE-14.
  const unsigned first = table_.keep(k_start, list_)->id & 0x3FFU;
  for (std::uint16_t i = 1; i < 20; ++i)
    EXPECT_EQ(table_.keep(k_start, list_)->id & 0x3FFU, (first + i) % OpaqueTable::k_slots);
}

}  // namespace
}  // namespace ringway::routing
