// Who may have a link, and how little it takes to be refused.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "reload/wire/frame.hpp"
#include "tests/net/link_test_support.hpp"
#include "tests/net/raw_client.hpp"

namespace ringway::net::test {
namespace {

using ringway::test::Credentials;
using ringway::test::TestAuthority;
using Seen = Recorder::Seen;

constexpr WallMs k_one_day_ms = 86'400'000;
const std::string k_user = "user@overlay.example.org";

// The client never keeps a link: either it is refused during the handshake, or (TLS 1.3) right after it.
::testing::AssertionResult is_refused(TestPeer& client, std::uint64_t attempt) {
  const bool ended = client.events().wait([](const Seen& seen) { return !seen.downs.empty(); });
  if (!ended) return ::testing::AssertionFailure() << "no link_down";
  const auto seen = client.seen();
  if (seen.order == "d" && seen.downs[0].link.number == 0 && seen.downs[0].attempt == attempt)
    return ::testing::AssertionSuccess() << seen.downs[0].reason;
  if (seen.order == "ud" && seen.downs[0].link == seen.ups[0].link)
    return ::testing::AssertionSuccess() << seen.downs[0].reason;
  return ::testing::AssertionFailure() << "events: " << seen.order;
}

// The other side may hear of a refusal before it is counted.
std::uint64_t handshakes_failed(TestPeer& peer, std::uint64_t at_least) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  const auto count = [&] { return peer.links().counters().handshakes_failed; };
  while (count() < at_least && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  return count();
}

void refused_by_client(TestPeer& client, TestPeer& server, std::optional<NodeId> expected,
                       std::string_view reason_has) {
  client.open(3, server.address(), expected);
  ASSERT_TRUE(is_refused(client, 3));
  const auto down = client.seen().downs[0];
  EXPECT_EQ(client.seen().order, "d") << "the client itself never took it for a link";
  EXPECT_NE(down.reason.find(reason_has), std::string::npos) << down.reason;
  EXPECT_EQ(handshakes_failed(client, 1U), 1U);
}

void refused_by_server(TestPeer& client, TestPeer& server) {
  client.open(3, server.address());
  ASSERT_TRUE(is_refused(client, 3));
  EXPECT_EQ(server.seen().order, "");
  EXPECT_EQ(handshakes_failed(server, 1U), 1U);
  EXPECT_EQ(server.links().counters().links, 0U);
}

TEST(LinkAuthentication, ClientRefusesAServerOfAnotherAuthority) {
  // Shows: SEC-27, FM-01.
  LinkWorld world;
  const TestAuthority stranger;
  TestPeer alice(world.pool, world.authority, world.alice);
  TestPeer bob(world.pool, stranger, world.bob, {.trust = world.authority.trust()});
  refused_by_client(alice, bob, world.bob, "not trusted");
  EXPECT_EQ(bob.seen().order, "");
}

TEST(LinkAuthentication, ServerRefusesAClientOfAnotherAuthority) {
  // Shows: SEC-27, FM-01.
  LinkWorld world;
  const TestAuthority stranger;
  TestPeer alice(world.pool, stranger, world.alice, {.trust = world.authority.trust()});
  TestPeer bob(world.pool, world.authority, world.bob);
  refused_by_server(alice, bob);
}

TEST(LinkAuthentication, ServerRefusesAClientWithoutCertificate) {
  // Shows: SEC-27, FM-01.
  LinkWorld world;
  TestPeer bob(world.pool, world.authority, world.bob);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    RawTlsClient nobody(bob.address(), {.max_version = version});
    if (nobody.connect()) {
      EXPECT_TRUE(nobody.ended());
    }
  }
  EXPECT_EQ(bob.seen().order, "");
  EXPECT_EQ(handshakes_failed(bob, 2U), 2U);
}

TEST(LinkAuthentication, CertificateMustHoldTheExpectedNodeId) {
  // Shows: SEC-28, FM-34.
  LinkWorld world;
  TestPeer alice(world.pool, world.authority, world.alice);
  TestPeer bob(world.pool, world.authority, world.bob);
  refused_by_client(alice, bob, ringway::test::node_id(0x0c), "another node than the expected");
  EXPECT_EQ(bob.seen().order, "");
}

TEST(LinkAuthentication, AnyNodeIdOfTheCertificateWillDo) {
  // Shows: SEC-28.
  LinkWorld world;
  const auto second = ringway::test::node_id(0x1b);
  TestPeer alice(world.pool, world.authority, world.alice);
  TestPeer bob(world.pool, world.authority, world.bob,
               {.credentials = world.authority.credentials(k_user, world.bob, {.more_nodes = {second}})});
  alice.open(1, bob.address(), second);
  EXPECT_TRUE(alice.first_link());
}

TEST(LinkAuthentication, ExpiredCertificatesAreRefusedOnBothSides) {
  // Shows: SEC-27.
  LinkWorld world;
  const auto expired = [&](const NodeId& node) {
    return world.authority.credentials(
        k_user, node,
        {.more_nodes = {},
         .validity = {ringway::test::k_not_before_ms, ringway::test::k_not_before_ms + k_one_day_ms}});
  };
  TestPeer good(world.pool, world.authority, world.alice);
  TestPeer old(world.pool, world.authority, world.bob, {.credentials = expired(world.bob)});
  refused_by_client(good, old, world.bob, "expired");
  TestPeer other_good(world.pool, world.authority, world.alice);
  TestPeer other_old(world.pool, world.authority, world.bob, {.credentials = expired(world.bob)});
  refused_by_server(other_old, other_good);
}

TEST(LinkAuthentication, BadNodesAreRefused) {
  // Shows: FM-01.
  LinkWorld world;
  TestPeer alice(world.pool, world.authority, world.alice);
  TestPeer bob(world.pool, world.authority, world.bob, {.trust = world.authority.trust({world.alice})});
  refused_by_server(alice, bob);
}

TEST(LinkAuthentication, LinksOfNodesThatBecomeBadAreClosed) {
  // Shows: FM-27.
  LinkWorld world;
  const auto carol_node = ringway::test::node_id(0x0c);
  TestPeer alice(world.pool, world.authority, world.alice);
  TestPeer carol(world.pool, world.authority, carol_node);
  TestPeer bob(world.pool, world.authority, world.bob);
  alice.open(1, bob.address(), world.bob);
  carol.open(1, bob.address(), world.bob);
  ASSERT_TRUE(bob.events().wait([](const Seen& seen) { return seen.ups.size() == 2; }));
  bob.links().replace_trust(world.authority.trust({world.alice}));
  ASSERT_TRUE(alice.events().wait([](const Seen& seen) { return !seen.downs.empty(); }));
  ASSERT_TRUE(bob.events().wait([](const Seen& seen) { return !seen.downs.empty(); }));
  const auto seen = bob.seen();
  const bool alice_first = seen.ups[0].certificate->has_node_id(world.alice);
  EXPECT_EQ(seen.downs[0].link, seen.ups[alice_first ? 0 : 1].link);
  EXPECT_NE(seen.downs[0].reason.find("no longer trusted"), std::string::npos);
  // Carol's stays, and Alice does not come back.
  bob.send(seen.ups[alice_first ? 1 : 0].link, numbered(1));
  EXPECT_TRUE(carol.events().wait([](const Seen& events) { return events.messages.size() == 1; }));
  alice.open(2, bob.address(), world.bob);
  ASSERT_TRUE(alice.events().wait([](const Seen& events) { return events.downs.size() == 2; }));
  EXPECT_EQ(bob.seen().ups.size(), 2U);
  EXPECT_EQ(bob.seen().downs.size(), 1U);
}

TEST(LinkAuthentication, WhoIsCutOffStillReadsWhatWasSaidToItBefore) {
  // Shows: FM-27.
  LinkWorld world;
  TestPeer alice(world.pool, world.authority, world.alice);
  TestPeer bob(world.pool, world.authority, world.bob);
  alice.open(1, bob.address(), world.bob);
  const auto link = bob.first_link();
  ASSERT_TRUE(link);
  constexpr std::size_t k_messages = 64;  // more than one write takes
  for (std::uint32_t i = 0; i < k_messages; ++i) bob.send(*link, numbered(i, 4096));
  bob.links().close({*link, "shut out"});
  bob.links().replace_trust(world.authority.trust({world.alice}));
  ASSERT_TRUE(alice.events().wait([](const Seen& seen) { return !seen.downs.empty(); }));
  EXPECT_EQ(alice.seen().messages.size(), k_messages);
  ASSERT_TRUE(bob.events().wait([](const Seen& seen) { return !seen.downs.empty(); }));
  EXPECT_EQ(bob.seen().downs[0].reason, "shut out");
}

TEST(LinkAuthentication, OldProtocolsAndWeakSuitesAreRefused) {
  // Shows: SEC-26.
  LinkWorld world;
  TestPeer bob(world.pool, world.authority, world.bob);
  const auto alice = world.authority.credentials(k_user, world.alice);
  RawTlsClient tls11(bob.address(),
                     {.credentials = alice, .max_version = TLS1_1_VERSION, .weak_allowed = true});
  EXPECT_FALSE(tls11.connect());
  RawTlsClient no_forward_secrecy(bob.address(),
                                  {.credentials = alice,
                                   .max_version = TLS1_2_VERSION,
                                   .tls12_suites = "AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA"});
  EXPECT_FALSE(no_forward_secrecy.connect());
  EXPECT_EQ(bob.seen().order, "");

  RawTlsClient tls12(bob.address(), {.credentials = alice, .max_version = TLS1_2_VERSION});
  ASSERT_TRUE(tls12.connect());
  EXPECT_STREQ(SSL_get_version(tls12.ssl()), "TLSv1.2");
  EXPECT_EQ(std::string(SSL_get_cipher(tls12.ssl())).substr(0, 11), "ECDHE-ECDSA");
  RawTlsClient tls13(bob.address(), {.credentials = alice});
  ASSERT_TRUE(tls13.connect());
  EXPECT_STREQ(SSL_get_version(tls13.ssl()), "TLSv1.3");
  EXPECT_TRUE(bob.events().wait([](const Seen& seen) { return seen.ups.size() == 2; }));
}

TEST(LinkAuthentication, NoSessionCanBeResumed) {
  // Shows: SEC-27.
  LinkWorld world;
  TestPeer bob(world.pool, world.authority, world.bob);
  const auto alice = world.authority.credentials(k_user, world.alice);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    RawTlsClient client(bob.address(), {.credentials = alice, .max_version = version});
    ASSERT_TRUE(client.connect());
    // Whatever the server sends after the handshake has come before the acknowledgement of a frame.
    ASSERT_TRUE(client.send(wire::data_frame_prefix(0, 0)));
    ASSERT_TRUE(client.read(wire::k_ack_frame_size_bytes));
    SSL_SESSION* const session = SSL_get_session(client.ssl());
    EXPECT_EQ(SSL_SESSION_has_ticket(session), 0);
    if (version == TLS1_2_VERSION) {
      EXPECT_EQ(SSL_SESSION_is_resumable(session), 0);
    }
  }
}

TEST(LinkAuthentication, ClearTextGetsNothing) {
  // Shows: SEC-26, FM-01.
  LinkWorld world;
  TestPeer bob(world.pool, world.authority, world.bob);
  const Bytes frame = wire::data_frame_prefix(0, 0);
  const Bytes garbage(300, 0xa5);
  for (const BytesView bytes : {BytesView(frame), view_of("GET / HTTP/1.1\r\n\r\n"), BytesView(garbage)}) {
    const RawSocket client(bob.address());
    client.send(bytes);
    if (bytes.size() < 11) ::shutdown(client.descriptor(), SHUT_WR);  // less than TLS waits for
    const auto answer = client.read_to_end();
    ASSERT_TRUE(answer) << "not closed";
    // An alert of TLS at most (its record type is 21), never a frame.
    EXPECT_TRUE(answer->empty() || answer->front() == 21);
    EXPECT_LE(answer->size(), 7U);
  }
  EXPECT_EQ(bob.seen().order, "");
  EXPECT_EQ(bob.links().counters().bytes_in, 0U);
  // And everybody else is served as before.
  TestPeer alice(world.pool, world.authority, world.alice);
  alice.open(1, bob.address(), world.bob);
  EXPECT_TRUE(alice.first_link());
}

TEST(LinkAuthentication, SlowHandshakesEndAndAreBounded) {
  LinkWorld world;
  TestPeer bob(world.pool, world.authority, world.bob, {.change = [](LinkSettings& settings) {
                 settings.handshake_timeout = Duration{1'000};
                 settings.max_handshakes = 2;
               }});
  const RawSocket silent(bob.address());
  const RawSocket slow(bob.address());
  slow.send(Bytes{22, 3, 1});  // the start of a ClientHello
  // One too many is turned away at once, long before the others time out.
  const RawSocket third(bob.address());
  ASSERT_EQ(third.read_to_end(), Bytes{});
  EXPECT_EQ(bob.links().counters().refused_links, 1U);
  EXPECT_EQ(handshakes_failed(bob, 0U), 0U);
  EXPECT_EQ(silent.read_to_end(), Bytes{});
  EXPECT_TRUE(slow.read_to_end());
  EXPECT_EQ(bob.seen().order, "");
  // Their places are free again (a moment after their sockets were closed, so the first try may be too
  // early).
  TestPeer alice(world.pool, world.authority, world.alice);
  for (std::uint64_t attempt = 1; alice.seen().ups.empty() && attempt <= 100; ++attempt) {
    alice.open(attempt, bob.address(), world.bob);
    ASSERT_TRUE(alice.events().wait(
        [&](const Seen& seen) { return seen.ups.size() + seen.downs.size() == attempt; }));
  }
  EXPECT_TRUE(bob.first_link());
}

TEST(LinkAuthentication, OneAddressHasItsShareOfTheHandshakes) {
  LinkWorld world;
  TestPeer bob(world.pool, world.authority, world.bob,
               {.change = [](LinkSettings& settings) { settings.max_handshakes_per_address = 1; }});
  const RawSocket silent(bob.address());
  const RawSocket second(bob.address());
  EXPECT_EQ(second.read_to_end(), Bytes{});
  EXPECT_EQ(bob.links().counters().refused_links, 1U);
}

TEST(LinkAuthentication, AServerThatNeverAnswersIsGivenUp) {
  LinkWorld world;
  // Connections to it are made by the system, but nobody accepts them.
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener, 5), 0);
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  TestPeer alice(world.pool, world.authority, world.alice,
                 {.change = [](LinkSettings& settings) { settings.handshake_timeout = Duration{300}; }});
  alice.open(9, loopback(ntohs(address.sin_port)), world.bob);
  EXPECT_TRUE(is_refused(alice, 9));
  EXPECT_NE(alice.seen().downs[0].reason.find("timed out"), std::string::npos);
  ::close(listener);
}

TEST(LinkAuthentication, LinksAreBounded) {
  LinkWorld world;
  const auto one_link = [](LinkSettings& settings) { settings.max_links = 1; };
  TestPeer bob(world.pool, world.authority, world.bob, {.change = one_link});
  TestPeer alice(world.pool, world.authority, world.alice, {.change = one_link});
  TestPeer carol(world.pool, world.authority, ringway::test::node_id(0x0c));
  alice.open(1, bob.address(), world.bob);
  ASSERT_TRUE(alice.first_link() && bob.first_link());
  carol.open(1, bob.address(), world.bob);
  ASSERT_TRUE(is_refused(carol, 1));
  EXPECT_EQ(bob.seen().ups.size(), 1U);
  alice.open(2, carol.address());
  ASSERT_TRUE(alice.events().wait([](const Seen& seen) { return !seen.downs.empty(); }));
  EXPECT_EQ(alice.seen().downs[0].attempt, 2U);
  EXPECT_EQ(alice.links().counters().refused_links, 1U);
  // The place is free again when the link is gone.
  alice.links().close({*alice.first_link(), "making room"});
  ASSERT_TRUE(bob.events().wait([](const Seen& seen) { return !seen.downs.empty(); }));
  carol.open(2, bob.address(), world.bob);
  EXPECT_TRUE(bob.events().wait([](const Seen& seen) { return seen.ups.size() == 2; }));
}

}  // namespace
}  // namespace ringway::net::test
