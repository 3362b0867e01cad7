#include "reload/link/reliability/stop_and_wait_sender.hpp"

#include <gmock/gmock.h>

namespace ringway::link {
namespace {

constexpr MonoTime k_start{1'000'000};
MonoTime at(std::int64_t ms) { return k_start + Duration{ms}; }
SharedBytes message(std::uint8_t number) { return Bytes{number}; }

// The sequence number of what is sent at that time; none when nothing is.
std::optional<std::uint32_t> sent(StopAndWaitSender& sender, MonoTime now) {
  const auto frame = sender.poll(now);
  EXPECT_FALSE(sender.poll(now)) << "more than one message is on its way";
  if (!frame) return std::nullopt;
  return frame->sequence;
}

TEST(StopAndWaitSender, HasOneMessageOnItsWay) {
  // Shows: LINK-03, LINK-08.
  StopAndWaitSender sender({});
  sender.enqueue(message(1));
  sender.enqueue(message(2));
  EXPECT_EQ(sent(sender, at(0)), 0U);
  EXPECT_EQ(sent(sender, at(499)), std::nullopt);
  sender.acknowledged(at(499), {0, 0});
  EXPECT_EQ(sent(sender, at(509)), 1U);
}

TEST(StopAndWaitSender, Waits10MsAfterAnAcknowledgement) {
  // Shows: LINK-14.
  StopAndWaitSender sender({});
  sender.enqueue(message(1));
  EXPECT_EQ(sent(sender, at(0)), 0U);
  sender.acknowledged(at(3), {0, 0});
  sender.enqueue(message(2));
  EXPECT_EQ(sender.next_deadline(at(3)), at(13));
  EXPECT_EQ(sent(sender, at(12)), std::nullopt);
  EXPECT_EQ(sent(sender, at(13)), 1U);
}

TEST(StopAndWaitSender, SendsFiveTimesWithTheRfcsPauses) {
  // Shows: LINK-03, LINK-09, LINK-10, LINK-12.
  StopAndWaitSender sender({.static_rto = Duration{500}});
  sender.enqueue(message(1));
  std::vector<std::pair<std::int64_t, std::uint32_t>> when;
  std::int64_t ms = 0;
  for (; !sender.failed() && ms < 60'000; ++ms)
    if (const auto sequence = sent(sender, at(ms))) when.emplace_back(ms, *sequence);
  using testing::ElementsAre;
  using testing::Pair;
  EXPECT_THAT(when, ElementsAre(Pair(0, 0U), Pair(500, 1U), Pair(1500, 2U), Pair(3500, 3U), Pair(7500, 4U)));
  EXPECT_EQ(ms - 1, 15'500) << "twice the last pause, then the connection is given up";
  EXPECT_FALSE(sender.next_deadline(at(ms)));
  sender.acknowledged(at(ms), {0, 0});
  EXPECT_EQ(sent(sender, at(ms + 100)), std::nullopt);
}

TEST(StopAndWaitSender, AnyTransmissionsAcknowledgementWillDo) {
  // Shows: LINK-11.
  StopAndWaitSender sender({});
  sender.enqueue(message(1));
  sender.poll(at(0));
  sender.poll(at(500));
  sender.poll(at(1500));
  sender.acknowledged(at(1600), {1, 0});
  EXPECT_EQ(sender.unacknowledged(), 0U);
  EXPECT_EQ(sent(sender, at(9'000)), std::nullopt);
  // Late ones of a message before are measured, and acknowledge nothing.
  sender.enqueue(message(2));
  EXPECT_EQ(sent(sender, at(9'000)), 3U);
  sender.acknowledged(at(9'001), {2, 0});
  EXPECT_EQ(sender.unacknowledged(), 1U);
  sender.acknowledged(at(9'020), {3, 0});
  EXPECT_EQ(sender.unacknowledged(), 0U);
}

TEST(StopAndWaitSender, MeasuresEachTransmissionByItself) {
  // Shows: LINK-09.
  StopAndWaitSender sender({});
  sender.enqueue(message(1));
  sender.poll(at(0));
  sender.poll(at(500));
  sender.acknowledged(at(560), {1, 0});
  EXPECT_EQ(sender.round_trip().smoothed(), Duration{60});
  sender.acknowledged(at(560), {1, 0});  // a copy measures nothing
  sender.acknowledged(at(860), {0, 0});
  EXPECT_EQ(sender.round_trip().smoothed(), Duration{160}) << "7/8 of 60 and 1/8 of 860";
}

TEST(StopAndWaitSender, BeginsWithTheHandshakesRoundTrip) {
  // Shows: LINK-09.
  StopAndWaitSender sender({.first_round_trip = Duration{800}});
  sender.enqueue(message(1));
  sender.poll(at(0));
  EXPECT_EQ(sender.next_deadline(at(0)), at(2400)) << "800 + 4 * 400";
}

TEST(StopAndWaitSender, IsSuspectedAtTheThirdRetransmission) {
  // Shows: LINK-13.
  StopAndWaitSender sender({});
  sender.enqueue(message(1));
  sender.poll(at(0));
  sender.poll(at(500));
  sender.poll(at(1500));
  EXPECT_FALSE(sender.suspected());
  sender.poll(at(3500));
  EXPECT_TRUE(sender.suspected());
  sender.acknowledged(at(3600), {0, 0});
  EXPECT_FALSE(sender.suspected()) << "acknowledgements have resumed";
}

TEST(StopAndWaitSender, DoesNotBelieveAcknowledgementsOfFramesNeverSent) {
  StopAndWaitSender sender({});
  sender.enqueue(message(1));
  sender.poll(at(0));
  for (const std::uint32_t sequence : {1U, 2U, 0x80000000U, 0xffffffffU})
    sender.acknowledged(at(1), {sequence, 0xffffffff});
  EXPECT_EQ(sender.unacknowledged(), 1U);
  EXPECT_EQ(sender.counters().never_sent, 4U);
  EXPECT_FALSE(sender.round_trip().smoothed());
}

TEST(StopAndWaitSender, HoldsABoundedNumberOfFrames) {
  StopAndWaitSender sender({});
  while (sender.room() > 0) sender.enqueue(message(1));
  sender.poll(at(0));
  EXPECT_EQ(sender.room(), 1U);
}

}  // namespace
}  // namespace ringway::link
