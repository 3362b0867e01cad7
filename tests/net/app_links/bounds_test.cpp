// Each bound and time limit of the connections of applications.
#include <gtest/gtest.h>

#include "tests/net/app_links/app_link_test_support.hpp"
#include "tests/net/raw_client.hpp"

namespace ringway::net::app_links::test {
namespace {

using net::test::RawSocket;

constexpr Duration k_soon{100};

TEST(AppLinkBounds, ConnectionsInAll) {
  AppLinkWorld world;
  const auto alice = world.peer(world.alice);
  const auto bob =
      world.peer(world.bob, changed([](AppLinkSettings& settings) { settings.max_connections = 2; }));
  const FlowId first = alice->connect(*bob, world.bob);
  alice->connect(*bob, world.bob);
  ASSERT_TRUE(bob->events().wait([](const auto& seen) { return seen.ups.size() == 2; }));
  EXPECT_TRUE(alice->wait_down(alice->connect(*bob, world.bob)));
  EXPECT_FALSE(bob->links().connect({alice->address()}, world.alice).ok());
  EXPECT_EQ(bob->links().counters().refused_connections, 2U);
  EXPECT_EQ(bob->links().tables().front().size, 2U);
  alice->links().close(first, "makes room");
  ASSERT_TRUE(bob->events().wait([](const auto& seen) { return seen.downs.size() == 1; }));
  alice->connect(*bob, world.bob);
  EXPECT_TRUE(bob->flow(2).peer);
}

TEST(AppLinkBounds, ConnectionsOfOneAddress) {
  AppLinkWorld world;
  const auto alice = world.peer(world.alice);
  const auto bob = world.peer(
      world.bob, changed([](AppLinkSettings& settings) { settings.max_connections_per_address = 1; }));
  alice->connect(*bob, world.bob);
  ASSERT_TRUE(bob->flow().peer);
  EXPECT_TRUE(alice->wait_down(alice->connect(*bob, world.bob)));
  EXPECT_EQ(bob->links().counters().refused_of_address, 1U);
  bob->connect(*alice, world.alice);
  EXPECT_TRUE(bob->flow(1).opened_here) << "its own do not count";
}

TEST(AppLinkBounds, HandshakesUnderWay) {
  AppLinkWorld world;
  const auto alice = world.peer(world.alice);
  const auto bob =
      world.peer(world.bob, changed([](AppLinkSettings& settings) { settings.max_handshakes = 1; }));
  alice->connect(*bob, world.bob);
  ASSERT_TRUE(bob->flow().peer) << "those that are done do not count";
  auto silent = std::make_unique<RawSocket>(bob->address());
  // Accepted in the order in which they came.
  EXPECT_TRUE(RawSocket(bob->address()).read_to_end().has_value());
  EXPECT_EQ(bob->links().counters().refused_connections, 1U);
}

TEST(AppLinkBounds, HandshakesOfOneAddress) {
  AppLinkWorld world;
  const auto bob = world.peer(
      world.bob, changed([](AppLinkSettings& settings) { settings.max_handshakes_per_address = 1; }));
  const RawSocket silent(bob->address());
  EXPECT_TRUE(RawSocket(bob->address()).read_to_end().has_value());
  EXPECT_EQ(bob->links().counters().refused_of_address, 1U);
}

TEST(AppLinkBounds, AHandshakeTakesOnlySoLong) {
  AppLinkWorld world;
  const auto bob =
      world.peer(world.bob, changed([](AppLinkSettings& settings) { settings.handshake_timeout = k_soon; }));
  EXPECT_TRUE(RawSocket(bob->address()).read_to_end().has_value());
  EXPECT_EQ(bob->handshakes_failed(1), 1U);
  EXPECT_TRUE(bob->seen().downs.empty()) << "nobody has heard of it";
}

TEST(AppLinkBounds, OpeningTakesOnlySoLong) {
  AppLinkWorld world;
  const auto alice =
      world.peer(world.alice, changed([](AppLinkSettings& settings) { settings.opening_timeout = k_soon; }));
  // One that accepts, and says nothing.
  AppLinkWorld elsewhere;
  const auto bob = elsewhere.peer(
      elsewhere.bob, changed([](AppLinkSettings& settings) { settings.opening_timeout = Duration{60'000}; }));
  elsewhere.pool.stop();
  const FlowId flow = alice->connect(*bob, world.bob);
  EXPECT_TRUE(alice->wait_down(flow));
  EXPECT_EQ(alice->seen().why_down(flow), "opening it took too long");
}

TEST(AppLinkBounds, WhatWaitsToBeSent) {
  AppLinkWorld world;
  const auto alice = world.peer(
      world.alice, changed([](AppLinkSettings& settings) { settings.max_send_queue_bytes = 100'000; }));
  const auto bob =
      world.peer(world.bob, changed([](AppLinkSettings& settings) { settings.receive_credit_bytes = 1; }));
  bob->events().credit_to(nullptr);
  const FlowId flow = alice->connect(*bob, world.bob);
  alice->flow();
  EXPECT_EQ(alice->links().send(flow, copy_of(view_of(std::string(65'536, 'x')))), Given::refused);
  const std::string piece(65'535, 'x');
  Given given = Given::queued;
  for (int i = 0; i < 1000 && given != Given::refused; ++i)
    given = alice->links().send(flow, copy_of(view_of(piece)));
  EXPECT_EQ(given, Given::refused);
  EXPECT_TRUE(alice->wait_down(flow));
  EXPECT_EQ(alice->seen().why_down(flow), "too much waits to be sent");
  EXPECT_EQ(alice->links().counters().refused_full_queue, 1U);
}

TEST(AppLinkBounds, IdleOnesAreClosedUnlessTheyAreHeld) {
  AppLinkWorld world;
  const auto soon = changed([](AppLinkSettings& settings) { settings.idle_timeout = k_soon; });
  const auto alice = world.peer(world.alice, soon);
  const auto bob = world.peer(world.bob);
  const FlowId idle = alice->connect(*bob, world.bob);
  const FlowId held = alice->connect(*bob, world.bob);
  alice->links().hold(held, true);
  EXPECT_TRUE(alice->wait_down(idle));
  EXPECT_EQ(alice->seen().why_down(idle), "idle");
  EXPECT_FALSE(alice->seen().is_down(held));
  alice->links().hold(held, false);
  EXPECT_TRUE(alice->wait_down(held));
}

TEST(AppLinkBounds, NothingIsHeardAfterTheEnd) {
  AppLinkWorld world;
  const auto alice = world.peer(world.alice);
  const auto bob = world.peer(world.bob);
  alice->connect(*bob, world.bob);
  const FlowId there = bob->flow().flow;
  EXPECT_TRUE(alice->links().connect({bob->address()}, world.bob).ok());
  alice->links().stop();
  const auto seen = alice->seen();
  EXPECT_TRUE(seen.downs.empty());
  EXPECT_TRUE(bob->wait_down(there));
  EXPECT_FALSE(alice->links().connect({bob->address()}, world.bob).ok());
}

}  // namespace
}  // namespace ringway::net::app_links::test
