// What a relay may give away of the process's file descriptors, so that links and the store have theirs.
#include "services/ringwayd/descriptors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "relay/settings.hpp"

namespace ringway::services {
namespace {

using ::testing::HasSubstr;

Settings relay_of(std::size_t threads = 1) {
  Settings out;
  out.relay.role = "relay";
  out.relay.sockets.udp = out.relay.sockets.tcp = {stun::address_of("192.0.2.1", 3478).value()};
  out.relay.sockets.threads = threads;
  return out;
}
// What one peer of it takes before its relay gives anything away.
std::uint64_t own(const Settings& settings) {
  return settings.max_links + k_handshake_descriptors + k_store_descriptors + relay::k_max_reservations +
         settings.relay.sockets.threads * (2 + k_thread_descriptors);
}

TEST(DescriptorsTest, WithRoomForAllNothingIsLess) {
  auto settings = relay_of(2);
  const auto told = share_descriptors(settings, 524'288);
  ASSERT_TRUE(told) << told.error().reason;
  EXPECT_EQ(*told, "");
  EXPECT_EQ(settings.relay.max_allocations, 4096U);
  EXPECT_EQ(settings.relay.sockets.max_streams_of_thread, net::relay::k_max_streams);
}

TEST(DescriptorsTest, AllocationsFirstThenStreams) {
  auto settings = relay_of(2);
  const auto limit = k_process_descriptors + own(settings) + 4096 + 2 * 100;
  ASSERT_TRUE(share_descriptors(settings, limit));
  EXPECT_EQ(settings.relay.max_allocations, 4096U);
  EXPECT_EQ(settings.relay.sockets.max_streams_of_thread, 100U);
}

TEST(DescriptorsTest, WhatNobodyAskedForIsMadeToFitAndTold) {
  auto settings = relay_of();
  const auto limit = k_process_descriptors + own(settings) + k_least_streams_of_thread + 1000;
  const auto told = share_descriptors(settings, limit);
  ASSERT_TRUE(told) << told.error().reason;
  EXPECT_THAT(*told, HasSubstr("1000 allocations only"));
  EXPECT_EQ(settings.relay.max_allocations, 1000U);
  EXPECT_EQ(settings.relay.sockets.max_streams_of_thread, k_least_streams_of_thread);
}

TEST(DescriptorsTest, WhatWasAskedForAndDoesNotFitIsRefused) {
  auto settings = relay_of();
  settings.relay.max_allocations = 5000;
  const auto limit = k_process_descriptors + own(settings) + k_least_streams_of_thread + 5000;
  EXPECT_TRUE(share_descriptors(settings, limit));
  const auto refused = share_descriptors(settings, limit - 1);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().reason,
              HasSubstr("--relay-max-allocations 5000 takes " + std::to_string(limit)));
  EXPECT_THAT(refused.error().reason, HasSubstr("LimitNOFILE"));
}

TEST(DescriptorsTest, TooFewForAnyRelay) {
  auto settings = relay_of();
  EXPECT_FALSE(share_descriptors(settings, 100));
  EXPECT_FALSE(share_descriptors(
      settings, k_process_descriptors + own(settings) + k_least_streams_of_thread + k_least_allocations - 1));
}

TEST(DescriptorsTest, PeersOfOneProcessShareThem) {
  auto settings = relay_of();
  settings.peers = 2;
  const auto limit = k_process_descriptors + 2 * (own(settings) + 4096 + 100);
  ASSERT_TRUE(share_descriptors(settings, limit));
  EXPECT_EQ(settings.relay.sockets.max_streams_of_thread, 100U);
}

TEST(DescriptorsTest, APeerThatRelaysNothingNeedsNone) {
  Settings settings;
  EXPECT_TRUE(share_descriptors(settings, 16));
}

TEST(DescriptorsTest, TheSoftLimitBecomesTheHardOne) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low{256, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(raise_descriptor_limit(), before.rlim_max);
  rlimit after{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace ringway::services
