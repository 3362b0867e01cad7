#include "reload/security/recent.hpp"

#include <gtest/gtest.h>

namespace ringway::security {
namespace {

Sha256 key(std::uint8_t n) { return sha256_of(Bytes{n}); }

TEST(Recent, ForgetsTheLeastRecentlyUsed) {
  Recent<int> memory(2);
  memory.add(key(1), 1);
  memory.add(key(2), 2);
  ASSERT_NE(memory.find(key(1)), nullptr);
  memory.add(key(3), 3);
  EXPECT_EQ(memory.find(key(2)), nullptr);
  ASSERT_NE(memory.find(key(1)), nullptr);
  EXPECT_EQ(*memory.find(key(1)), 1);
  EXPECT_EQ(*memory.find(key(3)), 3);
  EXPECT_EQ(memory.size(), 2U);
}

TEST(Recent, KeepsTheNewestValueOfAKey) {
  Recent<int> memory(2);
  memory.add(key(1), 1);
  memory.add(key(2), 2);
  memory.add(key(1), 10);
  memory.add(key(3), 3);
  EXPECT_EQ(memory.find(key(2)), nullptr);
  EXPECT_EQ(*memory.find(key(1)), 10);
  memory.clear();
  EXPECT_EQ(memory.size(), 0U);
  EXPECT_EQ(memory.find(key(1)), nullptr);
}

}  // namespace
}  // namespace ringway::security
