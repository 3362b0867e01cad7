#include "reload/security/recent.hpp"

#include <gtest/gtest.h>

namespace ringway::security {
namespace {

constexpr WallMs k_now_ms = 1'800'000'000'000;
constexpr WallMs k_most_unused_ms = 60'000;

Sha256 key(std::uint8_t n) { return sha256_of(Bytes{n}); }

TEST(Recent, ForgetsTheLeastRecentlyUsed) {
  Recent<int> memory(2, k_most_unused_ms);
  memory.add(key(1), 1, k_now_ms);
  memory.add(key(2), 2, k_now_ms);
  ASSERT_NE(memory.find(key(1), k_now_ms), nullptr);
  memory.add(key(3), 3, k_now_ms);
  EXPECT_EQ(memory.find(key(2), k_now_ms), nullptr);
  ASSERT_NE(memory.find(key(1), k_now_ms), nullptr);
  EXPECT_EQ(*memory.find(key(1), k_now_ms), 1);
  EXPECT_EQ(*memory.find(key(3), k_now_ms), 3);
  EXPECT_EQ(memory.size(), 2U);
}

TEST(Recent, KeepsTheNewestValueOfAKey) {
  Recent<int> memory(2, k_most_unused_ms);
  memory.add(key(1), 1, k_now_ms);
  memory.add(key(2), 2, k_now_ms);
  memory.add(key(1), 10, k_now_ms);
  memory.add(key(3), 3, k_now_ms);
  EXPECT_EQ(memory.find(key(2), k_now_ms), nullptr);
  EXPECT_EQ(*memory.find(key(1), k_now_ms), 10);
  memory.clear();
  EXPECT_EQ(memory.size(), 0U);
  EXPECT_EQ(memory.find(key(1), k_now_ms), nullptr);
}

TEST(Recent, ForgetsWhatNobodyHasUsedForAWhile) {
  Recent<int> memory(10, k_most_unused_ms);
  memory.add(key(1), 1, k_now_ms);
  memory.add(key(2), 2, k_now_ms);
  EXPECT_NE(memory.find(key(1), k_now_ms + k_most_unused_ms), nullptr);
  EXPECT_EQ(memory.find(key(2), k_now_ms + k_most_unused_ms + 1000), nullptr);
  EXPECT_EQ(memory.size(), 1U);
  memory.add(key(3), 3, k_now_ms + 3 * k_most_unused_ms);  // what it adds makes it look, too
  EXPECT_EQ(memory.size(), 1U);
}

TEST(Recent, AClockThatWasSetBackForgetsNothing) {
  Recent<int> memory(10, k_most_unused_ms);
  memory.add(key(1), 1, k_now_ms);
  EXPECT_NE(memory.find(key(1), k_now_ms - 10 * k_most_unused_ms), nullptr);
}

}  // namespace
}  // namespace ringway::security
