#include "reload/link/reliability/windowed_sender.hpp"

#include <gmock/gmock.h>

#include <vector>

namespace ringway::link {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr MonoTime k_start{1'000'000};
MonoTime at(std::int64_t ms) { return k_start + Duration{ms}; }

struct Sent {
  std::uint32_t sequence;
  int message;
  bool operator==(const Sent&) const = default;
};
void PrintTo(const Sent& sent, std::ostream* out) { *out << sent.sequence << " (" << sent.message << ")"; }

// Messages are numbered from 0 in the order in which they are given.
class SenderFixture : public testing::Test {
 protected:
  void give(int count) {
    for (int i = 0; i < count; ++i) sender_.enqueue(Bytes{static_cast<std::uint8_t>(next_message_++)});
  }
  std::vector<Sent> poll(std::int64_t ms) {
    std::vector<Sent> all;
    while (const auto frame = sender_.poll(at(ms)))
      all.push_back({frame->sequence, frame->message.view()[0]});
    return all;
  }
  void ack(std::int64_t ms, std::uint32_t sequence, std::uint32_t received = 0) {
    sender_.acknowledged(at(ms), {sequence, received});
  }
  // Lets time pass until something is sent, or until then; when, and what.
  std::pair<std::int64_t, std::vector<Sent>> next(std::int64_t from_ms, std::int64_t to_ms) {
    for (std::int64_t ms = from_ms; ms <= to_ms; ++ms)
      if (auto sent = poll(ms); !sent.empty()) return {ms, sent};
    return {to_ms, {}};
  }

  WindowedSender sender_{std::nullopt};
  int next_message_ = 0;
};

TEST_F(SenderFixture, SendsAWindowAtOnce) {
  // Shows: LINK-03.
  give(20);
  const auto sent = poll(0);
  ASSERT_EQ(sent.size(), k_initial_window_frames);
  for (std::uint32_t i = 0; i < sent.size(); ++i) EXPECT_EQ(sent[i], (Sent{i, static_cast<int>(i)}));
  EXPECT_EQ(sender_.in_flight(), 10U);
  EXPECT_THAT(poll(100), IsEmpty());
}

TEST_F(SenderFixture, ALaterFrameThatArrivesIsNoLoss) {
  // Shows: LINK-06.
  give(3);
  poll(0);
  ack(50, 2, 0);  // bits 0 and 1 are not set: nothing is known of them
  EXPECT_EQ(sender_.in_flight(), 2U);
  EXPECT_THAT(poll(50), IsEmpty());
}

TEST_F(SenderFixture, ThreeLaterFramesAreALoss) {
  // Shows: LINK-07.
  give(5);
  poll(0);
  ack(50, 1);
  ack(50, 2);
  EXPECT_THAT(poll(50), IsEmpty());
  ack(50, 3);
  EXPECT_THAT(poll(50), ElementsAre((Sent{5, 0})));
  EXPECT_EQ(sender_.window().frames(), 8U) << "nothing was queued: a fifth less";
  EXPECT_EQ(sender_.counters().retransmissions, 1U);
}

TEST_F(SenderFixture, ALaterFrameAndMoreThanARoundTripAreALoss) {
  give(2);
  poll(0);
  ack(80, 1);
  EXPECT_EQ(sender_.next_deadline(at(80)), at(91)) << "80 and an eighth, and the clock's 1 ms";
  EXPECT_THAT(poll(90), IsEmpty());
  EXPECT_THAT(poll(91), ElementsAre((Sent{2, 0})));
}

TEST_F(SenderFixture, BitsOfTheMaskStandForLostAcknowledgements) {
  // Shows: LINK-05.
  give(6);
  poll(0);
  ack(50, 1, 0b1);    // 0's own was lost
  ack(50, 5, 0b111);  // those of 2, 3 and 4 as well
  EXPECT_EQ(sender_.in_flight(), 0U);
  EXPECT_TRUE(sender_.idle());
  EXPECT_EQ(sender_.round_trip().smoothed(), Duration{50});
  EXPECT_THAT(next(51, 2000).second, IsEmpty());
}

TEST_F(SenderFixture, WhoCountsBitsOtherwiseIsNotMisread) {
  give(5);
  poll(0);
  ack(50, 2, 0b100);   // distance 2 at 1 << 2: 0 has arrived, to us it would be a frame before the first
  ack(50, 3, 0b1010);  // 0 and 2
  ack(51, 4, 0b10110);
  EXPECT_EQ(sender_.unacknowledged(), 2U) << "0 and 1, of which no acknowledgement has come";
  EXPECT_THAT(poll(51), ElementsAre((Sent{5, 0}), (Sent{6, 1})));
}

TEST_F(SenderFixture, AnyTransmissionsAcknowledgementWillDo) {
  // Shows: LINK-11.
  give(5);
  poll(0);
  for (const std::uint32_t i : {1U, 2U, 3U, 4U}) ack(50, i);
  ASSERT_THAT(poll(50), ElementsAre((Sent{5, 0})));
  ack(60, 0);  // it was only late
  EXPECT_EQ(sender_.unacknowledged(), 0U);
  EXPECT_EQ(sender_.counters().spurious, 1U);
  EXPECT_THAT(next(61, 20'000).second, IsEmpty()) << "the other transmission is not repeated";
  EXPECT_FALSE(sender_.failed());
}

TEST_F(SenderFixture, WhatArrivesWhileItWaitsToBeSentAgainIsNotSentAgain) {
  // Shows: LINK-11.
  give(10);
  poll(0);
  poll(500);  // all are taken for lost; one goes out again
  for (std::uint32_t i = 3; i < 10; ++i) ack(520, i);
  ack(530, 10);
  std::vector<int> again;
  for (std::int64_t ms = 530; ms < 2'000; ms += 10)
    for (const auto& sent : poll(ms)) {
      again.push_back(sent.message);
      ack(ms + 5, sent.sequence);
    }
  EXPECT_THAT(again, ElementsAre(1, 2));
}

TEST_F(SenderFixture, LearnsThatThePathReorders) {
  give(10);
  poll(0);
  for (std::uint32_t i = 1; i <= 5; ++i) ack(50, i);
  ASSERT_EQ(poll(50).size(), 1U);
  ack(51, 0);  // five frames late
  for (std::uint32_t i = 7; i <= 9; ++i) ack(52, i);
  EXPECT_EQ(sender_.counters().retransmissions, 1U) << "6 is only three behind";
  EXPECT_EQ(sender_.in_flight(), 2U);
}

TEST_F(SenderFixture, ProbesTwoRoundTripsAfterTheLastFrame) {
  give(1);
  poll(0);
  ack(40, 0);
  give(2);
  ASSERT_EQ(poll(1000).size(), 2U);
  const auto [when, sent] = next(1001, 3000);
  EXPECT_EQ(when, 1000 + 2 * 40 + 10);
  EXPECT_THAT(sent, ElementsAre((Sent{3, 1})));
  // Its answer tells what has become of the others.
  ack(1130, 3);
  EXPECT_THAT(next(1130, 1131).second, ElementsAre((Sent{4, 2})));
}

TEST_F(SenderFixture, DoublesItsRtoAndEndsWithTheFifth) {
  // Shows: LINK-10, LINK-12, LINK-13.
  give(1);
  std::vector<std::int64_t> when;
  std::int64_t suspected_at = -1, ms = 0;
  for (; !sender_.failed() && ms < 60'000; ++ms) {
    if (!poll(ms).empty()) when.push_back(ms);
    if (suspected_at < 0 && sender_.suspected()) suspected_at = ms;
  }
  EXPECT_THAT(when, ElementsAre(0, 500, 1500, 3500, 7500));
  EXPECT_EQ(ms - 1, 15'500);
  EXPECT_EQ(suspected_at, 1500);
  EXPECT_FALSE(sender_.next_deadline(at(ms)));
}

TEST_F(SenderFixture, SuspicionEndsWithAnAcknowledgement) {
  // Shows: LINK-13.
  give(3);
  poll(0);
  poll(500);
  poll(1500);
  ASSERT_TRUE(sender_.suspected());
  ack(1600, 1);
  EXPECT_FALSE(sender_.suspected());
}

TEST_F(SenderFixture, OneMessageThatNeverArrivesEndsTheLink) {
  // Shows: LINK-12.
  // All others are acknowledged; this one may be too large for the path.
  std::int64_t ms = 0;
  give(1);
  for (; !sender_.failed() && ms < 60'000; ms += 10) {
    give(1);
    for (const auto& frame : poll(ms))
      if (frame.message != 0) ack(ms + 5, frame.sequence);
    if (next_message_ > 250) next_message_ = 1;
  }
  EXPECT_TRUE(sender_.failed());
  EXPECT_GE(ms, 15'000);
  EXPECT_LE(ms, 20'000);
  EXPECT_GE(sender_.counters().retransmissions, 4U);
}

TEST_F(SenderFixture, BeginsWithOneFrameAfterATimeout) {
  // Shows: LINK-07.
  give(10);
  poll(0);
  EXPECT_EQ(poll(500).size(), 1U);
  EXPECT_EQ(sender_.window().frames(), 1U);
}

TEST_F(SenderFixture, DoesNotBelieveAcknowledgementsOfFramesNeverSent) {
  give(3);
  poll(0);
  for (const std::uint32_t sequence : {3U, 4U, 0x7fffffffU, 0x80000002U, 0xffffffffU})
    ack(1, sequence, 0xffffffff);
  EXPECT_EQ(sender_.in_flight(), 3U);
  EXPECT_EQ(sender_.counters().never_sent, 5U);
  ack(50, 2, 0xffffffff);  // one that was sent, with bits for frames that were not
  EXPECT_EQ(sender_.in_flight(), 2U);
}

TEST_F(SenderFixture, AnAcknowledgementThatComesAgainSaysNothing) {
  give(12);
  poll(0);
  for (int i = 0; i < 100; ++i) ack(50, 4);
  EXPECT_EQ(sender_.in_flight(), 9U - 2U) << "4 has arrived, 0 and 1 are lost";
  EXPECT_EQ(sender_.window().frames(), 8U);
  EXPECT_EQ(sender_.round_trip().smoothed(), Duration{50});
}

TEST_F(SenderFixture, HoldsABoundedNumberOfFrames) {
  // Shows: LINK-07.
  give(static_cast<int>(sender_.room()));
  EXPECT_EQ(sender_.room(), 0U);
  std::size_t most = 0;
  for (std::int64_t ms = 0; !sender_.idle() && ms < 1000; ms += 20) {
    for (const auto& frame : poll(ms)) ack(ms + 10, frame.sequence);
    most = std::max(most, sender_.in_flight());
  }
  EXPECT_TRUE(sender_.idle());
  EXPECT_LE(most, k_max_window_frames);
}

TEST_F(SenderFixture, GoesAroundTheEndOfTheSequenceSpace) {
  // 2^32 frames take too long; the table of frames goes around often enough to be wrong if it did not count
  // so.
  for (std::uint32_t i = 0; i < 5000; ++i) {
    give(1);
    const auto sent = poll(i * 10);
    ASSERT_EQ(sent.size(), 1U);
    ASSERT_EQ(sent[0].sequence, i);
    ack(i * 10 + 5, i);
    ASSERT_TRUE(sender_.idle());
  }
}

}  // namespace
}  // namespace ringway::link
