#include "actors/backlog.hpp"

#include <gtest/gtest.h>

namespace ringway::actors {
namespace {

TEST(Backlog, HoldsCreditsAboveTheHighMarkUntilTheLowMark) {
  Backlog backlog;
  backlog.add(Backlog::k_high_mark - 1);
  EXPECT_FALSE(backlog.must_hold());
  backlog.add(1);
  EXPECT_TRUE(backlog.must_hold());
  EXPECT_FALSE(backlog.remove(100)) << "still long";
  EXPECT_TRUE(backlog.remove(Backlog::k_high_mark - 100 - Backlog::k_low_mark))
      << "short again: tell routing";
  EXPECT_FALSE(backlog.remove(1)) << "told once";
  EXPECT_FALSE(backlog.must_hold());
}

TEST(Backlog, TellsNobodyWhenNothingIsHeld) {
  Backlog backlog;
  backlog.add(10);
  EXPECT_FALSE(backlog.remove(10));
}

}  // namespace
}  // namespace ringway::actors
