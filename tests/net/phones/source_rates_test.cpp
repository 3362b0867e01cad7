#include "net/phones/source_rates.hpp"

#include <gtest/gtest.h>

#include "tests/net/phones/phone_test_support.hpp"

namespace ringway::net::phones::test {
namespace {

constexpr SourceRates::Limits k_limits{.per_second = 10, .at_once = 5, .addresses = 3};

std::size_t taken(SourceRates& rates, const std::string& from, MonoTime now, std::size_t tries = 100) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < tries; ++i) count += rates.take(address(from), now) ? 1 : 0;
  return count;
}

TEST(SourceRates, SoManyAtOnceAndSoManyASecond) {
  SourceRates rates(k_limits);
  EXPECT_EQ(taken(rates, "192.0.2.1:5060", {1000}), 5U);
  EXPECT_EQ(taken(rates, "192.0.2.1:5061", {1000}), 0U);  // another port is no other address
  EXPECT_EQ(taken(rates, "192.0.2.1:5060", {1099}), 0U);
  EXPECT_EQ(taken(rates, "192.0.2.1:5060", {1300}), 3U);
  EXPECT_EQ(taken(rates, "192.0.2.1:5060", {60'000}), 5U);  // no more than at once, however long it was
}

TEST(SourceRates, OneAddressDoesNotCountForAnother) {
  SourceRates rates(k_limits);
  EXPECT_EQ(taken(rates, "192.0.2.1:5060", {1000}), 5U);
  EXPECT_EQ(taken(rates, "192.0.2.2:5060", {1000}), 5U);
  EXPECT_EQ(taken(rates, "[2001:db8::1]:5060", {1000}), 5U);
}

TEST(SourceRates, AnIpv6SiteIsOneAddress) {
  SourceRates rates(k_limits);
  EXPECT_EQ(taken(rates, "[2001:db8::1]:5060", {1000}), 5U);
  EXPECT_EQ(taken(rates, "[2001:db8::2]:5060", {1000}), 0U);
  EXPECT_EQ(taken(rates, "[2001:db8:0:1::1]:5060", {1000}), 5U);
}

TEST(SourceRates, AFullTableForgetsWhomItMayForgetAndMeasuresTheRestTogether) {
  SourceRates rates(k_limits);
  for (const auto* const one : {"192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1"})
    EXPECT_EQ(taken(rates, one, {1000}), 5U);
  EXPECT_EQ(rates.addresses(), 3U);
  // Nobody's bucket is full again: those who come now share one.
  EXPECT_EQ(taken(rates, "192.0.2.4:1", {1400}), 5U);
  EXPECT_EQ(taken(rates, "192.0.2.5:1", {1400}), 0U);
  EXPECT_EQ(rates.addresses(), 3U);
  // The first one, unused since, is full again; the second has gone on.
  EXPECT_EQ(taken(rates, "192.0.2.2:1", {1450}), 4U);
  EXPECT_EQ(taken(rates, "192.0.2.5:1", {1500}), 5U);
  EXPECT_EQ(rates.addresses(), 3U);
  EXPECT_EQ(taken(rates, "192.0.2.5:1", {1500}), 0U);
  EXPECT_EQ(taken(rates, "192.0.2.2:1", {1500}), 1U);  // remembered
}

}  // namespace
}  // namespace ringway::net::phones::test
