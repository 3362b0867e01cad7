#include "net/address_shares.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "reload/link/link_id.hpp"

namespace ringway::net {
namespace {

wire::IpAddressPort at(const std::string& text) {
  wire::IpAddressPort address;
  EXPECT_TRUE(link::parse_address(text, address)) << text;
  return address;
}

TEST(AddressShares, EachAddressHasItsOwnWhateverThePort) {
  AddressShares shares(2);
  auto one = shares.take(at("192.0.2.1:1000"));
  const auto two = shares.take(at("192.0.2.1:2000"));
  EXPECT_TRUE(one && two);
  EXPECT_FALSE(shares.take(at("192.0.2.1:3000")));
  EXPECT_TRUE(shares.take(at("192.0.2.2:1000")));
  one.reset();
  EXPECT_TRUE(shares.take(at("192.0.2.1:3000")));
}

TEST(AddressShares, AnIpv6SiteIsOne) {
  AddressShares shares(1);
  const auto one = shares.take(at("[2001:db8:1:2::1]:1000"));
  EXPECT_FALSE(shares.take(at("[2001:db8:1:2:ffff::9]:1000")));
  EXPECT_TRUE(shares.take(at("[2001:db8:1:3::1]:1000")));
}

TEST(AddressShares, WhoHoldsNothingIsForgotten) {
  AddressShares shares(1);
  std::vector<std::optional<Slot>> held;
  for (int i = 0; i < 100; ++i) held.push_back(shares.take(at("192.0.2." + std::to_string(i) + ":1")));
  for (int i = 0; i < 10'000; ++i)
    EXPECT_TRUE(shares.take(at("10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ":1")));
  EXPECT_LE(shares.addresses(), 256U);
  EXPECT_FALSE(shares.take(at("192.0.2.7:1")));
}

}  // namespace
}  // namespace ringway::net
