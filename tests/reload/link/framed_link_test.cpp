#include "reload/link/framed_link.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ringway::link {
namespace {

constexpr std::size_t k_limit = 1000;
constexpr MonoTime k_start{1'000'000};
MonoTime at(std::int64_t ms) { return k_start + Duration{ms}; }

Bytes frame(std::uint32_t sequence, std::string_view message) {
  Bytes bytes = wire::data_frame_prefix(sequence, message.size());
  append(bytes, view_of(message));
  return bytes;
}
Bytes ack(std::uint32_t sequence, std::uint32_t received = 0) {
  return wire::encode_ack({.ack_sequence = sequence, .received = received});
}
Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const auto& part : parts) append(all, part);
  return all;
}
void receive(FramedLink& link, MonoTime now, const Bytes& bytes) {
  const auto arrived = link.receive(now, bytes);
  ASSERT_TRUE(arrived.ok()) << arrived.error().reason;
  EXPECT_TRUE(arrived->messages.empty());
  EXPECT_TRUE(arrived->acknowledgements.empty()) << "an acknowledgement is never acknowledged";
}

TEST(FramedLink, ANewLimitHoldsForTheNextLengthThatIsRead) {
  FramedLink link(k_limit);
  const Bytes longer = frame(0, std::string(k_limit + 1, 'x'));
  link.set_max_message_size_bytes(k_limit + 1);
  const auto arrived = link.receive(at(0), longer);
  ASSERT_TRUE(arrived.ok()) << arrived.error().reason;
  EXPECT_EQ(arrived->messages.size(), 1U);
  link.set_max_message_size_bytes(k_limit);
  EXPECT_FALSE(link.receive(at(0), longer).ok());
  link.set_max_message_size_bytes(2 * k_limit);  // too late for a stream that has broken
  EXPECT_FALSE(link.receive(at(0), frame(1, "x")).ok());
}

TEST(ReceivedWindow, ReportsDistanceDAtBitDMinusOne) {
  // Shows: LINK-05.
  ReceivedWindow window;
  EXPECT_EQ(window.note(0), (wire::AckFrame{0, 0}));
  EXPECT_EQ(window.note(1), (wire::AckFrame{1, 0b1}));
  EXPECT_EQ(window.note(2), (wire::AckFrame{2, 0b11}));
  EXPECT_EQ(window.note(5), (wire::AckFrame{5, 0b11100}));
  // A late one: what is newer has no bit.
  EXPECT_EQ(window.note(3), (wire::AckFrame{3, 0b111}));
}

TEST(ReceivedWindow, RemembersTheLatest32) {
  // Shows: LINK-05.
  ReceivedWindow window;
  for (std::uint32_t sequence = 0; sequence < 40; ++sequence) window.note(sequence);
  // Less than N but greater than N-32 (RFC 6940 §6.6.2).
  EXPECT_EQ(window.note(40), (wire::AckFrame{40, 0x7fffffff}));
  // 32 others in between push everything else out of memory.
  for (std::uint32_t sequence = 1000; sequence < 1032; ++sequence) window.note(sequence);
  EXPECT_EQ(window.note(41), (wire::AckFrame{41, 0}));
}

TEST(ReceivedWindow, GoesAroundTheEndOfTheSequenceSpace) {
  ReceivedWindow window;
  window.note(0xfffffffe);
  window.note(0xffffffff);
  EXPECT_EQ(window.note(0), (wire::AckFrame{0, 0b11}));
}

TEST(FramedLink, SequenceStartsAtZeroAndGrowsByOne) {
  // Shows: LINK-02, LINK-03.
  FramedLink link(k_limit);
  EXPECT_EQ(to_hex(link.send(at(0), 5)), "8000000000000005");
  EXPECT_EQ(to_hex(link.send(at(0), 0x0102)), "8000000001000102");
  EXPECT_EQ(to_hex(link.send(at(0), 1)), "8000000002000001");
  FramedLink other(k_limit);
  EXPECT_EQ(to_hex(other.send(at(0), 1)), "8000000000000001") << "each link has its own sequence space";
}

TEST(FramedLink, AcknowledgesEachDataFrameAtOnce) {
  // Shows: LINK-02, LINK-04, LINK-05.
  FramedLink link(k_limit);
  const auto arrived = link.receive(at(0), joined({frame(0, "one"), frame(1, "two"), frame(2, "")}));
  ASSERT_TRUE(arrived.ok());
  ASSERT_EQ(arrived->messages.size(), 3U);
  EXPECT_EQ(text_of(arrived->messages[0]), "one");
  EXPECT_EQ(text_of(arrived->messages[1]), "two");
  EXPECT_TRUE(arrived->messages[2].empty());
  EXPECT_EQ(to_hex(arrived->acknowledgements),
            "810000000000000000"
            "810000000100000001"
            "810000000200000003");
}

TEST(FramedLink, NeverAcknowledgesAnAcknowledgement) {
  // Shows: LINK-04.
  FramedLink link(k_limit);
  link.send(at(0), 10);
  receive(link, at(5), ack(0));
  receive(link, at(6), ack(77));
}

TEST(FramedLink, CutsTheStreamWhereverItIsSplit) {
  FramedLink link(k_limit);
  const Bytes stream = joined({frame(0, "hello"), ack(3), frame(1, "world")});
  std::string messages;
  std::size_t acknowledgement_bytes = 0;
  for (const std::uint8_t byte : stream) {
    const auto arrived = link.receive(at(0), {&byte, 1});
    ASSERT_TRUE(arrived.ok());
    for (const auto& message : arrived->messages) messages += std::string(text_of(message)) + ".";
    acknowledgement_bytes += arrived->acknowledgements.size();
  }
  EXPECT_EQ(messages, "hello.world.");
  EXPECT_EQ(acknowledgement_bytes, 2 * wire::k_ack_frame_size_bytes);
}

TEST(FramedLink, BadFramingAndTooLongMessagesAreFailures) {
  FramedLink bad(k_limit);
  EXPECT_FALSE(bad.receive(at(0), Bytes{0x7f}).ok());
  // Above the limit: refused on its length alone, before the bytes have come.
  FramedLink big(k_limit);
  EXPECT_FALSE(big.receive(at(0), wire::data_frame_prefix(0, k_limit + 1)).ok());
  FramedLink fits(k_limit);
  EXPECT_TRUE(fits.receive(at(0), frame(0, std::string(k_limit, 'x'))).ok());
}

TEST(FramedLink, WhatCameBeforeTheFramingBrokeIsDelivered) {
  FramedLink link(k_limit);
  const auto arrived = link.receive(at(0), joined({frame(0, "good"), Bytes{0x7f}}));
  ASSERT_TRUE(arrived.ok());
  ASSERT_EQ(arrived->messages.size(), 1U);
  ASSERT_TRUE(arrived->broken);
  EXPECT_FALSE(arrived->broken->reason.empty());
  EXPECT_FALSE(link.receive(at(1), frame(1, "late")).ok());
}

TEST(FramedLink, MeasuresTheRoundTripFromAcknowledgements) {
  // Shows: LINK-15, LINK-09.
  FramedLink link(k_limit);
  link.send(at(0), 10);
  link.send(at(100), 10);
  EXPECT_EQ(link.unacknowledged(), 2U);
  receive(link, at(400), ack(0));
  EXPECT_EQ(link.round_trip().smoothed(), Duration{400});
  EXPECT_EQ(link.round_trip().rto(), Duration{400 + 4 * 200});
  EXPECT_EQ(link.unacknowledged(), 1U);
  receive(link, at(500), ack(1));
  EXPECT_EQ(link.round_trip().smoothed(), Duration{400});
  EXPECT_EQ(link.unacknowledged(), 0U);
  // The same again, one never sent, one from long ago: no samples.
  receive(link, at(9000), joined({ack(1), ack(0), ack(55), ack(0xffffffff)}));
  EXPECT_EQ(link.round_trip().smoothed(), Duration{400});
}

TEST(FramedLink, SuspectedAfterTheRtoAndGivenUpAfterTheGrace) {
  // Shows: LINK-15.
  FramedLink link(k_limit);
  EXPECT_FALSE(link.next_deadline(at(0))) << "nothing waits";
  link.send(at(0), 10);
  EXPECT_EQ(link.next_deadline(at(0)), at(500));
  EXPECT_FALSE(link.suspected(at(499)));
  EXPECT_TRUE(link.suspected(at(500)));
  EXPECT_FALSE(link.given_up(at(500)));
  EXPECT_EQ(link.next_deadline(at(500)), at(30'500));
  EXPECT_FALSE(link.given_up(at(30'499)));
  EXPECT_TRUE(link.given_up(at(30'500)));
  EXPECT_TRUE(link.suspected(at(30'500)));
  EXPECT_FALSE(link.next_deadline(at(30'500)));
}

TEST(FramedLink, TrustedAgainWhenAcknowledgementsResume) {
  // Shows: LINK-15.
  FramedLink link(k_limit);
  link.send(at(0), 10);
  link.send(at(10), 10);
  EXPECT_TRUE(link.suspected(at(20'000)));
  receive(link, at(20'000), ack(0));
  // One still waits, but the timer starts anew, with the RTO that the long round trip has led to.
  EXPECT_FALSE(link.suspected(at(20'000)));
  EXPECT_FALSE(link.given_up(at(40'000)));
  EXPECT_EQ(link.next_deadline(at(20'000)), at(20'000 + 60'000));
  receive(link, at(20'001), ack(1));
  EXPECT_FALSE(link.next_deadline(at(20'001)));
  EXPECT_FALSE(link.suspected(at(1'000'000)));
}

TEST(FramedLink, AnIdleLinkIsNeverSuspected) {
  FramedLink link(k_limit);
  link.send(at(0), 10);
  receive(link, at(1), ack(0));
  EXPECT_FALSE(link.suspected(at(3'600'000)));
  // The wait counts from the sending, not from the acknowledgement of long ago.
  link.send(at(3'600'000), 10);
  EXPECT_EQ(link.next_deadline(at(3'600'000)), at(3'600'500));
  EXPECT_FALSE(link.suspected(at(3'600'499)));
}

TEST(FramedLink, ABusyLinkIsNotSuspectedWhileAcknowledgementsCome) {
  // Shows: LINK-15.
  FramedLink link(k_limit);
  for (int i = 0; i < 20; ++i) link.send(at(0), 10);
  for (std::uint32_t i = 0; i < 20; ++i) {
    const std::int64_t answered_ms = std::int64_t{400} * (i + 1);
    receive(link, at(answered_ms), ack(i));
    EXPECT_FALSE(link.suspected(at(answered_ms + 399)));
  }
}

TEST(FramedLink, ZeroBitsSayNothing) {
  // Shows: LINK-06.
  FramedLink with_mask(k_limit);
  FramedLink without_mask(k_limit);
  for (FramedLink* link : {&with_mask, &without_mask})
    for (int i = 0; i < 4; ++i) link->send(at(i), 10);
  receive(with_mask, at(50), ack(2, 0b11));
  receive(without_mask, at(50), ack(2, 0));
  for (const FramedLink* link : {&with_mask, &without_mask}) {
    EXPECT_EQ(link->unacknowledged(), 1U) << "the stream is ordered: what was sent before has arrived";
    EXPECT_EQ(link->round_trip().smoothed(), Duration{48}) << "one sample, of the frame that was named";
    EXPECT_EQ(link->next_deadline(at(50)), at(550));
  }
  // Set bits acknowledge nothing either.
  receive(with_mask, at(60), ack(40, 0xffffffff));
  EXPECT_EQ(with_mask.unacknowledged(), 1U);
}

TEST(FramedLink, TimeInWhichWeDidNotReadSaysNothing) {
  FramedLink link(k_limit);
  link.send(at(0), 10);
  EXPECT_TRUE(link.suspected(at(10'000)));
  link.reading_resumed(at(10'000));
  EXPECT_FALSE(link.suspected(at(10'000)));
  EXPECT_TRUE(link.suspected(at(10'500)));
  receive(link, at(10'600), ack(0));
  EXPECT_FALSE(link.round_trip().smoothed()) << "it waited for us, not for the network";
  link.send(at(10'700), 10);
  receive(link, at(10'703), ack(1));
  EXPECT_EQ(link.round_trip().smoothed(), Duration{3});
}

TEST(FramedLink, FramesWithoutAcknowledgementAreBounded) {
  FramedLink link(k_limit);
  for (std::size_t i = 0; i < k_max_unacknowledged; ++i) {
    ASSERT_TRUE(link.may_send());
    link.send(at(0), 10);
  }
  EXPECT_FALSE(link.may_send());
  EXPECT_FALSE(link.given_up(at(0)));
  link.send(at(0), 10);
  EXPECT_TRUE(link.given_up(at(0)));
  for (int i = 0; i < 1000; ++i) link.send(at(0), 10);
  EXPECT_LE(link.unacknowledged(), k_max_unacknowledged + 1);
}

TEST(FramedLink, TheWindowOpensAgainWithAcknowledgements) {
  FramedLink link(k_limit);
  for (std::size_t i = 0; i < k_max_unacknowledged; ++i) link.send(at(0), 10);
  receive(link, at(1), ack(0));
  EXPECT_TRUE(link.may_send());
  EXPECT_EQ(link.unacknowledged(), k_max_unacknowledged - 1);
}

}  // namespace
}  // namespace ringway::link
