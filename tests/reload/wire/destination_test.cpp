#include "reload/wire/destination.hpp"

#include <gtest/gtest.h>

#include "tests/reload/wire/hex.hpp"

namespace ringway::wire {
namespace {

Destination decoded(const std::string& layout) {
  const Result<Destination> destination = decode<Destination>(hex(layout));
  EXPECT_TRUE(destination);
  return destination ? *destination : Destination{};
}

TEST(DestinationLayout, Node) {
  // Shows: WIRE-19, WIRE-05.
  expect_layout(to_node(node(0x10)), "01 10 " + k_node_10);
  EXPECT_EQ(decoded("01 10 " + k_node_10), to_node(node(0x10)));
  expect_layout(to_node(wildcard_node()), "0110 ffffffffffffffffffffffffffffffff");
}

TEST(DestinationLayout, ResourceHasBothLengths) {
  // Shows: WIRE-19, WIRE-06.
  expect_layout(to_resource(node(0x10)), "02 11 10 " + k_node_10);
  EXPECT_EQ(decoded("02 04 03 464f4f"), Destination(ResourceDestination{text_bytes("FOO")}));
}

TEST(DestinationLayout, OpaqueHasBothLengths) {
  // Shows: WIRE-19.
  expect_layout(Destination{OpaqueDestination{{1, 2, 3}}}, "03 04 03 010203");
  EXPECT_EQ(decoded("03 04 03 010203"), Destination(OpaqueDestination{{1, 2, 3}}));
}

TEST(DestinationLayout, Compressed) {
  // Shows: WIRE-20.
  expect_layout(Destination{CompressedDestination{0x8001}}, "8001");
  EXPECT_EQ(decoded("fffe"), Destination(CompressedDestination{0xFFFE}));
}

TEST(DestinationLayout, UnknownTypeBelow128IsSkippedByItsLength) {
  // Shows: WIRE-19.
  const Result<DestinationList> list = decode<DestinationList>(hex("7f 02 aabb 01 10 " + k_node_10));
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 2U);
  EXPECT_EQ(list->front(), Destination(UnknownDestination{0x7F, {0xAA, 0xBB}}));
  EXPECT_EQ(list->back(), to_node(node(0x10)));
}

TEST(DestinationRefusals, LengthsThatDisagree) {
  // Shows: WIRE-02.
  EXPECT_EQ(refusal<Destination>("01 0f 101112131415161718191a1b1c1d1e"), "truncated");
  EXPECT_EQ(refusal<Destination>("01 11 " + k_node_10 + "20"), "bytes left over");
  EXPECT_EQ(refusal<Destination>("02 04 04 464f4f"), "truncated");
  EXPECT_EQ(refusal<Destination>("02 04 02 464f4f"), "bytes left over");
  EXPECT_EQ(refusal<Destination>("03 00"), "truncated");
}

TEST(DestinationRefusals, TypeZeroAndTheZeroNode) {
  // Shows: WIRE-19, WIRE-34.
  EXPECT_EQ(refusal<Destination>("00 00"), "destination type 0");
  EXPECT_EQ(refusal<Destination>("01 10 " + k_no_node_hex), "a Node-ID is not all zero");
}

TEST(DestinationLayout, ResourceOf254BytesIsTheLongest) {
  // Shows: WIRE-06.
  const Destination longest{ResourceDestination{Bytes(254, 1)}};
  const Bytes bytes = encode(longest);
  EXPECT_EQ(bytes.size(), 257U);
  EXPECT_EQ(decode<Destination>(bytes).value(), longest);
  EXPECT_FALSE(encode_checked(Destination{ResourceDestination{Bytes(255, 1)}}));
}

TEST(DestinationListLayout, IsAllThatIsThere) {
  const DestinationList list{to_node(node(0x10)), CompressedDestination{0x8123}, to_resource(node(0x20))};
  expect_layout(list, "0110 " + k_node_10 + "8123 021110 " + k_node_20);
  EXPECT_TRUE(decode<DestinationList>(SharedBytes{}).value().empty());
}

}  // namespace
}  // namespace ringway::wire
