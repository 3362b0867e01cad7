// Connections of applications (RFC 6940 §6.5.2) beside RELOAD links: told apart in the handshake, checked and
// framed alike.
#include <gtest/gtest.h>

#include "net/protocol_name.hpp"
#include "tests/net/link_test_support.hpp"
#include "tests/net/raw_client.hpp"

namespace ringway::net::test {
namespace {

using routing::Application;
using Seen = Recorder::Seen;

TestPeerOptions with_shared_secret(bool used) {
  TestPeerOptions options;
  if (used)
    options.change = [](LinkSettings& settings) {
      settings.shared_secret = "UydhZKhj8C4PKk1pQEuKqWWXqHjKH1bU5LZcqfKqPpo=";
      settings.overlay_name = "overlay.example.org";
    };
  return options;
}

TEST(ChannelLinks, BothEndsKnowTheApplicationAndWhoIsThere) {
  // Shows: FM-44.
  for (const bool shared_secret : {false, true}) {
    SCOPED_TRACE(shared_secret);
    LinkWorld world;
    TestPeer alice(world.pool, world.authority, world.alice, with_shared_secret(shared_secret));
    TestPeer bob(world.pool, world.authority, world.bob, with_shared_secret(shared_secret));
    alice.links().open({1, {bob.address()}, world.bob, Application::watch});
    ASSERT_TRUE(alice.first_link() && bob.first_link());
    EXPECT_EQ(alice.seen().ups[0].application, Application::watch);
    EXPECT_EQ(bob.seen().ups[0].application, Application::watch);
    EXPECT_TRUE(bob.seen().ups[0].certificate->has_node_id(world.alice));
    EXPECT_TRUE(alice.seen().ups[0].certificate->has_node_id(world.bob));
    alice.send(*alice.first_link(), copy_of(view_of("hello")));
    alice.send(*alice.first_link(), {});  // keeps alive
    bob.send(*bob.first_link(), copy_of(view_of("hello yourself")));
    ASSERT_TRUE(bob.events().wait([](const Seen& seen) { return seen.messages.size() == 2; }));
    ASSERT_TRUE(alice.events().wait([](const Seen& seen) { return seen.messages.size() == 1; }));
    EXPECT_EQ(text_of(bob.seen().messages[0].second), "hello");
    EXPECT_TRUE(bob.seen().messages[1].second.empty());
    EXPECT_EQ(text_of(alice.seen().messages[0].second), "hello yourself");
  }
}

TEST(ChannelLinks, ReloadLinksBesideThemNameNoApplication) {
  LinkWorld world;
  TestPeer alice(world.pool, world.authority, world.alice);
  TestPeer bob(world.pool, world.authority, world.bob);
  alice.open(1, bob.address(), world.bob);
  ASSERT_TRUE(bob.first_link());
  alice.links().open({2, {bob.address()}, world.bob, Application::replication});
  ASSERT_TRUE(bob.events().wait([](const Seen& seen) { return seen.ups.size() == 2; }));
  EXPECT_EQ(bob.seen().ups[0].application, std::nullopt);
  EXPECT_EQ(bob.seen().ups[1].application, Application::replication);
}

TEST(ChannelLinks, AnotherNodeThanTheOneThatAskedIsRefused) {
  // Shows: FM-44.
  for (const bool shared_secret : {false, true}) {
    SCOPED_TRACE(shared_secret);
    LinkWorld world;
    TestPeer alice(world.pool, world.authority, world.alice, with_shared_secret(shared_secret));
    TestPeer bob(world.pool, world.authority, world.bob, with_shared_secret(shared_secret));
    alice.links().open({1, {bob.address()}, ringway::test::node_id(0x0c), Application::watch});
    ASSERT_TRUE(alice.events().wait([](const Seen& seen) { return !seen.downs.empty(); }));
    EXPECT_EQ(alice.seen().order, "d");
  }
}

TEST(ChannelLinks, AProtocolThatIsNotKnownIsRefusedInTheHandshake) {
  LinkWorld world;
  TestPeer bob(world.pool, world.authority, world.bob);
  const auto connects = [&](std::string_view offer) {
    RawTlsClient client(bob.address(),
                        {.credentials = world.authority.credentials("alice@example.org", world.alice)});
    SSL_set_alpn_protos(client.ssl(), reinterpret_cast<const unsigned char*>(offer.data()),
                        static_cast<unsigned>(offer.size()));
    return client.connect();
  };
  EXPECT_FALSE(connects("\x02h2"));
  EXPECT_FALSE(connects("\x0dringway/61443"));
  EXPECT_FALSE(connects("\x0eringway/614420"));
  EXPECT_TRUE(connects("\x02h2\x0dringway/61442"));
  EXPECT_EQ(bob.links().counters().handshakes_failed, 3U);
}

}  // namespace
}  // namespace ringway::net::test
