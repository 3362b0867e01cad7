#include "actors/alarm.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace ringway::actors {
namespace {

struct AlarmTest : testing::Test {
  std::vector<std::pair<std::int64_t, std::uint64_t>> scheduled;
  Alarm alarm{[this](Duration delay, std::uint64_t generation) {
    scheduled.emplace_back(delay.count(), generation);
  }};
};

TEST_F(AlarmTest, SendsOneMessageForOneDeadline) {
  alarm.set(MonoTime{100}, MonoTime{150});
  alarm.set(MonoTime{110}, MonoTime{150});
  ASSERT_EQ(scheduled.size(), 1U);
  EXPECT_EQ(scheduled[0].first, 50);
}

TEST_F(AlarmTest, AnEarlierDeadlineReplacesALaterOne) {
  alarm.set(MonoTime{0}, MonoTime{500});
  alarm.set(MonoTime{0}, MonoTime{20});
  ASSERT_EQ(scheduled.size(), 2U);
  EXPECT_FALSE(alarm.rang(scheduled[0].second));
  EXPECT_TRUE(alarm.rang(scheduled[1].second));
}

TEST_F(AlarmTest, ALaterDeadlineWaitsForTheMessageThatIsUnderWay) {
  alarm.set(MonoTime{0}, MonoTime{20});
  alarm.set(MonoTime{0}, MonoTime{500});
  ASSERT_EQ(scheduled.size(), 1U);
  EXPECT_TRUE(alarm.rang(scheduled[0].second));
  alarm.set(MonoTime{20}, MonoTime{500});
  ASSERT_EQ(scheduled.size(), 2U);
  EXPECT_EQ(scheduled[1].first, 480);
}

TEST_F(AlarmTest, APassedDeadlineIsNotABusyLoop) {
  alarm.set(MonoTime{100}, MonoTime{40});
  ASSERT_EQ(scheduled.size(), 1U);
  EXPECT_GE(scheduled[0].first, 1);
}

TEST_F(AlarmTest, NoDeadlineNoMessage) {
  alarm.set(MonoTime{100}, std::nullopt);
  EXPECT_TRUE(scheduled.empty());
}

}  // namespace
}  // namespace ringway::actors
