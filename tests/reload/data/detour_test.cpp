// How the responsible peer is found and asked when its request gets no answer; and ways through relays.
#include "reload/data/detour.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace ringway::data {
namespace {

NodeId node_at(unsigned first) {
  NodeId node;
  node.bytes[0] = static_cast<std::uint8_t>(first);
  node.bytes[15] = 1;
  return node;
}

// 32 peers, 8 apart. 0x48 is responsible; 0x40, before it, passes nothing on, so no ping finds it: those who
// come after know it, and reach it.
class DetourTest : public ::testing::Test {
 protected:
  static NodeId owner_of(const RingId& point) {
    for (unsigned first = 0; first < 256; first += 8)
      if (static_cast<RingId>(node_at(first)) >= point) return node_at(first);
    return node_at(0);
  }
  // What a question of the search is answered with.
  static std::optional<NodeId> answer(const HolderSearch::Question& question) {
    const bool relayed = question.route && !question.route->relays.empty();
    switch (question.what) {
      case HolderSearch::What::owner:
        if (owner_of(question.point) == node_at(0x48)) return std::nullopt;
        return owner_of(question.point);
      case HolderSearch::What::before:
        if (question.point == static_cast<RingId>(node_at(0x50))) return node_at(0x48);
        return question.node;
      case HolderSearch::What::presence:
        if (question.node == node_at(0x48) && !relayed) return std::nullopt;
        return question.node;
    }
    return std::nullopt;
  }
  // Answers the search; the requests themselves are what is left.
  std::vector<Detour::Question> requests() {
    std::vector<Detour::Question> own;
    for (int rounds = 0; rounds < 200 && own.empty() && !detour.done(); ++rounds) {
      for (const auto& question : detour.next(now)) {
        if (!question.search) {
          own.push_back(question);
        } else if (const auto found = answer(*question.search)) {
          detour.found(question.number, *found);
        } else {
          detour.failed(question.number, Detour::Failure::no_answer);
        }
      }
    }
    return own;
  }

  Now now{MonoTime{1000}, 0};
  Detour detour{now, node_at(0x42), 32};
};

TEST_F(DetourTest, AsksWhoIsHiddenByThePeerBeforeIt) {
  const auto own = requests();
  ASSERT_EQ(own.size(), 1U);
  EXPECT_EQ(own[0].holder, node_at(0x48));
  ASSERT_TRUE(own[0].route);
  EXPECT_FALSE(own[0].route->relays.empty()) << "the way along which it has answered";
  EXPECT_FALSE(detour.is_search(own[0].number));
}

TEST_F(DetourTest, TakesOneWayAfterTheOtherAndNoMoreThanItsBound) {
  std::vector<Route> routes;
  for (auto own = requests(); !own.empty(); own = requests()) {
    ASSERT_EQ(own.size(), 1U);
    for (const Route& before : routes) EXPECT_FALSE(before == *own[0].route);
    routes.push_back(*own[0].route);
    detour.failed(own[0].number, Detour::Failure::no_answer);
  }
  EXPECT_EQ(routes.size(), k_most_detours);
  EXPECT_TRUE(detour.done());
}

TEST_F(DetourTest, EndsWhenWhoWasFoundIsNotResponsible) {
  const auto own = requests();
  ASSERT_EQ(own.size(), 1U);
  detour.failed(own[0].number, Detour::Failure::refused);
  EXPECT_TRUE(requests().empty());
  EXPECT_TRUE(detour.done());
}

TEST(WaysTest, ARelayComesBeforeTheNodeAndNoNodeTwice) {
  Ways ways;
  ways.reached(node_at(0x10), {3, {}});
  Ways::Taken taken;
  const auto first = ways.to_node(taken, node_at(0x18));
  ASSERT_TRUE(first);
  EXPECT_EQ(*first, (Route{3, {node_at(0x10)}}));
  ways.reached(node_at(0x18), *first);
  Ways::Taken other;
  ways.end_at(0);
  EXPECT_EQ(ways.to_node(other, node_at(0x10)), (Route{3, {}})) << "as it has answered";
  EXPECT_FALSE(ways.to_node(other, node_at(0x10))) << "0x18 is reached through 0x10 itself";
}

TEST(WaysTest, RelaysAreBounded) {
  Ways ways;
  ways.end_at(0);
  Route route{1, {}};
  for (unsigned first = 8; first < 8 * (k_most_relays + 2); first += 8) {
    ways.reached(node_at(first), route);
    route.relays.push_back(node_at(first));
  }
  Ways::Taken taken;
  std::size_t most = 0;
  while (const auto way = ways.to_node(taken, node_at(0x80))) most = std::max(most, way->relays.size());
  EXPECT_EQ(most, k_most_relays);
}

TEST(WaysTest, WhoDoesNotPassOnIsTriedLast) {
  Ways ways;
  ways.end_at(0);
  ways.reached(node_at(0x40), {1, {}});
  ways.reached(node_at(0x80), {2, {}});
  Ways::Taken taken;
  const auto near = ways.to_node(taken, node_at(0x48));
  ASSERT_EQ(near, (Route{1, {node_at(0x40)}}));
  ways.failed(*near);
  Ways::Taken next;
  EXPECT_EQ(ways.to_node(next, node_at(0x48)), (Route{2, {node_at(0x80)}}));
}

}  // namespace
}  // namespace ringway::data
