#include "net/tls_links.hpp"

#include <gtest/gtest.h>

#include "tests/net/link_test_support.hpp"
#include "tests/net/raw_client.hpp"

namespace ringway::net::test {
namespace {

using Seen = Recorder::Seen;

TEST(TlsLinks, ExchangesMessagesBothWays) {
  // Shows: SEC-27.
  LinkWorld world;
  TestPeer alice(world.pool, world.authority, world.alice);
  TestPeer bob(world.pool, world.authority, world.bob);
  alice.open(7, bob.address(), world.bob);
  const auto to_bob = alice.first_link();
  const auto to_alice = bob.first_link();
  ASSERT_TRUE(to_bob && to_alice);
  const auto up = alice.seen().ups.front();
  EXPECT_EQ(up.attempt, 7U);
  EXPECT_TRUE(up.certificate->has_node_id(world.bob));
  EXPECT_EQ(up.remote, bob.address());
  const auto accepted = bob.seen().ups.front();
  EXPECT_EQ(accepted.attempt, 0U);
  EXPECT_TRUE(accepted.certificate->has_node_id(world.alice));
  EXPECT_EQ(link::to_text(accepted.remote).substr(0, 10), "127.0.0.1:");

  alice.links().transmit({*to_bob, copy_of(view_of("head-")), SharedBytes(copy_of(view_of("payload")))});
  bob.send(*to_alice, copy_of(view_of("answer")));
  ASSERT_TRUE(bob.events().wait([](const Seen& seen) { return seen.messages.size() == 1; }));
  ASSERT_TRUE(alice.events().wait([](const Seen& seen) { return seen.messages.size() == 1; }));
  EXPECT_EQ(text_of(bob.seen().messages[0].second), "head-payload");
  EXPECT_EQ(bob.seen().messages[0].first, *to_alice);
  EXPECT_EQ(text_of(alice.seen().messages[0].second), "answer");
  EXPECT_EQ(alice.links().counters().links, 1U);
  EXPECT_EQ(bob.links().counters().messages_in, 1U);
}

TEST(TlsLinks, BootstrapLinkAcceptsAnyNodeOfTheOverlay) {
  // Shows: BOOT-05.
  LinkWorld world;
  TestPeer alice(world.pool, world.authority, world.alice);
  TestPeer bob(world.pool, world.authority, world.bob);
  alice.open(1, bob.address(), std::nullopt);
  ASSERT_TRUE(alice.first_link());
  EXPECT_TRUE(alice.seen().ups.front().certificate->has_node_id(world.bob));
}

TEST(TlsLinks, WhoDoesNotListenOpensLinksOnly) {
  LinkWorld world;
  TestPeer alice(world.pool, world.authority, world.alice, {.change = [](LinkSettings& settings) {
                   settings.listen = {};
                   settings.listens = false;
                 }});
  TestPeer bob(world.pool, world.authority, world.bob);
  EXPECT_EQ(alice.address().port, 0);
  alice.open(1, bob.address(), world.bob);
  const auto to_bob = alice.first_link();
  ASSERT_TRUE(to_bob);
  alice.send(*to_bob, copy_of(view_of("heard")));
  EXPECT_TRUE(bob.events().wait([](const Seen& seen) { return seen.messages.size() == 1; }));
}

TEST(TlsLinks, TenThousandMessagesArriveInOrder) {
  LinkWorld world;
  TestPeer alice(world.pool, world.authority, world.alice);
  TestPeer bob(world.pool, world.authority, world.bob);
  alice.open(1, bob.address(), world.bob);
  const auto to_bob = alice.first_link();
  const auto to_alice = bob.first_link();
  ASSERT_TRUE(to_bob && to_alice);
  constexpr std::uint32_t k_count = 10'000;
  for (std::uint32_t i = 0; i < k_count; ++i) {
    alice.send(*to_bob, numbered(i, 4 + i % 300));
    bob.send(*to_alice, numbered(i, 4 + i % 200));
  }
  for (const TestPeer* peer : {&alice, &bob}) {
    auto& events = const_cast<TestPeer*>(peer)->events();
    ASSERT_TRUE(events.wait([](const Seen& seen) { return seen.messages.size() == k_count; }));
    const auto seen = events.seen();
    for (std::uint32_t i = 0; i < k_count; ++i) ASSERT_EQ(number_of(seen.messages[i].second), i);
    EXPECT_EQ(seen.messages[250].second.size(), 4U + 250 % (peer == &bob ? 300 : 200));
  }
  EXPECT_EQ(alice.links().counters().refused_full_queue, 0U);
}

TEST(TlsLinks, MessagesUpToTheLimitPassAndLongerOnesAreNotEvenSent) {
  LinkWorld world;
  const TestPeerOptions options{
      .change = [](LinkSettings& settings) { settings.max_message_size_bytes = 100'000; }};
  TestPeer alice(world.pool, world.authority, world.alice, options);
  TestPeer bob(world.pool, world.authority, world.bob, options);
  alice.open(1, bob.address(), world.bob);
  const auto to_bob = alice.first_link();
  ASSERT_TRUE(to_bob);
  alice.send(*to_bob, numbered(1, 100'001));
  alice.send(*to_bob, numbered(2, 100'000));
  alice.send(*to_bob, numbered(3, 20'000));
  ASSERT_TRUE(bob.events().wait([](const Seen& seen) { return seen.messages.size() == 2; }));
  EXPECT_EQ(bob.seen().messages[0].second.size(), 100'000U);
  EXPECT_EQ(number_of(bob.seen().messages[1].second), 3U);
  EXPECT_EQ(alice.links().counters().refused_too_large, 1U);
}

TEST(TlsLinks, ANewMaximumHoldsForLinksThatAreUp) {
  LinkWorld world;
  TestPeer alice(world.pool, world.authority, world.alice);
  TestPeer bob(world.pool, world.authority, world.bob);
  alice.open(1, bob.address(), world.bob);
  const auto to_bob = alice.first_link();
  ASSERT_TRUE(to_bob && bob.first_link());
  for (TestPeer* peer : {&alice, &bob}) peer->links().replace_max_message_size(50'000);
  alice.send(*to_bob, numbered(1, 50'001));
  alice.send(*to_bob, numbered(2, 50'000));
  ASSERT_TRUE(bob.events().wait([](const Seen& seen) { return seen.messages.size() == 1; }));
  EXPECT_EQ(bob.seen().messages[0].second.size(), 50'000U);
  EXPECT_EQ(alice.links().counters().refused_too_large, 1U);

  // Bob has the next document already: Alice's message is for routing to answer, his own are shorter now.
  bob.links().replace_max_message_size(10'000);
  alice.send(*to_bob, numbered(3, 50'000));
  ASSERT_TRUE(bob.events().wait([](const Seen& seen) { return seen.messages.size() == 2; }));
  bob.send(*bob.first_link(), numbered(4, 10'001));
  EXPECT_EQ(bob.links().counters().refused_too_large, 1U);

  // The document after that one: what nobody may send any more closes the link.
  bob.links().replace_max_message_size(9'000);
  alice.send(*to_bob, numbered(5, 10'001));
  EXPECT_TRUE(bob.events().wait([](const Seen& seen) { return seen.downs.size() == 1; }));
  EXPECT_EQ(bob.seen().messages.size(), 2U);
}

TEST(TlsLinks, MeasuresTheRoundTripFromAcknowledgements) {
  // Shows: LINK-04, LINK-15.
  LinkWorld world;
  TestPeer alice(world.pool, world.authority, world.alice);
  TestPeer bob(world.pool, world.authority, world.bob);
  alice.open(1, bob.address(), world.bob);
  const auto to_bob = alice.first_link();
  ASSERT_TRUE(to_bob);
  EXPECT_FALSE(alice.links().quality(*to_bob)->round_trip);
  alice.send(*to_bob, numbered(1));
  bob.first_link();
  // Bob answers once he has the message; his acknowledgement travelled before or with the answer.
  ASSERT_TRUE(bob.events().wait([](const Seen& seen) { return seen.messages.size() == 1; }));
  bob.send(*bob.first_link(), numbered(2));
  ASSERT_TRUE(alice.events().wait([](const Seen& seen) { return seen.messages.size() == 1; }));
  alice.send(*to_bob, numbered(3));
  ASSERT_TRUE(bob.events().wait([](const Seen& seen) { return seen.messages.size() == 2; }));
  bob.send(*bob.first_link(), numbered(4));
  ASSERT_TRUE(alice.events().wait([](const Seen& seen) { return seen.messages.size() == 2; }));
  const auto quality = alice.links().quality(*to_bob);
  ASSERT_TRUE(quality && quality->round_trip);
  EXPECT_LT(*quality->round_trip, Duration{5'000});
  EXPECT_FALSE(alice.links().quality({12345}));
}

TEST(TlsLinks, TriesTheAddressesInOrder) {
  LinkWorld world;
  TestPeer alice(world.pool, world.authority, world.alice);
  TestPeer bob(world.pool, world.authority, world.bob);
  std::uint16_t closed_port = 0;
  {
    const TestPeer gone(world.pool, world.authority, ringway::test::node_id(0x0c));
    closed_port = gone.address().port;
  }
  alice.links().open({5, {loopback(closed_port), wire::IpAddressPort{}, bob.address()}, world.bob});
  ASSERT_TRUE(alice.first_link());
  EXPECT_EQ(alice.seen().order, "u");

  alice.links().open({6, {loopback(closed_port), loopback(closed_port)}, world.bob});
  alice.links().open({7, {}, world.bob});
  ASSERT_TRUE(alice.events().wait([](const Seen& seen) { return seen.downs.size() == 2; }));
  for (const auto& down : alice.seen().downs) {
    EXPECT_EQ(down.link.number, 0U);
    EXPECT_TRUE(down.attempt == 6 || down.attempt == 7);
    EXPECT_FALSE(down.reason.empty());
  }
}

TEST(TlsLinks, ClosingSendsWhatIsQueuedAndTellsBothSidesOnce) {
  LinkWorld world;
  TestPeer alice(world.pool, world.authority, world.alice);
  TestPeer bob(world.pool, world.authority, world.bob);
  alice.open(1, bob.address(), world.bob);
  const auto to_bob = alice.first_link();
  const auto to_alice = bob.first_link();
  ASSERT_TRUE(to_bob && to_alice);
  for (std::uint32_t i = 0; i < 1000; ++i) alice.send(*to_bob, numbered(i, 1000));
  alice.links().close({*to_bob, "no longer needed"});
  alice.links().close({*to_bob, "twice"});
  alice.send(*to_bob, numbered(1000));  // too late
  ASSERT_TRUE(bob.events().wait([](const Seen& seen) { return !seen.downs.empty(); }));
  ASSERT_TRUE(alice.events().wait([](const Seen& seen) { return !seen.downs.empty(); }));
  EXPECT_EQ(bob.seen().messages.size(), 1000U);
  EXPECT_EQ(bob.seen().order, "umd");
  EXPECT_EQ(bob.seen().downs[0].link, *to_alice);
  EXPECT_EQ(bob.seen().downs[0].reason, "closed by the other side");
  EXPECT_EQ(alice.seen().order, "ud");
  EXPECT_EQ(alice.seen().downs[0].link, *to_bob);
  EXPECT_EQ(alice.seen().downs[0].reason, "no longer needed");
  EXPECT_EQ(alice.links().counters().links, 0U);
  // What is gone is gone: nothing happens, and nothing crashes.
  alice.links().close({*to_bob, "again"});
  alice.links().credit(*to_bob, 5);
  alice.send(*to_bob, numbered(1));
}

TEST(TlsLinks, ManyOpenAtOnceInBothDirections) {
  LinkWorld world;
  TestPeer alice(world.pool, world.authority, world.alice);
  TestPeer bob(world.pool, world.authority, world.bob);
  constexpr std::uint64_t k_each = 8;
  for (std::uint64_t i = 1; i <= k_each; ++i) {
    alice.open(i, bob.address(), world.bob);
    bob.open(i, alice.address(), world.alice);
  }
  for (TestPeer* peer : {&alice, &bob}) {
    ASSERT_TRUE(peer->events().wait([](const Seen& seen) { return seen.ups.size() == 2 * k_each; }));
    for (const auto& up : peer->seen().ups)
      peer->send(up.link, numbered(static_cast<std::uint32_t>(up.link.number)));
  }
  for (TestPeer* peer : {&alice, &bob})
    ASSERT_TRUE(peer->events().wait([](const Seen& seen) { return seen.messages.size() == 2 * k_each; }));
  for (const auto& up : alice.seen().ups) alice.links().close({up.link, "done"});
  for (TestPeer* peer : {&alice, &bob}) {
    ASSERT_TRUE(peer->events().wait([](const Seen& seen) { return seen.downs.size() == 2 * k_each; }));
    std::set<link::LinkId> links;
    for (const auto& down : peer->seen().downs) links.insert(down.link);
    EXPECT_EQ(links.size(), 2 * k_each) << "one link_down for each link";
  }
}

TEST(TlsLinks, NoEventAfterStopAndThePortIsFreeAgain) {
  LinkWorld world;
  TestPeer bob(world.pool, world.authority, world.bob);
  const auto address = bob.address();
  TestPeer alice(world.pool, world.authority, world.alice);
  for (std::uint64_t i = 1; i <= 20; ++i) {
    alice.open(i, address, world.bob);
    bob.open(i, alice.address(), world.alice);
  }
  ASSERT_TRUE(bob.first_link());
  bob.links().stop();
  const std::size_t events = bob.seen().events;
  // The other side sees all of them end, or fail.
  ASSERT_TRUE(alice.events().wait([](const Seen& seen) {
    std::size_t attempts_failed = 0;
    for (const auto& down : seen.downs) attempts_failed += down.link.number == 0 ? 1 : 0;
    std::size_t attempts_up = 0;
    for (const auto& up : seen.ups) attempts_up += up.attempt != 0 ? 1 : 0;
    return attempts_failed + attempts_up == 20 && seen.downs.size() == seen.ups.size() + attempts_failed;
  }));
  EXPECT_EQ(bob.seen().events, events);
  bob.open(99, alice.address(), world.alice);
  bob.links().stop();
  const TestPeer next(world.pool, world.authority, world.bob,
                      {.change = [&](LinkSettings& settings) { settings.listen = address; }});
  EXPECT_EQ(next.address(), address);
  EXPECT_EQ(bob.seen().events, events);
}

TEST(TlsLinks, OutlivesItsPool) {
  const ringway::test::TestAuthority authority;
  auto pool = std::make_unique<IoPool>(1);
  TestPeer alice(*pool, authority, ringway::test::node_id(1));
  TestPeer bob(*pool, authority, ringway::test::node_id(2));
  alice.open(1, bob.address());
  ASSERT_TRUE(alice.first_link() && bob.first_link());
  alice.open(2, bob.address());
  pool.reset();
  alice.open(3, bob.address());
  alice.send(*alice.first_link(), numbered(1));
}

TEST(TlsLinks, SaysWhyItCannotStart) {
  LinkWorld world;
  const auto events = std::make_shared<Recorder>();
  const auto one = world.authority.credentials("a@example.org", world.alice);
  const auto other = world.authority.credentials("b@example.org", world.bob);
  const auto why = [&](const std::string& key, const std::string& certificates, wire::IpAddressPort listen) {
    LinkSettings settings;
    settings.listen = listen;
    settings.private_key_pem = key;
    settings.certificates_pem = certificates;
    const auto started = TlsLinks::start(world.pool, settings, world.authority.trust(), events);
    return started.ok() ? "" : started.error().reason;
  };
  EXPECT_EQ(why(one.private_key_pem, one.certificate_pem, loopback()), "");
  EXPECT_NE(why(other.private_key_pem, one.certificate_pem, loopback()), "");
  EXPECT_NE(why("", one.certificate_pem, loopback()), "");
  EXPECT_NE(why(one.private_key_pem, "", loopback()), "");
  EXPECT_NE(why(one.private_key_pem, one.certificate_pem + "-----BEGIN CERTIFICATE-----\nx\n", loopback()),
            "");
  EXPECT_NE(why(one.private_key_pem, one.certificate_pem, wire::IpAddressPort{}), "");
  const TestPeer taken(world.pool, world.authority, world.bob);
  const std::string reason = why(one.private_key_pem, one.certificate_pem, taken.address());
  EXPECT_NE(reason.find(link::to_text(taken.address())), std::string::npos) << reason;
}

TEST(TlsLinks, NewCredentialsServeLaterLinks) {
  LinkWorld world;
  TestPeer alice(world.pool, world.authority, world.alice);
  TestPeer bob(world.pool, world.authority, world.bob);
  const auto renewed = ringway::test::node_id(0x0b, 7);
  const auto credentials = world.authority.credentials("user@overlay.example.org", renewed);
  EXPECT_FALSE(bob.links().replace_credentials("nonsense", credentials.certificate_pem).ok());
  alice.open(1, bob.address(), world.bob);
  ASSERT_TRUE(alice.first_link());
  ASSERT_TRUE(bob.links().replace_credentials(credentials.private_key_pem, credentials.certificate_pem).ok());
  alice.open(2, bob.address(), renewed);
  ASSERT_TRUE(alice.events().wait([](const Seen& seen) { return seen.ups.size() == 2; }));
  EXPECT_EQ(alice.seen().order, "uu");
}

TEST(TlsLinks, Ipv6) {
  LinkWorld world;
  wire::IpAddressPort any_v6;
  ASSERT_TRUE(link::parse_address("[::]:0", any_v6));
  {
    LinkSettings probe;
    probe.listen = any_v6;
    const auto credentials = world.authority.credentials("a@example.org", world.alice);
    probe.private_key_pem = credentials.private_key_pem;
    probe.certificates_pem = credentials.certificate_pem;
    if (!TlsLinks::start(world.pool, probe, world.authority.trust(), std::make_shared<Recorder>()))
      GTEST_SKIP() << "no IPv6 here";
  }
  TestPeer alice(world.pool, world.authority, world.alice);
  TestPeer bob(world.pool, world.authority, world.bob,
               {.change = [&](LinkSettings& settings) { settings.listen = any_v6; }});
  wire::IpAddressPort v6;
  ASSERT_TRUE(link::parse_address("[::1]:0", v6));
  v6.port = bob.address().port;
  alice.open(1, v6, world.bob);
  alice.open(2, loopback(v6.port), world.bob);
  ASSERT_TRUE(bob.events().wait([](const Seen& seen) { return seen.ups.size() == 2; }));
  std::set<wire::AddressType> types;
  for (const auto& up : bob.seen().ups) types.insert(up.remote.type);
  EXPECT_EQ(types.size(), 2U) << "an IPv4 neighbour keeps its IPv4 address";
}

}  // namespace
}  // namespace ringway::net::test
