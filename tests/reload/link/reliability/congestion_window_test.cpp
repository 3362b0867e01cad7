#include "reload/link/reliability/congestion_window.hpp"

#include <gtest/gtest.h>

#include "reload/link/reliability/pacer.hpp"

namespace ringway::link {
namespace {

constexpr MonoTime k_start{5'000};
MonoTime at(std::int64_t ms) { return k_start + Duration{ms}; }
constexpr std::size_t k_queue = k_few_queued_frames;

TEST(CongestionWindow, StartsWithTenAndGrowsByOneForEachFrame) {
  // Shows: LINK-07.
  CongestionWindow window;
  EXPECT_EQ(window.frames(), 10U);
  for (std::uint32_t i = 0; i < 10; ++i) window.acknowledged(i, true);
  EXPECT_EQ(window.frames(), 20U);
}

TEST(CongestionWindow, IsNeverLargerThanWhatAnAcknowledgementReports) {
  // Shows: LINK-07.
  CongestionWindow window;
  for (std::uint32_t i = 0; i < 1000; ++i) window.acknowledged(i, true);
  EXPECT_EQ(window.frames(), k_max_window_frames);
}

TEST(CongestionWindow, DoesNotGrowWhileItIsNotUsed) {
  CongestionWindow window;
  for (std::uint32_t i = 0; i < 1000; ++i) window.acknowledged(i, false);
  EXPECT_EQ(window.frames(), k_initial_window_frames);
}

TEST(CongestionWindow, HalvesOnceForAllLossesOfAFlight) {
  // Shows: LINK-07.
  CongestionWindow window;
  for (std::uint32_t i = 0; i < 10; ++i) window.acknowledged(i, true);
  window.lost(10, 30, k_queue);
  EXPECT_EQ(window.frames(), 10U);
  EXPECT_FALSE(window.in_slow_start());
  window.lost(17, 30, k_queue);
  window.lost(29, 40, k_queue);
  EXPECT_EQ(window.frames(), 10U);
  window.lost(30, 40, k_queue);
  EXPECT_EQ(window.frames(), 5U);
  for (std::uint32_t i = 40; i < 200; i += 20) window.lost(i, i + 10, k_queue);
  EXPECT_EQ(window.frames(), k_min_window_frames);
}

TEST(CongestionWindow, TakesAFifthWhereNothingIsQueued) {
  CongestionWindow window;
  window.lost(0, 10, k_few_queued_frames - 1);
  EXPECT_EQ(window.frames(), 8U);
  window.lost(10, 20, k_few_queued_frames);
  EXPECT_EQ(window.frames(), 4U);
}

TEST(CongestionWindow, GrowsByOneEachRoundTripAfterALoss) {
  CongestionWindow window;
  window.lost(0, 10, k_queue);
  ASSERT_EQ(window.frames(), 5U);
  for (std::uint32_t i = 1; i < 10; ++i) window.acknowledged(i, true);
  EXPECT_EQ(window.frames(), 5U) << "sent before the loss was seen";
  for (std::uint32_t i = 10; i < 15; ++i) window.acknowledged(i, true);
  EXPECT_EQ(window.frames(), 6U);
  for (std::uint32_t i = 15; i < 21; ++i) window.acknowledged(i, true);
  EXPECT_EQ(window.frames(), 7U);
}

TEST(CongestionWindow, BeginsWithOneAfterATimeout) {
  // Shows: LINK-07.
  CongestionWindow window;
  window.timed_out(20, 20);
  EXPECT_EQ(window.frames(), 1U);
  for (std::uint32_t i = 20; i < 29; ++i) window.acknowledged(i, true);
  EXPECT_EQ(window.frames(), 10U);
  EXPECT_FALSE(window.in_slow_start());
}

TEST(CongestionWindow, RecoveryGoesAroundTheEndOfTheSequenceSpace) {
  CongestionWindow window;
  window.lost(0xfffffff0, 2, k_queue);
  ASSERT_EQ(window.frames(), 5U);
  window.lost(0xffffffff, 4, k_queue);
  window.lost(1, 4, k_queue);
  EXPECT_EQ(window.frames(), 5U);
  window.lost(2, 6, k_queue);
  EXPECT_EQ(window.frames(), 2U);
}

TEST(CongestionWindow, ForgetsWhatItHadAfterSilence) {
  CongestionWindow window;
  for (std::uint32_t i = 0; i < 20; ++i) window.acknowledged(i, true);
  window.idled();
  EXPECT_EQ(window.frames(), k_initial_window_frames);
}

TEST(Pacer, SendsTheFirstWindowAtOnceAndThenByTheRate) {
  // Shows: LINK-07.
  Pacer pacer;
  pacer.set_rate(at(0), 20, Duration{100}, false);  // one each 4 ms
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(pacer.may_send(at(0)));
    pacer.sent(at(0));
  }
  EXPECT_FALSE(pacer.may_send(at(0)));
  EXPECT_EQ(pacer.next(at(0)), at(4));
  EXPECT_FALSE(pacer.may_send(at(3)));
  EXPECT_TRUE(pacer.may_send(at(4)));
  int sent = 0;
  for (std::int64_t ms = 0; ms < 100; ++ms)
    for (; pacer.may_send(at(ms)); ++sent) pacer.sent(at(ms));
  EXPECT_NEAR(sent, 25, 1) << "a quarter more than the window";
}

TEST(Pacer, GoesOnWhereNoRoundTripIsKnown) {
  Pacer pacer;
  for (int i = 0; i < 10; ++i) pacer.sent(at(0));
  EXPECT_FALSE(pacer.may_send(at(0)));
  EXPECT_TRUE(pacer.may_send(pacer.next(at(0))));
}

TEST(Pacer, SavesNoMoreThanOneBurst) {
  Pacer pacer;
  pacer.set_rate(at(0), 32, Duration{10}, true);
  int sent = 0;
  for (; pacer.may_send(at(100'000)); ++sent) pacer.sent(at(100'000));
  EXPECT_EQ(sent, 10);
}

}  // namespace
}  // namespace ringway::link
