// Who may have a connection of an application, and how it ends when the overlay's document says so.
#include <gtest/gtest.h>

#include "tests/net/app_links/app_link_test_support.hpp"
#include "tests/net/raw_client.hpp"

namespace ringway::net::app_links::test {
namespace {

using net::test::RawSocket;
using net::test::RawTlsClient;
using ringway::test::TestAuthority;

TEST(AppLinkRefusals, AnotherNodeThanTheOneThatWasAsked) {
  // Shows: SIP-17, FM-44.
  for (const bool shared_secret : {false, true}) {
    SCOPED_TRACE(shared_secret);
    AppLinkWorld world;
    const auto alice = world.peer(world.alice, with_shared_secret(shared_secret));
    const auto bob = world.peer(world.bob, with_shared_secret(shared_secret));
    const FlowId flow = alice->connect(*bob, ringway::test::node_id(0x0c));
    ASSERT_TRUE(alice->wait_down(flow));
    EXPECT_NE(alice->seen().why_down(flow).find("another node than the expected"), std::string::npos);
    EXPECT_TRUE(alice->seen().ups.empty());
    EXPECT_EQ(alice->links().counters().handshakes_failed, 1U);
  }
}

TEST(AppLinkRefusals, AnyNodeIdOfTheCertificateWillDo) {
  // Shows: SIP-17.
  AppLinkWorld world;
  const auto second = ringway::test::node_id(0x1b);
  PeerOptions two;
  two.credentials =
      world.authority.credentials("bob@overlay.example.org", world.bob, {.more_nodes = {second}});
  const auto alice = world.peer(world.alice);
  const auto bob = world.peer(world.bob, two);
  alice->connect(*bob, second);
  EXPECT_EQ(alice->flow().peer->node, second);
}

TEST(AppLinkRefusals, WhomTheOverlayDoesNotTrust) {
  // Shows: SEC-27.
  AppLinkWorld world;
  const TestAuthority stranger;
  PeerOptions of_stranger;
  of_stranger.credentials = stranger.credentials("mallory@overlay.example.org", world.alice);
  of_stranger.trust = world.authority.trust();
  const auto mallory = world.peer(world.alice, of_stranger);
  const auto bob = world.peer(world.bob);
  const FlowId theirs = mallory->connect(*bob, world.bob);
  ASSERT_TRUE(mallory->wait_down(theirs));
  EXPECT_EQ(bob->handshakes_failed(1), 1U);
  const FlowId ours = bob->connect(*mallory, world.alice);
  ASSERT_TRUE(bob->wait_down(ours));
  EXPECT_NE(bob->seen().why_down(ours).find("not trusted"), std::string::npos);
  EXPECT_TRUE(bob->seen().ups.empty());
}

TEST(AppLinkRefusals, WhoShowsNoCertificate) {
  // Shows: SEC-27.
  AppLinkWorld world;
  const auto bob = world.peer(world.bob);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    RawTlsClient nobody(bob->address(), {.max_version = version});
    if (nobody.connect()) {
      EXPECT_TRUE(nobody.ended());
    }
  }
  const RawSocket plain(bob->address());
  plain.send(view_of("OPTIONS sip:bob@overlay.example.org SIP/2.0\r\n\r\n"));
  EXPECT_TRUE(plain.read_to_end().has_value());
  EXPECT_EQ(bob->handshakes_failed(3), 3U);
  EXPECT_TRUE(bob->seen().ups.empty() && bob->seen().received.empty() && bob->seen().downs.empty());
}

TEST(AppLinkRefusals, WhoDoesNotKnowTheSecret) {
  // Shows: SEC-34.
  AppLinkWorld world;
  const auto alice = world.peer(world.alice, with_shared_secret(true));
  const auto bob =
      world.peer(world.bob, with_shared_secret(true, "k2HcIxTwqHjWJt7v0nS0e5gCkqXq0wS7H3rQ7q0bJ1M="));
  const FlowId wrong = alice->connect(*bob, world.bob);
  ASSERT_TRUE(alice->wait_down(wrong));
  ASSERT_TRUE(bob->links().replace_shared_secret("UydhZKhj8C4PKk1pQEuKqWWXqHjKH1bU5LZcqfKqPpo=").ok());
  alice->connect(*bob, world.bob);
  EXPECT_TRUE(alice->flow().peer);
  EXPECT_TRUE(bob->flow().peer) << "the protocol's name is known to the new context, too";
}

TEST(AppLinkRefusals, BadNodesAreCutOff) {
  // Shows: SEC-21, FM-27.
  AppLinkWorld world;
  const NodeId carol_node = ringway::test::node_id(0x0c);
  const auto alice = world.peer(world.alice);
  const auto carol = world.peer(carol_node);
  const auto bob = world.peer(world.bob);
  const FlowId bad = alice->connect(*bob, world.bob);
  const FlowId to_bad = bob->connect(*alice, world.alice);
  const FlowId good = carol->connect(*bob, world.bob);
  ASSERT_TRUE(bob->events().wait([](const auto& seen) { return seen.ups.size() == 3; }));
  bob->links().replace_trust(world.authority.trust({world.alice}));
  EXPECT_TRUE(alice->wait_down(bad));
  EXPECT_TRUE(bob->wait_down(to_bad));
  EXPECT_NE(bob->seen().why_down(to_bad).find("no longer trusted"), std::string::npos);
  EXPECT_TRUE(bob->events().wait([](const auto& seen) { return seen.downs.size() == 2; }));
  EXPECT_EQ(bob->links().counters().no_longer_trusted, 2U);
  carol->send(good, "still here");
  EXPECT_TRUE(bob->events().wait([](const auto& seen) { return !seen.received.empty(); }));
  const FlowId again = alice->connect(*bob, world.bob);
  EXPECT_TRUE(alice->wait_down(again));
  EXPECT_EQ(bob->seen().ups.size(), 3U);
}

TEST(AppLinkRefusals, OneThatIsNotReadIsCutOffAsWell) {
  // Shows: SEC-21.
  AppLinkWorld world;
  const auto alice = world.peer(world.alice);
  const auto bob =
      world.peer(world.bob, changed([](AppLinkSettings& settings) { settings.receive_credit_bytes = 1; }));
  bob->events().credit_to(nullptr);
  const FlowId flow = alice->connect(*bob, world.bob);
  alice->send(flow, "INVITE");
  ASSERT_TRUE(bob->events().wait([](const auto& seen) { return !seen.received.empty(); }));
  bob->links().replace_trust(world.authority.trust({world.alice}));
  EXPECT_TRUE(bob->wait_down(bob->flow().flow));
}

TEST(AppLinkRefusals, RenewedCredentialsAreShownFromThenOn) {
  AppLinkWorld world;
  const auto alice = world.peer(world.alice);
  const auto bob = world.peer(world.bob);
  const auto renewed = world.authority.credentials("robert@overlay.example.org", world.bob);
  ASSERT_TRUE(bob->links().replace_credentials(renewed.private_key_pem, renewed.certificate_pem).ok());
  EXPECT_FALSE(bob->links().replace_credentials("no key", renewed.certificate_pem).ok());
  alice->connect(*bob, world.bob);
  EXPECT_EQ(alice->flow().peer->certificate->user_name(), "robert@overlay.example.org");
  EXPECT_TRUE(bob->flow().peer) << "the protocol's name is known to the new context, too";
}

}  // namespace
}  // namespace ringway::net::app_links::test
