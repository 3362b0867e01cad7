#include "sip-usage/registrar/overlay_entry.hpp"

#include <gtest/gtest.h>

#include "sip-usage/registrar/settings.hpp"

namespace ringway::sip::registrar {
namespace {

constexpr std::uint32_t k_lifetime_s = 1000;
const RouteRegistration k_one{"", {wire::to_node(NodeId{})}};
const RouteRegistration k_other{"(sip.audio=TRUE)", {wire::to_node(NodeId{})}};
constexpr OverlayRequestId k_request{1};

OverlayEntry stored(const RouteRegistration& value) {
  OverlayEntry entry(k_lifetime_s);
  entry.ask({0}, k_request, value);
  entry.answered({100}, true);
  return entry;
}

TEST(OverlayEntry, IsWrittenRenewedAndRemoved) {
  // Shows: SIP-12.
  OverlayEntry entry(k_lifetime_s);
  EXPECT_FALSE(entry.next_wake(std::nullopt)) << "nothing is there, nothing is wanted";
  EXPECT_TRUE(entry.is_due({0}, k_one));
  entry.ask({0}, k_request, k_one);
  EXPECT_FALSE(entry.is_due({0}, k_one)) << "one at a time";
  EXPECT_FALSE(entry.shows({0}, k_one));
  entry.answered({100}, true);
  EXPECT_TRUE(entry.shows({100}, k_one));
  EXPECT_FALSE(entry.shows({100}, k_other));
  EXPECT_EQ(*entry.next_wake(k_one), MonoTime{500'000}) << "renewed at half of its life";
  EXPECT_FALSE(entry.is_due({499'999}, k_one));
  EXPECT_TRUE(entry.is_due({500'000}, k_one));
  EXPECT_TRUE(entry.shows({999'999}, k_one));
  EXPECT_FALSE(entry.shows({1'000'000}, k_one)) << "counted from the asking";
  EXPECT_TRUE(entry.is_due({200}, std::nullopt));
  entry.ask({200}, k_request, std::nullopt);
  EXPECT_FALSE(entry.shows({200}, k_one));
  entry.answered({300}, true);
  EXPECT_FALSE(entry.is_due({300}, std::nullopt));
}

TEST(OverlayEntry, WhatFailsIsTriedAgainMoreAndMoreSeldom) {
  OverlayEntry entry = stored(k_one);
  MonoTime now{500'000};
  Duration expected = k_first_retry;
  for (int n = 0; n < 20; ++n) {
    entry.ask(now, k_request, k_one);
    entry.answered(now, false);
    EXPECT_EQ(*entry.next_wake(k_one) - now, expected);
    EXPECT_FALSE(entry.is_due(now, k_one));
    now = now + expected;
    EXPECT_TRUE(entry.is_due(now, k_one));
    expected = std::min(2 * expected, k_last_retry);
  }
}

TEST(OverlayEntry, ARenewalThatFailsLeavesWhatIsThere) {
  OverlayEntry entry = stored(k_one);
  entry.ask({500'000}, k_request, k_one);
  EXPECT_TRUE(entry.shows({500'000}, k_one));
  entry.answered({500'000}, false);
  EXPECT_TRUE(entry.shows({500'000}, k_one));
}

TEST(OverlayEntry, AnotherValueThatFailsLeavesDoubt) {
  OverlayEntry entry = stored(k_one);
  entry.ask({200}, k_request, k_other);
  entry.answered({200}, false);
  EXPECT_FALSE(entry.shows({200}, k_one)) << "the write may have been carried out";
  EXPECT_FALSE(entry.shows({200}, k_other));
  EXPECT_TRUE(entry.is_due({200 + k_first_retry.count()}, std::nullopt)) << "so there is something to remove";
}

TEST(OverlayEntry, IsOverdueWithoutAnAnswer) {
  OverlayEntry entry(k_lifetime_s);
  entry.ask({7}, k_request, k_one);
  EXPECT_EQ(*entry.next_wake(k_one), MonoTime{7} + k_overlay_time);
  EXPECT_FALSE(entry.is_overdue({6 + k_overlay_time.count()}));
  EXPECT_TRUE(entry.is_overdue({7 + k_overlay_time.count()}));
}

TEST(OverlayEntry, MayHaveBeenThereBefore) {
  OverlayEntry entry(k_lifetime_s);
  entry.suspect();
  EXPECT_TRUE(entry.is_due({0}, std::nullopt));
}

TEST(OverlayEntry, PhonesBringAboutSoManyWrites) {
  OverlayEntry entry(k_lifetime_s);
  for (std::size_t n = 0; n < k_max_store_burst; ++n) EXPECT_TRUE(entry.take_write({1})) << n;
  EXPECT_FALSE(entry.take_write({1}));
  EXPECT_FALSE(entry.take_write({k_store_interval.count()}));
  EXPECT_TRUE(entry.take_write({1 + k_store_interval.count()}));
  EXPECT_FALSE(entry.take_write({1 + k_store_interval.count()}));
}

}  // namespace
}  // namespace ringway::sip::registrar
