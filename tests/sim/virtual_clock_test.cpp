#include "sim/virtual_clock.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace ringway::sim {
namespace {

struct VirtualClockTest : testing::Test {
  VirtualClock clock{1'000'000};
  std::vector<int> seen;
  VirtualClock::Event note(int number) {
    return [this, number] { seen.push_back(number); };
  }
};

TEST_F(VirtualClockTest, RunsEventsInTheOrderOfTime) {
  clock.at_us(300, note(3));
  clock.at_us(100, note(1));
  clock.at_us(200, note(2));
  while (clock.run_next(1000)) {
  }
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(clock.now_us(), 1000);
}

TEST_F(VirtualClockTest, EventsOfTheSameTimeKeepTheirOrder) {
  for (int i = 0; i < 20; ++i) clock.at_us(50, note(i));
  while (clock.run_next(50)) {
  }
  for (int i = 0; i < 20; ++i) EXPECT_EQ(seen.at(static_cast<std::size_t>(i)), i);
}

TEST_F(VirtualClockTest, RunsNothingBeyondTheLimit) {
  clock.at_us(100, note(1));
  EXPECT_FALSE(clock.run_next(99));
  EXPECT_EQ(clock.now_us(), 99);
  EXPECT_TRUE(seen.empty());
  EXPECT_TRUE(clock.run_next(100));
}

TEST_F(VirtualClockTest, ThePastIsNow) {
  clock.at_us(100, note(1));
  clock.run_next(100);
  clock.at_us(10, note(2));
  EXPECT_TRUE(clock.run_next(100));
  EXPECT_EQ(clock.now_us(), 100);
}

TEST_F(VirtualClockTest, GivesBackTheRoomOfABusyTime) {
  constexpr int k_events = 10'000;
  for (int i = 0; i < k_events; ++i) clock.at_us(i, note(i));
  EXPECT_GE(clock.capacity(), std::size_t{k_events});
  while (clock.run_next(k_events)) {
  }
  EXPECT_LE(clock.capacity(), 128U);
  ASSERT_EQ(seen.size(), std::size_t{k_events});
  for (int i = 0; i < k_events; ++i) ASSERT_EQ(seen[static_cast<std::size_t>(i)], i);
}

TEST_F(VirtualClockTest, MonotonicAndWallTimeMoveTogether) {
  const Now before = clock.now();
  clock.run_next(2'500'000);
  EXPECT_EQ(clock.now().mono - before.mono, Duration{2500});
  EXPECT_EQ(clock.now().wall_ms, before.wall_ms + 2500);
}

}  // namespace
}  // namespace ringway::sim
