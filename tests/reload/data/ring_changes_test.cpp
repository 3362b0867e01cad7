// Which change of the ring asks for which copies (RFC 6940 §10.4, §10.7).
#include "reload/data/ring_changes.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/reload/data/overlay.hpp"

namespace ringway::data::test {
namespace {

constexpr Duration k_hold_down{30'000};

topology::RingView ring_of(std::uint8_t self, std::vector<std::uint8_t> others) {
  topology::RingView view;
  view.self = node_at(self);
  view.joined = true;
  std::vector<NodeId> nodes;
  for (const std::uint8_t other : others) nodes.push_back(node_at(other));
  std::sort(nodes.begin(), nodes.end(), [&](const NodeId& a, const NodeId& b) {
    return ring_distance(view.self, a) < ring_distance(view.self, b);
  });
  for (std::size_t i = 0; i < nodes.size() && i < 3; ++i) {
    view.successors.push_back(nodes[i]);
    view.predecessors.push_back(nodes[nodes.size() - 1 - i]);
  }
  return view;
}

std::vector<CopyTask> change(const topology::RingView& before, const topology::RingView& after) {
  return tasks_after(before, after, MonoTime{1000}, k_hold_down, false);
}

TEST(RingChanges, AFarNewcomerAsksForNothing) {
  EXPECT_TRUE(change(ring_of(0x40, {0x10, 0x20, 0x30, 0x50, 0x60, 0x70}),
                     ring_of(0x40, {0x10, 0x20, 0x30, 0x50, 0x60, 0x68, 0x70}))
                  .empty());
}

TEST(RingChanges, AJoinAmongTheReplicasFillsTheNewcomerAtOnce) {
  // Shows: TOPO-37.
  const auto tasks = change(ring_of(0x40, {0x10, 0x20, 0x30, 0x50, 0x60, 0x70}),
                            ring_of(0x40, {0x10, 0x20, 0x30, 0x50, 0x58, 0x60, 0x70}));
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_EQ(tasks[0].purpose, Purpose::refill);
  EXPECT_EQ(tasks[0].targets, (std::vector<NodeId>{node_at(0x58)}));
  EXPECT_EQ(tasks[0].not_before.ms, 1000);
}

TEST(RingChanges, ALostSuccessorIsReplacedAfterTheHoldDown) {
  // Shows: TOPO-27.
  const auto tasks = change(ring_of(0x40, {0x10, 0x20, 0x30, 0x50, 0x60, 0x70}),
                            ring_of(0x40, {0x10, 0x20, 0x30, 0x60, 0x70}));
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_EQ(tasks[0].targets, (std::vector<NodeId>{node_at(0x70)}));
  EXPECT_EQ(tasks[0].not_before.ms, 31'000);
}

// It will not be back in a moment, and what it held for others is a copy short.
TEST(RingChanges, WhoHasSaidGoodbyeIsReplacedAtOnce) {
  const auto before = ring_of(0x40, {0x10, 0x20, 0x30, 0x50, 0x60, 0x70});
  auto after = ring_of(0x40, {0x10, 0x20, 0x30, 0x60, 0x70});
  after.left = {node_at(0x50)};
  const auto tasks = change(before, after);
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_EQ(tasks[0].targets, (std::vector<NodeId>{node_at(0x70)}));
  EXPECT_EQ(tasks[0].not_before.ms, 1000);
  auto predecessor_left = ring_of(0x40, {0x10, 0x20, 0x50, 0x60, 0x70});
  predecessor_left.left = {node_at(0x30)};
  const auto others = change(before, predecessor_left);
  ASSERT_FALSE(others.empty());
  for (const CopyTask& task : others) EXPECT_EQ(task.not_before.ms, 1000);
}

TEST(RingChanges, WhomANewConfigurationAsksForGetsItsCopiesAfterTheHoldDown) {
  const auto before = ring_of(0x40, {0x10, 0x20, 0x30, 0x50, 0x60, 0x70});
  auto after = before;
  after.replicas = 3;
  const auto tasks = change(before, after);
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_EQ(tasks[0].purpose, Purpose::refill);
  EXPECT_EQ(tasks[0].targets, (std::vector<NodeId>{node_at(0x70)}));
  EXPECT_EQ(tasks[0].not_before.ms, 31'000);
  EXPECT_TRUE(change(after, before).empty()) << "what is too much goes when the ring is cleaned";
}

TEST(RingChanges, ALostPredecessorLeavesItsRangeToUs) {
  // Shows: TOPO-41.
  const auto tasks = change(ring_of(0x40, {0x10, 0x20, 0x30, 0x50, 0x60, 0x70}),
                            ring_of(0x40, {0x10, 0x20, 0x50, 0x60, 0x70}));
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_EQ(tasks[0].purpose, Purpose::refill);
  EXPECT_EQ(tasks[0].after, static_cast<const RingId&>(node_at(0x20)));
  EXPECT_EQ(tasks[0].up_to, static_cast<const RingId&>(node_at(0x30)));
  EXPECT_TRUE(tasks[0].targets.empty());
}

TEST(RingChanges, ANewPredecessorIsPushedWhatIsItsUnlessItWasHandedOver) {
  // Shows: TOPO-39.
  const auto before = ring_of(0x40, {0x10, 0x20, 0x30, 0x50, 0x60, 0x70});
  const auto after = ring_of(0x40, {0x10, 0x20, 0x30, 0x38, 0x50, 0x60, 0x70});
  const auto tasks = change(before, after);
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_EQ(tasks[0].purpose, Purpose::push);
  EXPECT_EQ(tasks[0].after, static_cast<const RingId&>(node_at(0x30)));
  EXPECT_EQ(tasks[0].up_to, static_cast<const RingId&>(node_at(0x38)));
  EXPECT_TRUE(tasks_after(before, after, MonoTime{1000}, k_hold_down, true).empty());
}

TEST(RingChanges, InASmallRingALostPredecessorsRangeIsOfferedToTheNextAsWell) {
  // 0x70 has come in just before 0x50 is lost; only 0x90 is left to give it what 0x50 had.
  const auto tasks = change(ring_of(0x90, {0x50, 0x70}), ring_of(0x90, {0x70}));
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_EQ(tasks[0].purpose, Purpose::push);
  EXPECT_EQ(tasks[0].up_to, node_at(0x50));
}

TEST(RingChanges, AfterASecondPredecessorIsLostTheNewOwnerIsOffered) {
  const auto tasks = change(ring_of(0x40, {0x10, 0x20, 0x30, 0x50, 0x60, 0x70}),
                            ring_of(0x40, {0x10, 0x30, 0x50, 0x60, 0x70}));
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_EQ(tasks[0].purpose, Purpose::push);
  EXPECT_EQ(tasks[0].after, static_cast<const RingId&>(node_at(0x10)));
  EXPECT_EQ(tasks[0].up_to, static_cast<const RingId&>(node_at(0x20)));
  EXPECT_EQ(tasks[0].not_before.ms, 31'000);
}

TEST(RingChanges, CleaningWantsToKnowThreePredecessors) {
  // Shows: TOPO-38.
  EXPECT_TRUE(tasks_of_cleaning(ring_of(0x40, {0x10, 0x50}), MonoTime{0}).empty());
  auto view = ring_of(0x40, {0x10, 0x20, 0x30, 0x50});
  auto tasks = tasks_of_cleaning(view, MonoTime{0});
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_EQ(tasks[0].after, static_cast<const RingId&>(node_at(0x40)));
  EXPECT_EQ(tasks[0].up_to, static_cast<const RingId&>(node_at(0x10)));
  view.predecessors.push_back(node_at(0xE0));
  tasks = tasks_of_cleaning(view, MonoTime{0});
  ASSERT_EQ(tasks.size(), 2U) << "with the fourth predecessor the third one's range is known";
  EXPECT_EQ(tasks[0].up_to, static_cast<const RingId&>(node_at(0xE0)));
  EXPECT_EQ(tasks[1].after, static_cast<const RingId&>(node_at(0xE0)));
  EXPECT_EQ(tasks[1].up_to, static_cast<const RingId&>(node_at(0x10)));
}

TEST(RingChanges, ASpansOwnerIsThePredecessorWhoseWholeRangeIsKnown) {
  auto view = ring_of(0x40, {0x10, 0x20, 0x30, 0x50});
  view.predecessors = {node_at(0x30), node_at(0x20), node_at(0x10), node_at(0xE0)};
  EXPECT_EQ(owner_of(view, {node_at(0x10), node_at(0x20)}), node_at(0x20));
  EXPECT_EQ(owner_of(view, {node_at(0xF0), node_at(0x08)}), node_at(0x10));
  EXPECT_EQ(owner_of(view, {node_at(0x18), node_at(0x28)}), std::nullopt) << "two peers' ranges";
  EXPECT_EQ(owner_of(view, {node_at(0xD0), node_at(0xD8)}), std::nullopt) << "begins who knows where";
  view.predecessors.pop_back();
  EXPECT_EQ(owner_of(view, {node_at(0x50), node_at(0x10)}), node_at(0x10)) << "the whole ring is known";
  EXPECT_EQ(owner_of(view, {node_at(0x40), node_at(0x40)}), std::nullopt) << "everything is nobody's";
}

}  // namespace
}  // namespace ringway::data::test
