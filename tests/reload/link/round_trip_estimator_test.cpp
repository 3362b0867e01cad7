#include <gtest/gtest.h>

#include "reload/link/framed_link.hpp"

namespace ringway::link {
namespace {

TEST(RoundTripEstimator, StartsAtTheDefault) {
  // Shows: LINK-09.
  const RoundTripEstimator estimator;
  EXPECT_EQ(estimator.rto(), Duration{500});
  EXPECT_FALSE(estimator.smoothed());
}

TEST(RoundTripEstimator, FollowsRfc6298InMilliseconds) {
  // Shows: LINK-09.
  RoundTripEstimator estimator;
  estimator.sample(Duration{800});  // (2.2): SRTT = 800, RTTVAR = 400, RTO = 800 + 4 * 400
  EXPECT_EQ(estimator.smoothed(), Duration{800});
  EXPECT_EQ(estimator.rto(), Duration{2400});
  // (2.3): RTTVAR = 3/4 * 400 + 1/4 * |800 - 1000| = 350, SRTT = 7/8 * 800 + 1/8 * 1000 = 825
  estimator.sample(Duration{1000});
  EXPECT_EQ(estimator.smoothed(), Duration{825});
  EXPECT_EQ(estimator.rto(), Duration{825 + 4 * 350});
  // RTTVAR = 262.5 + 1/4 * 6 = 264, SRTT = 721.875 + 102.375 = 824.25; 824.25 + 1056 rounded up, and not to
  // the next second
  estimator.sample(Duration{819});
  EXPECT_EQ(estimator.smoothed(), Duration{825});
  EXPECT_EQ(estimator.rto(), Duration{1881});
}

TEST(RoundTripEstimator, KeepsWithinItsBounds) {
  RoundTripEstimator fast;
  for (int i = 0; i < 50; ++i) fast.sample(Duration{2});
  EXPECT_EQ(fast.rto(), k_min_rto);
  EXPECT_EQ(fast.smoothed(), Duration{2});
  RoundTripEstimator slow;
  slow.sample(Duration{100'000});
  EXPECT_EQ(slow.rto(), k_max_rto);
  RoundTripEstimator backwards;
  backwards.sample(Duration{-5});
  EXPECT_EQ(backwards.smoothed(), Duration{0});
}

TEST(RoundTripEstimator, ConvergesBothWays) {
  RoundTripEstimator estimator;
  for (int i = 0; i < 200; ++i) estimator.sample(Duration{1});
  for (int i = 0; i < 200; ++i) estimator.sample(Duration{900});
  EXPECT_EQ(estimator.smoothed(), Duration{900});
  EXPECT_LE(estimator.rto(), Duration{902});
  for (int i = 0; i < 200; ++i) estimator.sample(Duration{1});
  EXPECT_LE(*estimator.smoothed(), Duration{2});
  EXPECT_EQ(estimator.rto(), k_min_rto);
}

}  // namespace
}  // namespace ringway::link
