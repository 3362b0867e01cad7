#include "reload/deadline.hpp"

#include <gtest/gtest.h>

namespace ringway {
namespace {

TEST(Deadline, IsThereOrNot) {
  Deadline deadline;
  EXPECT_FALSE(deadline);
  deadline = MonoTime{0};
  ASSERT_TRUE(deadline);
  EXPECT_EQ(*deadline, MonoTime{0});
  deadline.reset();
  EXPECT_FALSE(deadline);
  EXPECT_FALSE(Deadline(std::optional<MonoTime>{}));
  EXPECT_EQ(*Deadline(std::optional<MonoTime>{MonoTime{5}}), MonoTime{5});
}

TEST(Deadline, TheSoonerOneIsOneThatIsThere) {
  const Deadline none, early = MonoTime{1}, late = MonoTime{2};
  EXPECT_FALSE(sooner(none, none));
  EXPECT_EQ(*sooner(none, late), MonoTime{2});
  EXPECT_EQ(*sooner(late, none), MonoTime{2});
  EXPECT_EQ(*sooner(late, early), MonoTime{1});
  EXPECT_EQ(*sooner(early, late), MonoTime{1});
}

}  // namespace
}  // namespace ringway
