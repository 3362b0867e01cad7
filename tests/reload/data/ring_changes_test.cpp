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
  EXPECT_FALSE(task_of_cleaning(ring_of(0x40, {0x10, 0x50}), MonoTime{0}));
  const auto task = task_of_cleaning(ring_of(0x40, {0x10, 0x20, 0x30, 0x50}), MonoTime{0});
  ASSERT_TRUE(task);
  EXPECT_EQ(task->after, static_cast<const RingId&>(node_at(0x40)));
  EXPECT_EQ(task->up_to, static_cast<const RingId&>(node_at(0x10)));
}

}  // namespace
}  // namespace ringway::data::test
