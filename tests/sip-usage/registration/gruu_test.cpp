// GRUUs: a destination list inside an address.
#include "sip-usage/registration/gruu.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/test_authority.hpp"

namespace ringway::sip {
namespace {

using ringway::test::node_id;
using testing::HasSubstr;
using testing::Not;

const NodeId k_node = [] {
  NodeId node;
  for (std::size_t i = 0; i < node.bytes.size(); ++i) node.bytes[i] = static_cast<std::uint8_t>(0x10 + i);
  return node;
}();

TEST(Gruus, CarryTheDestinationList) {
  // Shows: SIP-23.
  // conformance.md, appendix C.
  const auto gruu = make_gruu(*Aor::of_user_name("alice@example.org"), {wire::to_node(k_node)});
  ASSERT_TRUE(gruu.ok());
  EXPECT_EQ(*gruu, "alice@example.org;gr=ARAQERITFBUWFxgZGhscHR4f");
  const auto address = read_address("sip:" + *gruu, "example.org");
  ASSERT_TRUE(address.ok());
  EXPECT_EQ(*read_gr(*address->gr), wire::DestinationList{wire::to_node(k_node)});
}

TEST(Gruus, TildesStandForEqualSigns) {
  // Shows: SIP-23.
  for (std::size_t size = 1; size <= 3; ++size) {
    const wire::DestinationList list = {wire::to_node(k_node), wire::OpaqueDestination{Bytes(size, 0xFF)}};
    const auto gr = write_gr(list);
    ASSERT_TRUE(gr.ok());
    EXPECT_THAT(*gr, Not(HasSubstr("=")));
    EXPECT_EQ(*read_gr(*gr), list);
  }
  EXPECT_TRUE(write_gr({wire::to_node(k_node), wire::OpaqueDestination{Bytes(1)}})->ends_with("~~"));
}

TEST(Gruus, WhatIsNoRouteIsRefused) {
  for (const char* gr : {"", "urn:uuid:f81d4fae", "ARAQERITFBUWFxgZGhscHR4", "ARAQERITFBUWFxgZGhscHR4f~~~~",
                         "ARAQERITFBUWFxgZ GhscHR4f", "gAE~", "gAE=", "AgEA",
                         // The RFC's example, whose bytes are digits.
                         "MDEyMzQ1Njc4OTAxMjM0NTY3ODk~"})
    EXPECT_FALSE(read_gr(gr).ok()) << gr;
  EXPECT_FALSE(write_gr({}).ok());
  EXPECT_FALSE(write_gr({wire::to_node(wildcard_node())}).ok());
}

TEST(Gruus, AreBounded) {
  const auto list = [](std::size_t opaque_bytes) {
    return wire::DestinationList{wire::to_node(k_node), wire::OpaqueDestination{Bytes(250)},
                                 wire::OpaqueDestination{Bytes(250)},
                                 wire::OpaqueDestination{Bytes(opaque_bytes)}};
  };
  // 18 bytes, twice 253, three and as many: 768 bytes are 1024 characters.
  const auto longest = write_gr(list(241));
  ASSERT_TRUE(longest.ok());
  EXPECT_EQ(longest->size(), k_max_gr_bytes);
  EXPECT_TRUE(read_gr(*longest).ok());
  EXPECT_FALSE(write_gr(list(242)).ok());
}

TEST(Gruus, AnonymousOnesShowOnlyWhoStandsInFront) {
  // Shows: SIP-24.
  const wire::DestinationList hidden = {wire::to_node(node_id(0xAA))};
  const auto gruu = make_anonymous_gruu("example.org", hidden, [&](const wire::DestinationList& list) {
    EXPECT_EQ(list, hidden);
    return wire::DestinationList{wire::to_node(k_node), wire::OpaqueDestination{{1, 2}}};
  });
  ASSERT_TRUE(gruu.ok());
  EXPECT_THAT(*gruu, testing::StartsWith("anonymous@example.org;gr="));
  const auto shown = read_gr(gruu->substr(gruu->find("gr=") + 3));
  ASSERT_TRUE(shown.ok());
  EXPECT_EQ(shown->front(), wire::to_node(k_node));
  EXPECT_EQ(shown->size(), 2U);
  EXPECT_FALSE(make_anonymous_gruu("example.org", hidden, [](const auto& list) { return list; }).ok());
  EXPECT_FALSE(make_anonymous_gruu("example.org", hidden, [](const auto&) { return std::nullopt; }).ok());
}

}  // namespace
}  // namespace ringway::sip
