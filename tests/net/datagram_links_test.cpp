// Links over DTLS and UDP on loopback: to whoever uses them they are as those over TCP.
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <set>

#include "net/dtls/dtls_session.hpp"
#include "tests/net/link_test_support.hpp"

namespace ringway::net::test {
namespace {

using Seen = Recorder::Seen;
namespace asio = boost::asio;

void with_datagrams(LinkSettings& settings) { settings.datagrams = true; }
const TestPeerOptions k_datagrams{.change = with_datagrams};

void open_over_datagrams(TestPeer& from, const TestPeer& to, std::optional<NodeId> expected) {
  routing::OpenLink open;
  open.attempt = 7;
  open.expected = expected;
  open.datagram_addresses = {to.address()};
  from.links().open(std::move(open));
}

struct DatagramWorld : LinkWorld {
  TestPeer one{pool, authority, alice, k_datagrams};
  TestPeer two{pool, authority, bob, k_datagrams};
};

TEST(DatagramLinks, ExchangeMessagesBothWays) {
  // Shows: LINK-17, SEC-27.
  DatagramWorld world;
  open_over_datagrams(world.one, world.two, world.bob);
  const auto to_bob = world.one.first_link();
  ASSERT_TRUE(to_bob) << world.one.seen().downs.at(0).reason;
  const auto to_alice = world.two.first_link();
  ASSERT_TRUE(to_alice);
  EXPECT_EQ(world.one.seen().ups[0].attempt, 7U);
  EXPECT_TRUE(world.one.seen().ups[0].certificate->has_node_id(world.bob));
  EXPECT_EQ(world.one.seen().ups[0].remote, world.two.address());
  EXPECT_TRUE(world.two.seen().ups[0].certificate->has_node_id(world.alice));
  world.one.links().transmit({*to_bob, copy_of(view_of("head-")), SharedBytes(copy_of(view_of("payload")))});
  world.two.send(*to_alice, copy_of(view_of("answer")));
  ASSERT_TRUE(world.two.events().wait([](const Seen& seen) { return seen.messages.size() == 1; }));
  ASSERT_TRUE(world.one.events().wait([](const Seen& seen) { return seen.messages.size() == 1; }));
  EXPECT_EQ(text_of(world.two.seen().messages[0].second), "head-payload");
  EXPECT_EQ(text_of(world.one.seen().messages[0].second), "answer");
  EXPECT_EQ(world.one.links().counters().links, 1U);
  EXPECT_TRUE(world.one.links().quality(*to_bob));
}

TEST(DatagramLinks, ManyMessagesArrive) {
  DatagramWorld world;
  open_over_datagrams(world.one, world.two, world.bob);
  const auto to_bob = world.one.first_link();
  ASSERT_TRUE(to_bob);
  constexpr std::uint32_t k_count = 2000;
  for (std::uint32_t i = 0; i < k_count; ++i) world.one.send(*to_bob, numbered(i, 4 + i % 900));
  std::set<std::uint32_t> numbers;
  ASSERT_TRUE(world.two.events().wait([](const Seen& seen) { return seen.messages.size() >= k_count; }));
  for (const auto& [link, message] : world.two.seen().messages) numbers.insert(number_of(message));
  EXPECT_EQ(numbers.size(), k_count);
  EXPECT_TRUE(world.one.seen().downs.empty());
}

TEST(DatagramLinks, WithoutCreditNothingIsTakenAndNothingIsLost) {
  LinkWorld world;
  TestPeer one(world.pool, world.authority, world.alice, k_datagrams);
  TestPeer two(world.pool, world.authority, world.bob,
               {.change =
                    [](LinkSettings& settings) {
                      settings.datagrams = true;
                      settings.receive_credit_messages = 5;
                    },
                .give_credits = false});
  open_over_datagrams(one, two, world.bob);
  const auto to_bob = one.first_link();
  const auto to_alice = two.first_link();
  ASSERT_TRUE(to_bob && to_alice);
  for (std::uint32_t i = 0; i < 8; ++i) one.send(*to_bob, numbered(i));
  ASSERT_TRUE(two.events().wait([](const Seen& seen) { return seen.messages.size() == 5; }));
  EXPECT_FALSE(two.events().wait([](const Seen& seen) { return seen.messages.size() > 5; },
                                 std::chrono::milliseconds{200}));
  two.links().credit(*to_alice, 100);
  ASSERT_TRUE(two.events().wait([](const Seen& seen) { return seen.messages.size() >= 8; }));
}

TEST(DatagramLinks, AnotherNodeThanTheExpectedOneIsRefused) {
  // Shows: SEC-28.
  DatagramWorld world;
  open_over_datagrams(world.one, world.two, ringway::test::node_id(0x0c));
  ASSERT_TRUE(world.one.events().wait([](const Seen& seen) { return !seen.downs.empty(); }));
  const auto down = world.one.seen().downs[0];
  EXPECT_EQ(down.attempt, 7U);
  EXPECT_NE(down.reason.find("another node"), std::string::npos) << down.reason;
  EXPECT_TRUE(world.one.seen().ups.empty());
}

TEST(DatagramLinks, WhereNobodyListensTcpIsTriedAtOnce) {
  // Shows: LINK-11.
  LinkWorld world;
  TestPeer one(world.pool, world.authority, world.alice, k_datagrams);
  TestPeer two(world.pool, world.authority, world.bob);  // over TCP only
  routing::OpenLink open;
  open.attempt = 7;
  open.expected = world.bob;
  open.datagram_addresses = {two.address()};
  open.addresses = {two.address()};
  const auto begun = std::chrono::steady_clock::now();
  one.links().open(std::move(open));
  ASSERT_TRUE(one.first_link());
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(3)) << "ICMP has told it";
  EXPECT_TRUE(one.seen().downs.empty());
}

TEST(DatagramLinks, AGoodbyeComesAfterTheLastMessage) {
  DatagramWorld world;
  open_over_datagrams(world.one, world.two, world.bob);
  const auto to_bob = world.one.first_link();
  ASSERT_TRUE(to_bob);
  for (std::uint32_t i = 0; i < 100; ++i) world.one.send(*to_bob, numbered(i, 500));
  world.one.links().close({*to_bob, "enough"});
  ASSERT_TRUE(world.two.events().wait([](const Seen& seen) { return !seen.downs.empty(); }));
  EXPECT_GE(world.two.seen().messages.size(), 100U);
  EXPECT_EQ(world.two.seen().downs[0].reason, "closed by the other side");
  ASSERT_TRUE(world.one.events().wait([](const Seen& seen) { return !seen.downs.empty(); }));
  EXPECT_EQ(world.one.seen().downs[0].reason, "enough");
}

TEST(DatagramLinks, StrangersAndRubbishLeaveNothing) {
  // Shows: LINK-27, SEC-26.
  DatagramWorld world;
  asio::io_context context;
  asio::ip::udp::socket socket(context, {asio::ip::make_address("127.0.0.1"), 0});
  const asio::ip::udp::endpoint to(asio::ip::make_address("127.0.0.1"), world.two.address().port);
  for (unsigned first = 0; first < 256; ++first) {
    Bytes datagram(60, 0x5a);
    datagram[0] = static_cast<std::uint8_t>(first);
    socket.send_to(asio::buffer(datagram), to);
  }
  socket.send_to(asio::buffer("", 0), to);
  // A frame in the clear.
  socket.send_to(asio::buffer(to_hex(Bytes{0x80, 0, 0, 0, 0, 0, 0, 1, 1})), to);
  open_over_datagrams(world.one, world.two, world.bob);
  EXPECT_TRUE(world.one.first_link()) << "and the port goes on";
  EXPECT_TRUE(world.two.first_link());
  EXPECT_EQ(world.two.seen().ups.size(), 1U);
  EXPECT_EQ(socket.available(), 0U) << "nobody answers rubbish";
}

TEST(DatagramLinks, AreClosedWhenTheirNodeIsTrustedNoMore) {
  DatagramWorld world;
  open_over_datagrams(world.one, world.two, world.bob);
  ASSERT_TRUE(world.one.first_link() && world.two.first_link());
  const ringway::test::TestAuthority other;
  world.two.links().replace_trust(other.trust());
  ASSERT_TRUE(world.two.events().wait([](const Seen& seen) { return !seen.downs.empty(); }));
  EXPECT_EQ(world.two.seen().downs[0].reason.substr(0, 17), "no longer trusted");
  ASSERT_TRUE(world.one.events().wait([](const Seen& seen) { return !seen.downs.empty(); }));
}

}  // namespace
}  // namespace ringway::net::test
