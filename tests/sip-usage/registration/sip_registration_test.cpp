// The bytes of SIP-REGISTRATION values.
#include "sip-usage/registration/sip_registration.hpp"

#include <gtest/gtest.h>

#include "tests/support/test_authority.hpp"

namespace ringway::sip {
namespace {

using ringway::test::node_id;

// N of conformance.md, appendix C.
const NodeId k_node = [] {
  NodeId node;
  for (std::size_t i = 0; i < node.bytes.size(); ++i) node.bytes[i] = static_cast<std::uint8_t>(0x10 + i);
  return node;
}();

Result<SipRegistration> decoded(std::string_view hex) {
  Bytes bytes;
  EXPECT_TRUE(from_hex(hex, bytes));
  return wire::decode<SipRegistration>(SharedBytes(std::move(bytes)));
}
bool acceptable(const SipRegistration& registration) {
  return check_registration(registration, "overlay.example.org").ok();
}

TEST(SipRegistrations, BothFormsHaveTheirBytes) {
  // Shows: SIP-04.
  const SipRegistration uri = UriRegistration{"sam@a.b"};
  EXPECT_EQ(to_hex(wire::encode(uri)),
            "010009"
            "0007"
            "73616d40612e62");
  const SipRegistration route = registration_of_node(k_node, "(x=1)");
  EXPECT_EQ(to_hex(wire::encode(route)),
            "02001b"
            "0005"
            "28783d3129"
            "0012"
            "0110101112131415161718191a1b1c1d1e1f");
  for (const auto& one : {uri, route}) {
    const auto again = wire::decode<SipRegistration>(SharedBytes(wire::encode(one)));
    ASSERT_TRUE(again.ok()) << again.error().reason;
    EXPECT_EQ(*again, one);
  }
}

TEST(SipRegistrations, LaterTypesAreKeptAsTheyCome) {
  // Shows: SIP-04.
  const auto later = decoded("030002abcd");
  ASSERT_TRUE(later.ok());
  EXPECT_EQ(*later, SipRegistration(UnknownRegistration{3, {0xAB, 0xCD}}));
  EXPECT_EQ(to_hex(wire::encode(*later)), "030002abcd");
  EXPECT_FALSE(decoded("000002abcd").ok());
}

TEST(SipRegistrations, LengthsMustAgree) {
  // Shows: SIP-04.
  for (const char* wrong : {
           "", "01", "0100",
           "0100080007"
           "73616d40612e62",  // the length before the uri too small
           "01000a0007"
           "73616d40612e6200",  // bytes behind the uri
           "0100090008"
           "73616d40612e62",              // the uri longer than the record
           "010009000773616d40612e6200",  // bytes behind the record
           "0200040000"
           "0000",
           "0200060000"
           "00028001",  // lists of less than 3 bytes
           "0200070000"
           "0003011000",  // a Node-ID cut short
       })
    EXPECT_FALSE(decoded(wrong).ok()) << wrong;
}

TEST(SipRegistrations, RoutesAreBounded) {
  RouteRegistration route;
  for (std::size_t i = 0; i < k_max_route_destinations; ++i)
    route.destinations.push_back(wire::to_node(node_id(static_cast<std::uint8_t>(i + 1))));
  EXPECT_TRUE(acceptable(route));
  EXPECT_TRUE(wire::decode<SipRegistration>(SharedBytes(wire::encode(SipRegistration(route)))).ok());
  route.destinations.push_back(wire::to_node(node_id(99)));
  EXPECT_FALSE(acceptable(route));
  EXPECT_FALSE(wire::decode<SipRegistration>(SharedBytes(wire::encode(SipRegistration(route)))).ok());
}

TEST(SipRegistrations, ARouteEndsAtAPeer) {
  const wire::Destination node = wire::to_node(k_node);
  const wire::Destination opaque = wire::OpaqueDestination{{1, 2, 3}};
  EXPECT_TRUE(acceptable(RouteRegistration{"", {node}}));
  EXPECT_TRUE(acceptable(RouteRegistration{"", {node, opaque}}));
  EXPECT_TRUE(acceptable(RouteRegistration{"", {node, wire::CompressedDestination{0x8001}}}));
  EXPECT_FALSE(acceptable(RouteRegistration{"", {}}));
  EXPECT_FALSE(acceptable(RouteRegistration{"", {opaque}}));  // who could read it?
  EXPECT_FALSE(acceptable(RouteRegistration{"", {node, wire::to_resource(RingId{})}}));
  EXPECT_FALSE(acceptable(RouteRegistration{"", {wire::to_node(wildcard_node())}}));
  EXPECT_FALSE(acceptable(RouteRegistration{"", {wire::to_node(wildcard_node()), node}}));
}

TEST(SipRegistrations, WhatCannotBeReadIsNotAcceptable) {
  EXPECT_TRUE(acceptable(UriRegistration{"sip:sam@a.b"}));
  EXPECT_TRUE(acceptable(UriRegistration{"tel:+431"}));
  EXPECT_FALSE(acceptable(UriRegistration{""}));
  EXPECT_FALSE(acceptable(UriRegistration{"http://a.b/"}));
  EXPECT_TRUE(acceptable(registration_of_node(k_node, "(sip.schemes=SIPS)")));
  EXPECT_FALSE(acceptable(registration_of_node(k_node, "(sip.schemes=SIPS")));
}

}  // namespace
}  // namespace ringway::sip
