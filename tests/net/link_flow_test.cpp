// Frames on the wire as somebody else sees them, back-pressure, and links that go quiet or break.
#include <gtest/gtest.h>

#include "reload/link/framed_link.hpp"
#include "tests/net/link_test_support.hpp"
#include "tests/net/raw_client.hpp"

namespace ringway::net::test {
namespace {

using Seen = Recorder::Seen;

Bytes frame(std::uint32_t sequence, BytesView message) {
  Bytes bytes = wire::data_frame_prefix(sequence, message.size());
  append(bytes, message);
  return bytes;
}

// A peer under test, and a client of OpenSSL alone that has a link to it.
struct RawLink : LinkWorld {
  explicit RawLink(const std::function<void(LinkSettings&)>& change = {})
      : bob_peer(pool, authority, bob, {.change = change}),
        client(bob_peer.address(),
               {.credentials = authority.credentials("user@overlay.example.org", alice)}) {}
  ::testing::AssertionResult up() {
    if (!client.connect()) return ::testing::AssertionFailure() << "the client cannot connect";
    const auto first = bob_peer.first_link();
    if (!first) return ::testing::AssertionFailure() << "no link_up";
    link = *first;
    return ::testing::AssertionSuccess();
  }
  TestPeer bob_peer;
  RawTlsClient client;
  link::LinkId link;
};

std::string hex(const std::optional<Bytes>& bytes) { return bytes ? to_hex(*bytes) : "nothing"; }

TEST(LinkFlow, FramesAndAcknowledgementsOnTheWire) {
  // Shows: LINK-02, LINK-03, LINK-04, LINK-05, LINK-17.
  // The client does nothing but TLS, and finds nothing but frames: no STUN before them or between them.
  RawLink raw;
  ASSERT_TRUE(raw.up());
  Bytes both = frame(0, view_of("one"));
  append(both, frame(1, view_of("two")));
  ASSERT_TRUE(raw.client.send(both));
  EXPECT_EQ(hex(raw.client.read(18)), "810000000000000000810000000100000001");
  raw.bob_peer.send(raw.link, copy_of(view_of("abc")));
  EXPECT_EQ(hex(raw.client.read(11)), "8000000000000003616263");
  raw.bob_peer.send(raw.link, copy_of(view_of("d")));
  EXPECT_EQ(hex(raw.client.read(9)), "800000000100000164");
  // An acknowledgement draws no acknowledgement: the next bytes are those of the next message.
  Bytes acks = wire::encode_ack({0, 0});
  append(acks, wire::encode_ack({1, 1}));
  ASSERT_TRUE(raw.client.send(acks));
  ASSERT_TRUE(raw.client.send(frame(2, view_of("three"))));
  EXPECT_EQ(hex(raw.client.read(9)), "810000000200000003");
  ASSERT_TRUE(raw.bob_peer.events().wait([](const Seen& seen) { return seen.messages.size() == 3; }));
  const auto quality = raw.bob_peer.links().quality(raw.link);
  ASSERT_TRUE(quality);
  EXPECT_TRUE(quality->round_trip);
  EXPECT_EQ(quality->unacknowledged_frames, 0U);
}

TEST(LinkFlow, AMessageAboveTheLimitClosesTheLink) {
  // Shows: WIRE-33.
  RawLink raw([](LinkSettings& settings) { settings.max_message_size_bytes = 5000; });
  ASSERT_TRUE(raw.up());
  // Its length is enough: not one byte of the message is sent.
  Bytes bytes = frame(0, numbered(1, 5000));
  append(bytes, wire::data_frame_prefix(1, 5001));
  ASSERT_TRUE(raw.client.send(bytes));
  ASSERT_TRUE(raw.bob_peer.events().wait([](const Seen& seen) { return !seen.downs.empty(); }));
  const auto seen = raw.bob_peer.seen();
  EXPECT_EQ(seen.order, "umd") << "what came before is delivered";
  EXPECT_NE(seen.downs[0].reason.find("maximum size"), std::string::npos) << seen.downs[0].reason;
  EXPECT_EQ(hex(raw.client.read(1)), "nothing") << "no reply";
}

TEST(LinkFlow, BadFramingClosesTheLink) {
  // Shows: LINK-02.
  RawLink raw;
  ASSERT_TRUE(raw.up());
  ASSERT_TRUE(raw.client.send(Bytes(100, 0x7f)));
  ASSERT_TRUE(raw.bob_peer.events().wait([](const Seen& seen) { return !seen.downs.empty(); }));
  EXPECT_EQ(raw.bob_peer.seen().order, "ud");
  EXPECT_TRUE(raw.client.ended());
}

TEST(LinkFlow, ABrokenConnectionIsToldAtOnce) {
  // Shows: LINK-19.
  RawLink raw;
  ASSERT_TRUE(raw.up());
  raw.client.socket().reset_connection();
  ASSERT_TRUE(raw.bob_peer.events().wait([](const Seen& seen) { return !seen.downs.empty(); },
                                         std::chrono::seconds(5)));
  EXPECT_EQ(raw.bob_peer.seen().order, "ud");
  EXPECT_EQ(raw.bob_peer.seen().downs[0].link, raw.link);
}

TEST(LinkFlow, AQuietLinkIsSuspectedAndTrustedAgain) {
  // Shows: LINK-15, LINK-19.
  RawLink raw;
  ASSERT_TRUE(raw.up());
  raw.bob_peer.send(raw.link, numbered(1));
  ASSERT_TRUE(raw.client.read(12));  // and does not acknowledge
  ASSERT_TRUE(raw.bob_peer.events().wait([](const Seen& seen) { return !seen.suspicions.empty(); }));
  EXPECT_TRUE(raw.bob_peer.seen().suspicions[0].suspected);
  ASSERT_TRUE(raw.client.send(wire::encode_ack({0, 0})));
  ASSERT_TRUE(raw.bob_peer.events().wait([](const Seen& seen) { return seen.suspicions.size() == 2; }));
  EXPECT_FALSE(raw.bob_peer.seen().suspicions[1].suspected);
  EXPECT_EQ(raw.bob_peer.seen().order, "ust") << "held meanwhile";
}

TEST(LinkFlow, ClosingDoesNotWaitLongForWhoDoesNotRead) {
  RawLink raw([](LinkSettings& settings) {
    settings.close_timeout = Duration{300};
    settings.max_send_queue_bytes = 64U << 20;
  });
  ASSERT_TRUE(raw.up());
  for (std::uint32_t i = 0; i < 10'000; ++i) raw.bob_peer.send(raw.link, numbered(i, 5000));
  raw.bob_peer.links().close({raw.link, "enough"});
  ASSERT_TRUE(raw.bob_peer.events().wait([](const Seen& seen) { return !seen.downs.empty(); }));
  EXPECT_EQ(raw.bob_peer.seen().downs[0].reason, "enough");
}

TEST(LinkFlow, WithoutCreditsReadingStopsAndTheSendersQueueIsBounded) {
  LinkWorld world;
  constexpr std::size_t k_credits = 10;
  constexpr std::size_t k_queue_bytes = 256U << 10;
  constexpr std::size_t k_message_bytes = 1024;
  TestPeer alice(world.pool, world.authority, world.alice,
                 {.change = [](LinkSettings& settings) { settings.max_send_queue_bytes = k_queue_bytes; }});
  TestPeer bob(world.pool, world.authority, world.bob,
               {.change = [](LinkSettings& settings) { settings.receive_credit_messages = k_credits; },
                .give_credits = false});
  alice.open(1, bob.address(), world.bob);
  const auto to_bob = alice.first_link();
  ASSERT_TRUE(to_bob && bob.first_link());

  // Alice sends until Bob has stopped reading, which her acknowledgements tell, and then some more.
  std::uint32_t sent = 0;
  const auto suspects = [](const Seen& seen) { return !seen.suspicions.empty(); };
  const auto deadline = std::chrono::steady_clock::now() + k_patience;
  while (!alice.events().wait(suspects, std::chrono::milliseconds(0))) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "Bob does not stop";
    alice.send(*to_bob, numbered(sent++, k_message_bytes));
  }
  const auto refused_before = alice.links().counters().refused_full_queue;
  for (std::size_t i = 0; i < 2 * k_queue_bytes / k_message_bytes; ++i)
    alice.send(*to_bob, numbered(sent++, k_message_bytes));
  EXPECT_GT(alice.links().counters().refused_full_queue, refused_before);
  EXPECT_LE(alice.links().quality(*to_bob)->queued_bytes, k_queue_bytes);
  // One read brings at most one TLS record more than the credits allow.
  EXPECT_LE(bob.seen().messages.size(), k_credits + 16384 / k_message_bytes);
  EXPECT_GE(bob.seen().messages.size(), k_credits);

  // With credits everything that was accepted arrives, in order, and the link is trusted again.
  const std::size_t accepted = sent - alice.links().counters().refused_full_queue;
  bob.events().credit_to(&bob.links());
  bob.links().credit(*bob.first_link(), bob.seen().messages.size());
  ASSERT_TRUE(bob.events().wait([&](const Seen& seen) { return seen.messages.size() == accepted; }));
  const auto messages = bob.seen().messages;
  for (std::size_t i = 1; i < messages.size(); ++i)
    ASSERT_LT(number_of(messages[i - 1].second), number_of(messages[i].second));
  ASSERT_TRUE(alice.events().wait([](const Seen& seen) { return !seen.suspicions.back().suspected; }));
  EXPECT_TRUE(alice.seen().downs.empty());
}

TEST(LinkFlow, OurOwnPauseDoesNotMakeTheOtherSideSuspect) {
  LinkWorld world;
  TestPeer alice(world.pool, world.authority, world.alice,
                 {.change = [](LinkSettings& settings) { settings.receive_credit_messages = 1; },
                  .give_credits = false});
  TestPeer bob(world.pool, world.authority, world.bob);
  alice.open(1, bob.address(), world.bob);
  const auto to_bob = alice.first_link();
  ASSERT_TRUE(to_bob && bob.first_link());
  // Alice's credit is used up; from now on she reads nothing, not even acknowledgements.
  bob.send(*bob.first_link(), numbered(1));
  ASSERT_TRUE(alice.events().wait([](const Seen& seen) { return seen.messages.size() == 1; }));
  alice.send(*to_bob, numbered(2));
  bob.send(*bob.first_link(), numbered(3));
  // Bob, who is not read, suspects her; she has no reason to suspect him.
  ASSERT_TRUE(bob.events().wait([](const Seen& seen) { return !seen.suspicions.empty(); }));
  ASSERT_TRUE(bob.events().wait([](const Seen& seen) { return seen.messages.size() == 1; }));
  EXPECT_TRUE(alice.seen().suspicions.empty());
  alice.links().credit(*to_bob, 10);
  ASSERT_TRUE(alice.events().wait([](const Seen& seen) { return seen.messages.size() == 2; }));
  ASSERT_TRUE(bob.events().wait([](const Seen& seen) { return seen.suspicions.size() == 2; }));
  EXPECT_TRUE(alice.seen().suspicions.empty());
}

}  // namespace
}  // namespace ringway::net::test
