#include "reload/link/reliability/datagram_link.hpp"

#include <gtest/gtest.h>

#include "reload/wire/fragment.hpp"
#include "reload/wire/message.hpp"

namespace ringway::link {
namespace {

constexpr MonoTime k_now{1'000'000};

Bytes frame(std::uint32_t sequence, std::string_view message) {
  Bytes bytes = wire::data_frame_prefix(sequence, message.size());
  append(bytes, view_of(message));
  return bytes;
}
std::vector<Bytes> all_frames(DatagramLink& link, MonoTime now = k_now) {
  std::vector<Bytes> frames;
  while (auto one = link.poll(now)) frames.push_back(*std::move(one));
  return frames;
}
// Header and payload of a message with so many bytes behind its header.
std::pair<Bytes, SharedBytes> reload_message(std::size_t payload_bytes) {
  wire::ForwardingHeader header;
  header.overlay = 1;
  header.transaction_id = 42;
  header.destination_list.emplace_back(wire::ResourceDestination{Bytes(16, 7)});
  Bytes payload(payload_bytes);
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<std::uint8_t>(i * 7);
  return {wire::encode_header(header, payload_bytes), SharedBytes(std::move(payload))};
}

TEST(DatagramLink, WrapsEachMessageIntoAFrame) {
  // Shows: LINK-02, LINK-03.
  DatagramLink link({});
  EXPECT_EQ(link.send(Bytes{1, 2}, Bytes{3}), DatagramLink::Queued::yes);
  EXPECT_EQ(link.send({}, Bytes{4}), DatagramLink::Queued::yes);
  const auto frames = all_frames(link);
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(to_hex(frames[0]), "8000000000000003010203");
  EXPECT_EQ(to_hex(frames[1]), "800000000100000104");
}

TEST(DatagramLink, AcknowledgesEachFrameAtOnceAndNoAcknowledgement) {
  // Shows: LINK-02, LINK-04, LINK-05.
  DatagramLink link({});
  auto arrived = link.receive(k_now, frame(0, "a"));
  ASSERT_TRUE(arrived.ok());
  EXPECT_EQ(to_hex(arrived->acknowledgement), "810000000000000000");
  EXPECT_EQ(text_of(*arrived->message), "a");
  arrived = link.receive(k_now, frame(2, "c"));
  EXPECT_EQ(to_hex(arrived->acknowledgement), "810000000200000002");
  arrived = link.receive(k_now, wire::encode_ack({5, 0xffffffff}));
  ASSERT_TRUE(arrived.ok());
  EXPECT_FALSE(arrived->message);
  EXPECT_TRUE(arrived->acknowledgement.empty());
}

TEST(DatagramLink, ACopyOfAFrameIsAcknowledgedAndNotHandledAgain) {
  DatagramLink link({});
  ASSERT_TRUE(link.receive(k_now, frame(0, "a")).ok());
  ASSERT_TRUE(link.receive(k_now, frame(1, "b")).ok());
  for (int i = 0; i < 40; ++i) {
    const auto again = link.receive(k_now, frame(1, "b"));
    ASSERT_TRUE(again.ok());
    EXPECT_FALSE(again->message);
    EXPECT_EQ(to_hex(again->acknowledgement), "810000000100000001") << "copies push nothing out of memory";
  }
  EXPECT_FALSE(link.receive(k_now, frame(0, "a"))->message);
}

TEST(DatagramLink, RefusesWhatIsNoFrame) {
  DatagramLink link({.max_message_size_bytes = 10});
  EXPECT_FALSE(link.receive(k_now, Bytes{}).ok());
  EXPECT_FALSE(link.receive(k_now, Bytes{0x16, 0, 0}).ok());
  Bytes with_more = frame(0, "a");
  with_more.push_back(0);
  EXPECT_FALSE(link.receive(k_now, with_more).ok());
  EXPECT_TRUE(link.receive(k_now, frame(0, "0123456789")).ok());
  EXPECT_FALSE(link.receive(k_now, frame(1, "0123456789a")).ok());
  link.set_max_message_size_bytes(11);
  EXPECT_TRUE(link.receive(k_now, frame(1, "0123456789a")).ok());
}

TEST(DatagramLink, SplitsWhatIsLargerThanThePath) {
  // Shows: LINK-20, LINK-21, LINK-22, LINK-23.
  DatagramLink link({.max_frame_size_bytes = 1000});
  const auto [header, payload] = reload_message(2780);  // three would fit without the room for the via list
  ASSERT_EQ(link.send(header, payload), DatagramLink::Queued::yes);
  const auto frames = all_frames(link);
  ASSERT_EQ(frames.size(), 4U);
  wire::Reassembler reassembler({.max_message_size_bytes = 5000});
  std::optional<wire::Reassembler::Joined> joined;
  for (const auto& one : frames) {
    EXPECT_LE(one.size(), 1000U - wire::k_path_mtu_margin_bytes);
    const auto message = SharedBytes(one).from(wire::k_data_frame_overhead_bytes);
    const auto parsed = wire::parse_header(message);
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(parsed->header.destination_list.size(), 1U);
    const auto body = message.from(parsed->size_bytes);
    EXPECT_GE(body.size(), wire::k_min_fragment_body_bytes);
    auto taken = reassembler.add(k_now, parsed->header, body);
    ASSERT_TRUE(taken.ok());
    if (*taken) joined = **taken;
  }
  ASSERT_TRUE(joined);
  EXPECT_TRUE(equal(joined->payload, payload));
}

TEST(DatagramLink, WhatFitsStaysWhole) {
  // Shows: LINK-22.
  const auto [header, payload] = reload_message(500);
  const std::size_t exactly = header.size() + payload.size() + wire::k_data_frame_overhead_bytes;
  DatagramLink link({.max_frame_size_bytes = exactly});
  ASSERT_EQ(link.send(header, payload), DatagramLink::Queued::yes);
  EXPECT_EQ(all_frames(link).size(), 1U);
}

TEST(DatagramLink, WhatCannotBeSplitIsLeftToIp) {
  // Shows: LINK-21.
  DatagramLink link({.max_frame_size_bytes = 300});  // no room for 256 bytes beside a header
  const auto [header, payload] = reload_message(500);
  ASSERT_EQ(link.send(header, payload), DatagramLink::Queued::yes);
  EXPECT_EQ(all_frames(link).size(), 1U);
  EXPECT_EQ(link.send({}, Bytes(k_max_record_bytes - wire::k_data_frame_overhead_bytes)),
            DatagramLink::Queued::yes);
  EXPECT_EQ(link.send({}, Bytes(k_max_record_bytes)), DatagramLink::Queued::too_large);
}

TEST(DatagramLink, ItsQueueHasABound) {
  DatagramLink link({.max_frame_size_bytes = 1000});
  const auto [header, payload] = reload_message(3000);  // four frames
  std::size_t taken = 0;
  while (link.send(header, payload) == DatagramLink::Queued::yes) ++taken;
  EXPECT_EQ(taken, k_max_waiting_frames / 4);
  EXPECT_EQ(link.send(header, payload), DatagramLink::Queued::full);
  const auto [large_header, too_large] = reload_message(1000 * (k_max_waiting_frames + 1));
  EXPECT_EQ(link.send(large_header, too_large), DatagramLink::Queued::too_large);
}

}  // namespace
}  // namespace ringway::link
