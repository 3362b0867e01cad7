#include "services/api/address.hpp"

#include <gtest/gtest.h>

namespace ringway::services {
namespace {

TEST(AddressTest, TextAndBack) {
  for (const char* text : {"192.0.2.1:6084", "[2001:db8::1]:65535", "127.0.0.1:0", "[::]:6084"}) {
    const auto parsed = parse_address(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(to_text(*parsed), text);
  }
}

TEST(AddressTest, RefusesWhatIsNoAddress) {
  for (const char* text : {"", ":", "192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:1x", "192.0.2:1",
                           "2001:db8::1:6084", "[2001:db8::1]", "[]:1", "localhost:6084", "192.0.2.1:-1"}) {
    EXPECT_FALSE(parse_address(text)) << text;
  }
}

TEST(AddressTest, Loopback) {
  EXPECT_TRUE(is_loopback(*parse_address("127.0.0.1:1")));
  EXPECT_TRUE(is_loopback(*parse_address("127.9.9.9:1")));
  EXPECT_TRUE(is_loopback(*parse_address("[::1]:1")));
  EXPECT_FALSE(is_loopback(*parse_address("0.0.0.0:1")));
  EXPECT_FALSE(is_loopback(*parse_address("[::]:1")));
  EXPECT_FALSE(is_loopback(*parse_address("192.0.2.1:1")));
}

TEST(AddressTest, ResolvesNumericAddressesWithoutAsking) {
  const auto resolved = resolve("[2001:db8::1]:6084");
  ASSERT_TRUE(resolved);
  ASSERT_EQ(resolved->size(), 1U);
  EXPECT_EQ(to_text(resolved->front()), "[2001:db8::1]:6084");
  EXPECT_FALSE(resolve("peer.example.org"));
}

}  // namespace
}  // namespace ringway::services
