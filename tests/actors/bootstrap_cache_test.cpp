#include "actors/bootstrap_cache.hpp"

#include <gtest/gtest.h>

#include "reload/link/link_id.hpp"

namespace ringway::actors {
namespace {

wire::IpAddressPort address(const std::string& text) {
  wire::IpAddressPort out;
  EXPECT_TRUE(link::parse_address(text, out)) << text;
  return out;
}

TEST(BootstrapCache, KeepsTheTenNewest) {
  // Shows: BOOT-04.
  BootstrapCache cache;
  for (int i = 1; i <= 12; ++i) EXPECT_TRUE(cache.note(address("192.0.2." + std::to_string(i) + ":6084")));
  ASSERT_EQ(cache.addresses().size(), k_cached_bootstrap_peers);
  EXPECT_EQ(cache.addresses().front(), address("192.0.2.12:6084"));
  EXPECT_EQ(cache.addresses().back(), address("192.0.2.3:6084"));
}

TEST(BootstrapCache, AKnownAddressMovesToTheFront) {
  BootstrapCache cache;
  cache.note(address("192.0.2.1:6084"));
  cache.note(address("192.0.2.2:6084"));
  EXPECT_FALSE(cache.note(address("192.0.2.1:6084")));
  EXPECT_EQ(cache.addresses().front(), address("192.0.2.1:6084"));
  EXPECT_EQ(cache.addresses().size(), 2U);
}

TEST(BootstrapCache, ReadsWhatItWrote) {
  BootstrapCache cache;
  cache.note(address("192.0.2.1:6084"));
  cache.note(address("[2001:db8::1]:7000"));
  const auto again = BootstrapCache::decode(cache.encode());
  EXPECT_EQ(again.addresses(), cache.addresses());
  EXPECT_TRUE(BootstrapCache::decode({}).addresses().empty());
}

TEST(BootstrapCache, LeavesOutWhatIsNoAddress) {
  const auto cache = BootstrapCache::decode(view_of("rubbish\n192.0.2.1:6084\n\n:\n"));
  ASSERT_EQ(cache.addresses().size(), 1U);
  EXPECT_EQ(cache.addresses().front(), address("192.0.2.1:6084"));
}

}  // namespace
}  // namespace ringway::actors
