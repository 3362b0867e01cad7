// When peers come to the enrollment server: in virtual time, with chance at its lower end, and seeded.
#include "services/upkeep/timetable.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "sim/seeded_random.hpp"

namespace ringway::services {
namespace {

using testing::AllOf;
using testing::Ge;
using testing::Le;
using testing::Lt;

constexpr WallMs k_start_ms = 1'800'000'000'000;
constexpr WallMs k_minute_ms = 60'000;
constexpr WallMs k_hour_ms = 60 * k_minute_ms;
constexpr WallMs k_day_ms = 24 * k_hour_ms;

// Chance at its lower end.
class Zero : public Random {
 public:
  std::uint64_t next() override { return 0; }
};
std::shared_ptr<Random> earliest() { return std::make_shared<Zero>(); }
std::shared_ptr<Random> seeded(std::uint64_t seed) { return std::make_shared<sim::SeededRandom>(seed); }

TEST(RenewalTimetableTest, AsksWhenTwoThirdsAreOver) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    RenewalTimetable times({}, seeded(seed));
    times.use(k_start_ms, k_start_ms + 90 * k_day_ms, k_start_ms);
    ASSERT_TRUE(times.next_ms());
    EXPECT_THAT(*times.next_ms(), AllOf(Ge(k_start_ms + 60 * k_day_ms), Le(k_start_ms + 66 * k_day_ms)));
  }
}

TEST(RenewalTimetableTest, AFleetDoesNotComeAtOnce) {
  std::set<WallMs> planned, overdue, failed;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    RenewalTimetable times({}, seeded(seed));
    times.use(k_start_ms, k_start_ms + 30 * k_day_ms, k_start_ms);
    planned.insert(*times.next_ms() / k_minute_ms);
    // All were off, and start in the same moment.
    const WallMs late_ms = k_start_ms + 29 * k_day_ms;
    times.use(k_start_ms, k_start_ms + 30 * k_day_ms, late_ms);
    EXPECT_THAT(*times.next_ms(), AllOf(Ge(late_ms), Le(late_ms + 10 * k_minute_ms)));
    overdue.insert(*times.next_ms() / 1000);
    times.failed(false, Duration{0}, late_ms);
    failed.insert(*times.next_ms() / 1000);
  }
  EXPECT_GT(planned.size(), 40U);
  EXPECT_GT(overdue.size(), 30U);
  EXPECT_GT(failed.size(), 15U);
}

TEST(RenewalTimetableTest, WaitsLongerAfterEachFailureUpToACap) {
  RenewalTimetable times({}, seeded(1));
  times.use(k_start_ms, k_start_ms + 3650 * k_day_ms, k_start_ms);
  WallMs now_ms = *times.next_ms();
  WallMs most_ms = k_minute_ms;
  for (int i = 0; i < 30; ++i) {
    times.failed(false, Duration{0}, now_ms);
    const WallMs wait_ms = *times.next_ms() - now_ms;
    EXPECT_THAT(wait_ms, AllOf(Ge(most_ms / 2), Le(most_ms))) << i;
    most_ms = std::min<WallMs>(2 * most_ms, 6 * k_hour_ms);
    now_ms = *times.next_ms();
  }
  EXPECT_EQ(times.failures(), 30U);
  times.use(now_ms, now_ms + 90 * k_day_ms, now_ms);
  EXPECT_EQ(times.failures(), 0U);
}

TEST(RenewalTimetableTest, ARefusalIsNotAskedAgainSoon) {
  RenewalTimetable times({}, earliest());
  times.use(k_start_ms, k_start_ms + 90 * k_day_ms, k_start_ms);
  times.failed(true, Duration{0}, k_start_ms + 60 * k_day_ms);
  EXPECT_EQ(*times.next_ms(), k_start_ms + 60 * k_day_ms + 3 * k_hour_ms);
}

TEST(RenewalTimetableTest, TheServerMayAskForMoreTime) {
  RenewalTimetable times({}, seeded(3));
  times.use(k_start_ms, k_start_ms + 90 * k_day_ms, k_start_ms);
  const WallMs now_ms = k_start_ms + 60 * k_day_ms;
  times.failed(false, std::chrono::hours{8}, now_ms);
  EXPECT_THAT(*times.next_ms(), AllOf(Ge(now_ms + 8 * k_hour_ms), Le(now_ms + 10 * k_hour_ms)));
  times.failed(false, std::chrono::hours{24 * 365}, now_ms);
  EXPECT_THAT(*times.next_ms(), Le(now_ms + 30 * k_hour_ms));
}

TEST(RenewalTimetableTest, TriesUntilTheEndAndNotLonger) {
  for (const WallMs life_ms : {k_minute_ms, k_day_ms, 365 * k_day_ms}) {
    RenewalTimetable times({}, seeded(5));
    const WallMs end_ms = k_start_ms + life_ms;
    times.use(k_start_ms, end_ms, k_start_ms);
    int attempts = 0;
    WallMs last_ms = 0;
    while (times.next_ms() && attempts < 10'000) {
      last_ms = *times.next_ms();
      if (last_ms < end_ms) ++attempts;
      times.failed(false, Duration{0}, last_ms);
    }
    EXPECT_THAT(attempts, AllOf(Ge(2), Lt(1000))) << life_ms;
    EXPECT_GE(last_ms, end_ms);
    EXPECT_FALSE(times.next_ms());
  }
}

TEST(RenewalTimetableTest, AnEndedCertificateIsNotRenewed) {
  RenewalTimetable times({}, earliest());
  times.use(k_start_ms - k_day_ms, k_start_ms, k_start_ms);
  EXPECT_FALSE(times.next_ms());
}

TEST(RenewalTimetableTest, ShortLivesAreRenewedInTimeToo) {
  RenewalTimetable times({}, earliest());
  times.use(k_start_ms, k_start_ms + k_minute_ms, k_start_ms);
  EXPECT_EQ(*times.next_ms(), k_start_ms + 40'000);
  times.failed(true, Duration{0}, k_start_ms + 40'000);
  EXPECT_EQ(*times.next_ms(), k_start_ms + 42'500);
}

TEST(PollTimetableTest, LooksAtARandomMomentBeforeTheDocumentExpires) {
  // Shows: CONFIG-06.
  std::set<WallMs> moments;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    PollTimetable times({}, seeded(seed));
    times.succeeded(k_start_ms + 2 * k_hour_ms, k_start_ms);
    EXPECT_THAT(times.next_ms(), AllOf(Ge(k_start_ms + k_hour_ms), Lt(k_start_ms + 109 * k_minute_ms)));
    moments.insert(times.next_ms() / k_minute_ms);
  }
  EXPECT_GT(moments.size(), 25U);
}

TEST(PollTimetableTest, LooksMoreThanOnceBeforeTheEndAndAfterIt) {
  // Shows: CONFIG-06.
  PollTimetable times({}, seeded(2));
  const WallMs end_ms = k_start_ms + 10 * k_hour_ms;
  times.start(end_ms, k_start_ms);
  int before = 0, after = 0;
  while (times.next_ms() < end_ms + k_hour_ms) {
    const WallMs now_ms = times.next_ms();
    ++(now_ms < end_ms ? before : after);
    if (before % 2 == 0) {
      times.failed(end_ms, now_ms);
    } else {
      times.succeeded(end_ms, now_ms);
    }
    ASSERT_GE(times.next_ms() - now_ms, k_minute_ms);
  }
  EXPECT_THAT(before, AllOf(Ge(4), Le(40)));
  EXPECT_THAT(after, AllOf(Ge(4), Le(61)));
}

TEST(PollTimetableTest, OtherwiseEverySixHours) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    PollTimetable times({}, seeded(seed));
    times.start(std::nullopt, k_start_ms);
    EXPECT_THAT(times.next_ms(), AllOf(Ge(k_start_ms + k_minute_ms), Le(k_start_ms + 10 * k_minute_ms)));
    times.succeeded(k_start_ms + 3650 * k_day_ms, k_start_ms);
    EXPECT_THAT(times.next_ms() - k_start_ms, AllOf(Ge(270 * k_minute_ms), Le(450 * k_minute_ms)));
  }
}

TEST(PollTimetableTest, WaitsLongerAfterEachFailureUpToThePeriod) {
  PollTimetable times({}, seeded(4));
  WallMs most_ms = k_minute_ms;
  for (int i = 0; i < 15; ++i) {
    times.failed(std::nullopt, k_start_ms);
    EXPECT_THAT(times.next_ms() - k_start_ms, AllOf(Ge(std::max(k_minute_ms, most_ms / 2)), Le(most_ms)));
    most_ms = std::min<WallMs>(2 * most_ms, 6 * k_hour_ms);
  }
}

TEST(PollTimetableTest, NewsAreLookedForAtOnceButNotAgainAndAgain) {
  // Shows: CONFIG-06.
  PollTimetable times({}, seeded(5));
  times.start(std::nullopt, k_start_ms);
  times.hurry(k_start_ms);
  EXPECT_LE(times.next_ms(), k_start_ms + 1'000);
  const WallMs looked_ms = times.next_ms();
  times.succeeded(std::nullopt, looked_ms);
  times.hurry(looked_ms + 5'000);
  EXPECT_EQ(times.next_ms(), looked_ms + k_minute_ms);
  times.failed(std::nullopt, times.next_ms());
  const WallMs planned_ms = times.next_ms();
  times.hurry(planned_ms - 1);
  EXPECT_LE(times.next_ms(), planned_ms);
}

TEST(PollTimetableTest, ADocumentThatEndsSoonerBringsThePollForward) {
  PollTimetable times({}, seeded(4));
  times.succeeded(std::nullopt, k_start_ms);
  times.document(k_start_ms + k_hour_ms, k_start_ms);
  EXPECT_LT(times.next_ms(), k_start_ms + k_hour_ms);
  const WallMs before_ms = times.next_ms();
  times.document(k_start_ms + 3650 * k_day_ms, k_start_ms);
  EXPECT_EQ(times.next_ms(), before_ms);
}

}  // namespace
}  // namespace ringway::services
