// What can be done with an address.
#include "net/dns/routes.hpp"

#include <gtest/gtest.h>

namespace ringway::net::dns {
namespace {

TEST(DnsRoutes, SomeAddressesAreOfNoHost) {
  for (const char* address :
       {"0.0.0.0", "::", "::ffff:0.0.0.0", "224.0.0.1", "255.255.255.255", "ff02::1", "example.com", ""})
    EXPECT_TRUE(is_of_no_host(address)) << address;
  for (const char* address : {"127.0.0.1", "192.0.2.1", "2001:db8::1", "::1"})
    EXPECT_FALSE(is_of_no_host(address)) << address;
}

TEST(DnsRoutes, ThereIsAWayToOneself) {
  EXPECT_TRUE(has_route_to("127.0.0.1"));
  EXPECT_FALSE(has_route_to("255.255.255.255"));  // not to everybody, unless asked for
  EXPECT_FALSE(has_route_to("nonsense"));
}

}  // namespace
}  // namespace ringway::net::dns
