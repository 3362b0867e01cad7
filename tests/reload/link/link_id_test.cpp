#include "reload/link/link_id.hpp"

#include <gtest/gtest.h>

namespace ringway::link {
namespace {

std::string round_trip(std::string_view text) {
  wire::IpAddressPort address;
  return parse_address(text, address) ? to_text(address) : "refused";
}

TEST(LinkAddress, Ipv4) {
  wire::IpAddressPort address;
  ASSERT_TRUE(parse_address("192.0.2.1:6084", address));
  EXPECT_EQ(address.type, wire::AddressType::ipv4);
  const std::array<std::uint8_t, 16> expected{192, 0, 2, 1};
  EXPECT_EQ(address.address, expected);
  EXPECT_EQ(address.port, 6084);
  EXPECT_EQ(to_text(address), "192.0.2.1:6084");
  EXPECT_EQ(round_trip("0.0.0.0:0"), "0.0.0.0:0");
  EXPECT_EQ(round_trip("255.255.255.255:65535"), "255.255.255.255:65535");
}

TEST(LinkAddress, Ipv6InTheFormOfRfc5952) {
  wire::IpAddressPort address;
  ASSERT_TRUE(parse_address("[2001:db8::1]:6084", address));
  EXPECT_EQ(address.type, wire::AddressType::ipv6);
  const std::array<std::uint8_t, 16> expected{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  EXPECT_EQ(address.address, expected);
  EXPECT_EQ(address.port, 6084);
  for (const auto* text :
       {"[2001:db8::1]:6084", "[::]:1", "[::1]:1", "[2001:db8::]:1", "[2001:db8:0:1:1:1:1:1]:1",
        "[2001:db8::1:0:0:1]:1", "[2001:0:0:1::1]:1", "[fe80::a0b:c0d]:1", "[1:2:3:4:5:6:7:8]:1"})
    EXPECT_EQ(round_trip(text), text);
  EXPECT_EQ(round_trip("[2001:DB8:0:0:0:0:0:1]:1"), "[2001:db8::1]:1");
  EXPECT_EQ(round_trip("[::ffff:192.0.2.1]:1"), "[::ffff:c000:201]:1");
}

TEST(LinkAddress, RefusesWhatIsNoAddress) {
  for (const auto* text : {"",
                           ":",
                           "192.0.2.1",
                           "192.0.2.1:",
                           "192.0.2.1:65536",
                           "192.0.2.1:-1",
                           "192.0.2.1:+1",
                           "192.0.2.1:1x",
                           "192.0.2:1",
                           "192.0.2.256:1",
                           "192.0.2.1.5:1",
                           " 192.0.2.1:1",
                           "192.0.2.1 :1",
                           "192.+0.2.1:1",
                           "example.org:1",
                           "[192.0.2.1]:1",
                           "2001:db8::1:1",
                           "[2001:db8::1]",
                           "[2001:db8::1]1",
                           "[2001:db8::1:6084",
                           "[]:1",
                           "[:::]:1",
                           "[1:2:3:4:5:6:7:8:9]:1",
                           "[fe80::1%eth0]:1"}) {
    wire::IpAddressPort address;
    address.port = 7;
    EXPECT_FALSE(parse_address(text, address)) << text;
    EXPECT_EQ(address.port, 7) << "a refused text leaves the address as it was: " << text;
  }
  EXPECT_EQ(to_text({}), "no address");
}

TEST(LinkId, IsAKey) {
  EXPECT_EQ(std::hash<LinkId>{}(LinkId{7}), std::hash<LinkId>{}(LinkId{7}));
  EXPECT_LT(LinkId{1}, LinkId{2});
}

}  // namespace
}  // namespace ringway::link
