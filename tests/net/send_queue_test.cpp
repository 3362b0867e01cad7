#include "net/send_queue.hpp"

#include <gtest/gtest.h>

#include "net/slots.hpp"

namespace ringway::net {
namespace {

using Pushed = SendQueue::Pushed;

Outgoing message(std::size_t header_bytes, std::size_t payload_bytes = 0) {
  return {Bytes(header_bytes, 1), SharedBytes(Bytes(payload_bytes, 2))};
}
SendQueue::Limits room(std::size_t bytes, std::size_t messages = 1000, bool at_least_one = false) {
  return {.bytes = bytes, .messages = messages, .overhead_bytes = 8, .at_least_one = at_least_one};
}
std::shared_ptr<ByteBudget> plenty() { return std::make_shared<ByteBudget>(1U << 20, 0); }
std::vector<std::size_t> take(SendQueue& queue, const SendQueue::Limits& limits) {
  std::vector<Outgoing> taken;
  queue.take(limits, taken);
  std::vector<std::size_t> sizes;
  for (const auto& one : taken) sizes.push_back(one.size_bytes());
  return sizes;
}

TEST(SendQueue, BoundedInBytes) {
  SendQueue queue(100, plenty());
  EXPECT_EQ(queue.push(message(20, 40)), Pushed::queued_wake);
  EXPECT_EQ(queue.push(message(41)), Pushed::refused_full);
  EXPECT_EQ(queue.push(message(40)), Pushed::queued);
  EXPECT_EQ(queue.push(message(1)), Pushed::refused_full);
  EXPECT_EQ(queue.queued_bytes(), 100U);
  EXPECT_EQ(take(queue, room(68)), (std::vector<std::size_t>{60}));
  EXPECT_EQ(queue.queued_bytes(), 40U);
  EXPECT_EQ(queue.push(message(60)), Pushed::queued);
  EXPECT_EQ(queue.push(message(1000)), Pushed::refused_full) << "longer than the whole queue";
}

TEST(SendQueue, AllTogetherAreBoundedInBytes) {
  const auto budget = std::make_shared<ByteBudget>(150, 10);
  SendQueue one(1000, budget);
  {
    SendQueue two(1000, budget);
    EXPECT_EQ(one.push(message(100)), Pushed::queued_wake);
    EXPECT_EQ(two.push(message(51)), Pushed::refused_full);
    EXPECT_EQ(two.push(message(50)), Pushed::queued_wake);
    EXPECT_EQ(budget->taken(), 150U);
    SendQueue three(1000, budget);
    EXPECT_EQ(three.push(message(10)), Pushed::queued_wake) << "so much is free for each";
    EXPECT_EQ(three.push(message(1)), Pushed::refused_full);
    EXPECT_EQ(take(one, room(1000)), (std::vector<std::size_t>{100}));
    EXPECT_EQ(three.push(message(90)), Pushed::queued);
    EXPECT_EQ(take(three, room(1000)), (std::vector<std::size_t>{10, 90}));
    EXPECT_EQ(budget->taken(), 50U);
  }
  EXPECT_EQ(budget->taken(), 0U) << "a link that is gone holds nothing";
}

TEST(SendQueue, TakesWhatFitsTogetherWithItsOverhead) {
  SendQueue queue(1000, plenty());
  for (const std::size_t size : {10U, 20U, 30U, 40U}) queue.push(message(size));
  EXPECT_EQ(take(queue, room(45)), (std::vector<std::size_t>{10})) << "10 + 8 + 20 + 8 is 46";
  EXPECT_EQ(take(queue, room(1000, 1)), (std::vector<std::size_t>{20}));
  EXPECT_EQ(take(queue, room(37)), (std::vector<std::size_t>{})) << "30 + 8 is 38";
  EXPECT_EQ(take(queue, room(5, 1000, true)), (std::vector<std::size_t>{30}));
  EXPECT_EQ(take(queue, room(1000, 0, true)), (std::vector<std::size_t>{}));
  EXPECT_EQ(take(queue, room(48)), (std::vector<std::size_t>{40}));
  EXPECT_TRUE(queue.empty());
}

TEST(SendQueue, AsksForAWakeUpOnlyWhenTheStrandWillNotComeByItself) {
  SendQueue queue(1000, plenty());
  EXPECT_EQ(queue.push(message(1)), Pushed::queued_wake);
  EXPECT_EQ(queue.push(message(1)), Pushed::queued);
  take(queue, room(1000));
  EXPECT_EQ(queue.push(message(1)), Pushed::queued) << "a write follows each take that brought something";
  take(queue, room(1000));
  EXPECT_TRUE(take(queue, room(1000)).empty());
  EXPECT_EQ(queue.push(message(1)), Pushed::queued_wake);
}

TEST(SendQueue, ClosedTakesNothingMoreButGivesWhatItHas) {
  SendQueue queue(1000, plenty());
  queue.push(message(5));
  queue.close();
  EXPECT_EQ(queue.push(message(1)), Pushed::refused_closed);
  EXPECT_EQ(take(queue, room(1000)), (std::vector<std::size_t>{5}));
}

TEST(Slots, AreGivenBack) {
  Slots slots(2);
  auto one = slots.take();
  {
    const auto two = slots.take();
    EXPECT_TRUE(one && two);
    EXPECT_FALSE(slots.take());
    EXPECT_EQ(slots.taken(), 2U);
  }
  EXPECT_EQ(slots.taken(), 1U);
  const auto shared = one;
  one.reset();
  EXPECT_EQ(slots.taken(), 1U) << "a copy still holds it";
  EXPECT_TRUE(slots.take());
}

}  // namespace
}  // namespace ringway::net
