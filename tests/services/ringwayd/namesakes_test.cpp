// Nodes with this peer's user name: when they are looked for, and how often they are told of.
#include "services/ringwayd/namesakes.hpp"

#include <gtest/gtest.h>

namespace ringway::services {
namespace {

using std::chrono::seconds;

NodeId node(std::uint8_t number) {
  NodeId out = k_no_node;
  out.bytes.back() = number;
  return out;
}

std::vector<NodeId> nodes(std::uint8_t from, std::size_t count) {
  std::vector<NodeId> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(node(static_cast<std::uint8_t>(from + i)));
  return out;
}

TEST(NamesakesTest, AreLookedForAgainAndAgain) {
  // Shows: FM-19.
  Namesakes namesakes;
  const Namesakes::Time start{std::chrono::hours{5}};
  EXPECT_TRUE(namesakes.take_turn(start));
  EXPECT_FALSE(namesakes.take_turn(start));
  EXPECT_FALSE(namesakes.take_turn(start + Namesakes::k_between_looks - seconds{1}));
  EXPECT_TRUE(namesakes.take_turn(start + Namesakes::k_between_looks));
  EXPECT_FALSE(namesakes.take_turn(start + Namesakes::k_between_looks + seconds{1}));
}

TEST(NamesakesTest, EachIsToldOfOnce) {
  Namesakes namesakes;
  EXPECT_TRUE(namesakes.observe({}).empty());
  const auto events = namesakes.observe({node(1)});
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events.front().level, spdlog::level::warn);
  EXPECT_EQ(events.front().fields["node"], node(1).hex());
  EXPECT_TRUE(namesakes.observe({node(1)}).empty());
  EXPECT_EQ(namesakes.observe({node(1), node(2)}).size(), 1U);
  EXPECT_EQ(namesakes.present(), (std::vector{node(1), node(2)}));
  // Gone and back: the log has it already, the status follows.
  EXPECT_TRUE(namesakes.observe({}).empty());
  EXPECT_TRUE(namesakes.present().empty());
  EXPECT_TRUE(namesakes.observe({node(2)}).empty());
  EXPECT_EQ(namesakes.present(), std::vector{node(2)});
}

TEST(NamesakesTest, ManyOfThemFillNeitherLogNorMemory) {
  Namesakes namesakes;
  EXPECT_EQ(namesakes.observe(nodes(1, Namesakes::k_most)).size(), Namesakes::k_most);
  const auto events = namesakes.observe(nodes(100, Namesakes::k_most + 1));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events.front().fields["told_of"], Namesakes::k_most);
  EXPECT_EQ(namesakes.present().size(), Namesakes::k_most);
  EXPECT_TRUE(namesakes.observe(nodes(200, 20)).empty());
}

}  // namespace
}  // namespace ringway::services
