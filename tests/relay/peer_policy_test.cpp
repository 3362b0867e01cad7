// Whom a relay sends to: ranges as operators write them, and what is denied by default.
#include "relay/peer_policy.hpp"

#include <gtest/gtest.h>

namespace ringway::relay {
namespace {

stun::IpAddress ip(std::string_view text) { return stun::address_of(text, 0).value().ip; }

// Shows: TURN-11.
TEST(PeerPolicyTest, WhatIsNoPublicHostIsDenied) {
  const PeerPolicy policy;
  for (const auto* denied : {"0.0.0.0",
                             "10.255.255.255",
                             "100.64.0.1",
                             "100.127.255.255",
                             "127.0.0.1",
                             "169.254.169.254",
                             "172.16.0.1",
                             "172.31.255.255",
                             "192.168.0.1",
                             "198.19.255.255",
                             "224.0.0.1",
                             "255.255.255.255",
                             "::",
                             "::1",
                             "::ffff:8.8.8.8",
                             "64:ff9b::a00:1",
                             "2002:a00:1::1",
                             "2001:0:a00:1::1",
                             "fc00::1",
                             "fdff::1",
                             "fe80::1",
                             "febf::1",
                             "fec0::1",
                             "feff::1",
                             "::8.8.8.8",
                             "ff02::1"})
    EXPECT_FALSE(policy.permits(ip(denied))) << denied;
  for (const auto* permitted :
       {"1.1.1.1", "9.255.255.255", "11.0.0.1", "100.128.0.1", "172.32.0.1", "192.169.0.1", "198.20.0.1",
        "223.255.255.255", "2001:db8::1", "2a00::1", "2003::1"})
    EXPECT_TRUE(policy.permits(ip(permitted))) << permitted;
}

TEST(PeerPolicyTest, WhatAnOperatorAllowsGoesFirst) {
  const PeerPolicy policy({range_of("10.0.0.0/8").value(), range_of("192.0.2.7").value()},
                          {range_of("10.1.0.0/16").value()});
  EXPECT_FALSE(policy.permits(ip("10.0.255.255")));
  EXPECT_TRUE(policy.permits(ip("10.1.0.0")));
  EXPECT_FALSE(policy.permits(ip("10.2.0.0")));
  EXPECT_FALSE(policy.permits(ip("192.0.2.7")));
  EXPECT_TRUE(policy.permits(ip("192.0.2.6")));
  EXPECT_TRUE(policy.permits(ip("169.254.0.1"))) << "an own list is the whole list";
}

// The system takes it for the address inside, which a list of IPv4 has not seen.
TEST(PeerPolicyTest, Ipv4InTheClothesOfIpv6IsAlwaysDenied) {
  const PeerPolicy policy({}, {range_of("::/0").value(), range_of("::ffff:0:0/96").value()});
  EXPECT_TRUE(policy.permits(ip("2001:db8::1")));
  EXPECT_FALSE(policy.permits(ip("::ffff:192.0.2.1")));
  EXPECT_FALSE(policy.permits(ip("::ffff:127.0.0.1")));
}

// Who allows all addresses means those of other machines: what listens on this one is not opened.
// Shows: TURN-11.
TEST(PeerPolicyTest, AllAddressesAreNotThoseOfThisMachine) {
  const PeerPolicy all({}, {range_of("0.0.0.0/0").value(), range_of("::/0").value()});
  for (const auto* never : {"0.0.0.0", "0.1.2.3", "127.0.0.1", "127.9.9.9", "224.0.0.1", "239.255.255.255",
                            "255.255.255.255", "::", "::1", "ff02::1", "::ffff:127.0.0.1"})
    EXPECT_FALSE(all.permits(ip(never))) << never;
  for (const auto* allowed : {"10.0.0.1", "169.254.169.254", "8.8.8.8", "fd00::1", "2001:db8::1"})
    EXPECT_TRUE(all.permits(ip(allowed))) << allowed;
  EXPECT_FALSE(PeerPolicy({}, {}).permits(ip("127.0.0.1"))) << "denied without being said to be";
}

TEST(PeerPolicyTest, LoopbackIsAllowedByARangeOfIt) {
  const PeerPolicy whole({}, {range_of("127.0.0.0/8").value(), range_of("::1").value()});
  EXPECT_TRUE(whole.permits(ip("127.0.0.1")));
  EXPECT_TRUE(whole.permits(ip("127.255.255.255")));
  EXPECT_TRUE(whole.permits(ip("::1")));
  const PeerPolicy part(
      {}, {range_of("127.1.0.0/16").value(), range_of("126.0.0.0/7").value(), range_of("::/127").value()});
  EXPECT_TRUE(part.permits(ip("127.1.2.3")));
  EXPECT_FALSE(part.permits(ip("127.2.0.1"))) << "a range that is wider does not count";
  EXPECT_FALSE(part.permits(ip("::1")));
}

// Shows: TURN-11.
TEST(PeerPolicyTest, WhatIsNoHostIsNeverAllowed) {
  const PeerPolicy by_name(
      {}, {range_of("0.0.0.0").value(), range_of("224.0.0.0/4").value(), range_of("255.255.255.255").value(),
           range_of("::").value(), range_of("ff00::/8").value()});
  for (const auto* never : {"0.0.0.0", "224.0.0.251", "255.255.255.255", "::", "ff02::fb"}) {
    EXPECT_TRUE(is_no_host(ip(never))) << never;
    EXPECT_FALSE(by_name.permits(ip(never))) << never;
  }
  EXPECT_FALSE(is_no_host(ip("127.0.0.1")));
  EXPECT_FALSE(is_no_host(ip("240.0.0.1")));
}

TEST(PeerPolicyTest, EveryLengthOfAPrefix) {
  for (unsigned bits = 0; bits <= 32; ++bits) {
    AddressRange range{ip("0.0.0.0"), bits};
    stun::IpAddress first_outside = range.base;
    EXPECT_TRUE(range.contains(ip("0.0.0.0")));
    if (bits == 0) continue;
    first_outside.octets.at((bits - 1) / 8) = static_cast<std::uint8_t>(0x80U >> (bits - 1) % 8);
    EXPECT_FALSE(range.contains(first_outside)) << bits;
  }
  EXPECT_FALSE(range_of("0.0.0.0/0")->contains(ip("::")));
  EXPECT_TRUE(range_of("::/0")->contains(ip("ffff::")));
}

TEST(PeerPolicyTest, WhatIsNoRangeIsSaid) {
  EXPECT_EQ(range_of("10.0.0.1/8").error().reason, "'10.0.0.1/8' has bits set behind its prefix");
  EXPECT_EQ(range_of("10.0.0.0/33").error().reason,
            "'10.0.0.0/33' has no count of bits from 0 to 32 after its '/'");
  EXPECT_EQ(range_of("fc00::/x").error().reason,
            "'fc00::/x' has no count of bits from 0 to 128 after its '/'");
  EXPECT_EQ(range_of("fc00::/").error().reason, "'fc00::/' has no count of bits from 0 to 128 after its '/'");
  EXPECT_EQ(range_of("here").error().reason, "'here' does not begin with an address of IPv4 or IPv6");
  EXPECT_EQ(range_of("").error().reason, "'' does not begin with an address of IPv4 or IPv6");
}

}  // namespace
}  // namespace ringway::relay
