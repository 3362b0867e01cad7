#include "reload/wire/service_bodies.hpp"

#include <gtest/gtest.h>

#include "tests/reload/wire/hex.hpp"

// Layouts are those of conformance.md, Appendix B.5.

namespace ringway::wire {
namespace {

const std::string k_node = "0110 101112131415161718191a1b1c1d1e1f ";
const std::string k_name = "000b 7475726e2d736572766572 ";  // turn-server

TEST(ServiceBodies, RedirServiceProvider) {
  // Shows: DISC-02.
  const auto bytes = hex("00 0012 " + k_node + k_name + "0002 0003 0000");
  const auto record = decode<RedirServiceProvider>(bytes);
  ASSERT_TRUE(record) << record.error().reason;
  ASSERT_EQ(record->destinations.size(), 1U);
  EXPECT_EQ(record->destinations[0], to_node(as_node(ring_id_from(hex("101112131415161718191a1b1c1d1e1f")))));
  EXPECT_EQ(text_of(BytesView{record->service}), "turn-server");
  EXPECT_EQ(record->level, 2U);
  EXPECT_EQ(record->node, 3U);
  EXPECT_TRUE(equal(encode(*record), bytes));
}

TEST(ServiceBodies, ExtensionsOfOtherTypesAreKept) {
  // Shows: DISC-02.
  const auto bytes = hex("07 0000 " + k_name + "0000 0000 0002 abcd");
  const auto record = decode<RedirServiceProvider>(bytes);
  ASSERT_TRUE(record) << record.error().reason;
  EXPECT_EQ(record->extension_type, 7U);
  EXPECT_TRUE(equal(encode(*record), bytes));
  EXPECT_FALSE(decode<RedirServiceProvider>(hex("00 0000 " + k_name + "0000 0000 0002 abcd")));
  EXPECT_FALSE(decode<RedirServiceProvider>(hex("00 0000 " + k_name + "0000 0000 0001")));
  EXPECT_FALSE(decode<RedirServiceProvider>(hex("00 0000 " + k_name + "0000 0000 0000 00")));
  EXPECT_FALSE(decode<RedirServiceProvider>(hex("00 0012 " + k_node)));
}

TEST(ServiceBodies, TurnServer) {
  // Shows: TURN-03.
  const auto bytes = hex("03 01 06 c0000201 0d96");
  const auto record = decode<TurnServer>(bytes);
  ASSERT_TRUE(record) << record.error().reason;
  EXPECT_EQ(record->iteration, 3U);
  EXPECT_EQ(record->server_address.type, AddressType::ipv4);
  EXPECT_EQ(record->server_address.port, 3478U);
  EXPECT_TRUE(equal(encode(*record), bytes));
  EXPECT_FALSE(decode<TurnServer>(hex("03")));
}

}  // namespace
}  // namespace ringway::wire
