#include "reload/wire/frame.hpp"

#include <gtest/gtest.h>

#include "tests/reload/wire/hex.hpp"

namespace ringway::wire {
namespace {

Bytes data_frame(std::uint32_t sequence, const Bytes& message) {
  Bytes frame = data_frame_prefix(sequence, message.size());
  append(frame, message);
  return frame;
}

// What a splitter makes of a stream that arrives in pieces of a given size.
std::vector<Frame> split(FrameSplitter& splitter, const Bytes& stream, std::size_t piece_bytes) {
  std::vector<Frame> out;
  for (std::size_t at = 0; at < stream.size(); at += piece_bytes) {
    auto frames = splitter.push(BytesView(stream).subspan(at, std::min(piece_bytes, stream.size() - at)));
    if (!frames) break;
    out.insert(out.end(), frames->begin(), frames->end());
  }
  return out;
}

TEST(FrameLayout, Data) {
  // Shows: LINK-02.
  EXPECT_EQ(to_hex(data_frame(7, hex("aabbcc"))),
            "80"
            "00000007"
            "000003"
            "aabbcc");
  const auto frame = decode_frame(hex("80 00000007 000003 aabbcc"));
  ASSERT_TRUE(frame);
  EXPECT_EQ(std::get<DataFrame>(*frame).sequence, 7U);
  EXPECT_EQ(to_hex(std::get<DataFrame>(*frame).message), "aabbcc");
}

TEST(FrameLayout, AckBitsCountBackFromTheSequence) {
  // Shows: LINK-02, LINK-05.
  // 9 is acknowledged; 8 (distance 1) and 6 (distance 3) were received too (AMB-13).
  const AckFrame ack{9, 1U << 0U | 1U << 2U};
  EXPECT_EQ(to_hex(encode_ack(ack)),
            "81"
            "00000009"
            "00000005");
  EXPECT_EQ(encode_ack(ack).size(), k_ack_frame_size_bytes);
  EXPECT_EQ(std::get<AckFrame>(decode_frame(hex("81 00000009 00000005")).value()), ack);
}

TEST(FrameRefusals, OneFrameIsTheWholeDatagram) {
  // Shows: LINK-02, WIRE-02.
  for (const char* layout :
       {"", "80", "80 00000007 000003 aabb", "80 00000007 000003 aabbccdd", "81 00000009 000000",
        "81 00000009 00000005 00", "7f 00000000 000000", "82 00000000 00000000", "00"}) {
    EXPECT_FALSE(decode_frame(hex(layout))) << layout;
  }
}

TEST(Splitter, TheSameFramesHoweverTheBytesAreParcelled) {
  // Shows: LINK-02.
  Bytes stream = data_frame(0, hex("aabbcc"));
  append(stream, encode_ack({1, 2}));
  append(stream, data_frame(1, {}));
  append(stream, data_frame(2, Bytes(300, 0x55)));
  append(stream, encode_ack({3, 4}));
  for (std::size_t piece_bytes = 1; piece_bytes <= stream.size(); ++piece_bytes) {
    FrameSplitter splitter(300);
    const std::vector<Frame> frames = split(splitter, stream, piece_bytes);
    ASSERT_EQ(frames.size(), 5U) << piece_bytes;
    EXPECT_EQ(to_hex(std::get<DataFrame>(frames[0]).message), "aabbcc");
    EXPECT_EQ(std::get<AckFrame>(frames[1]), (AckFrame{1, 2}));
    EXPECT_TRUE(std::get<DataFrame>(frames[2]).message.empty());
    EXPECT_EQ(std::get<DataFrame>(frames[3]).message.size(), 300U);
    EXPECT_EQ(std::get<AckFrame>(frames[4]), (AckFrame{3, 4}));
    EXPECT_EQ(splitter.buffered_bytes(), 0U);
    EXPECT_FALSE(splitter.failed());
  }
}

TEST(Splitter, TooLongFailsBeforeItIsBuffered) {
  // Shows: WIRE-32.
  FrameSplitter splitter(100);
  EXPECT_TRUE(splitter.push(hex("80 00000000 0000")));
  EXPECT_FALSE(splitter.push(hex("65")));
  EXPECT_TRUE(splitter.oversized());
  // Its start is there for the answer; no more than the limit is kept.
  EXPECT_FALSE(splitter.push(Bytes(60, 1)));
  EXPECT_EQ(splitter.oversized_start().size(), 60U);
  EXPECT_FALSE(splitter.push(Bytes(60, 1)));
  EXPECT_EQ(splitter.oversized_start().size(), 100U);
  EXPECT_FALSE(splitter.push(Bytes(1'000'000, 1)));
  EXPECT_LE(splitter.buffered_bytes(), 108U);
}

TEST(Splitter, TooLongInOnePieceKeepsNoMoreThanTheLimit) {
  // Shows: WIRE-32.
  FrameSplitter splitter(100);
  EXPECT_FALSE(splitter.push(data_frame(0, Bytes(5000, 1))));
  EXPECT_EQ(splitter.oversized_start().size(), 100U);
}

TEST(Splitter, AtTheLimitIsNotTooLong) {
  FrameSplitter splitter(100);
  EXPECT_TRUE(splitter.push(data_frame(0, Bytes(100, 1))));
  EXPECT_FALSE(splitter.failed());
}

TEST(Splitter, ForeignTypeEndsTheStream) {
  // Shows: LINK-02.
  FrameSplitter splitter(100);
  EXPECT_FALSE(splitter.push(hex("16")));
  EXPECT_FALSE(splitter.oversized());
  EXPECT_FALSE(splitter.push(data_frame(0, {})));
  EXPECT_EQ(splitter.buffered_bytes(), 0U);
}

TEST(Splitter, FramesBeforeTheFailureAreNotLost) {
  Bytes stream = data_frame(0, hex("aa"));
  stream.push_back(0x16);
  for (std::size_t piece_bytes = 1; piece_bytes <= stream.size(); ++piece_bytes) {
    FrameSplitter splitter(100);
    EXPECT_EQ(split(splitter, stream, piece_bytes).size(), 1U);
    EXPECT_TRUE(splitter.failed());
    EXPECT_FALSE(splitter.push({}));
  }
}

}  // namespace
}  // namespace ringway::wire
