// What is answered to sources that nobody has proved to be there.
#include "relay/reply_budget.hpp"

#include <gtest/gtest.h>

#include "tests/relay/client.hpp"

namespace ringway::relay::test {
namespace {

TEST(ReplyBudgetTest, ZeroIsNoLimit) {
  ReplyBudget budget(1, {0, 0});
  for (int count = 0; count < 100'000; ++count) ASSERT_TRUE(budget.take({1}, ip("192.0.2.1"), 20, 1000));
}

TEST(ReplyBudgetTest, WhatIsNoLongerThanItsRequestIsAlwaysAnswered) {
  ReplyBudget budget(1, {100, 100, 100});
  for (int count = 0; count < 1000; ++count) ASSERT_TRUE(budget.take({1}, ip("192.0.2.1"), 64, 64));
  EXPECT_FALSE(budget.take({1}, ip("192.0.2.1"), 64, 165)) << "by more than there is";
}

// However much the others take.
TEST(ReplyBudgetTest, ANewSourceHasAShareOfItsOwn) {
  ReplyBudget budget(1, {100'000, 1000, 256});
  int answered = 0;
  for (int count = 0; count < 100; ++count) answered += budget.take({1}, ip("192.0.2.1"), 20, 120) ? 1 : 0;
  EXPECT_EQ(answered, 2 + 10) << "its own, then all of the rest";
  EXPECT_TRUE(budget.take({1}, ip("192.0.2.2"), 20, 120));
  EXPECT_TRUE(budget.take({1}, ip("192.0.2.2"), 20, 120));
  EXPECT_FALSE(budget.take({1}, ip("192.0.2.2"), 20, 120));
  EXPECT_TRUE(budget.take({1001}, ip("192.0.2.2"), 20, 120)) << "a second later";
}

TEST(ReplyBudgetTest, SitesOfIpv6AreOneSource) {
  ReplyBudget budget(1, {1000, 0});
  EXPECT_TRUE(budget.take({1}, ip("2001:db8::1"), 20, 900));
  EXPECT_FALSE(budget.take({1}, ip("2001:db8::2"), 20, 900));
  EXPECT_TRUE(budget.take({1}, ip("2001:db8:0:1::2"), 20, 900));
}

}  // namespace
}  // namespace ringway::relay::test
