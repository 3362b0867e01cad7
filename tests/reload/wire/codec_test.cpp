#include "reload/wire/codec.hpp"

#include <gtest/gtest.h>

#include "tests/reload/wire/hex.hpp"

namespace ringway::wire {
namespace {

TEST(Reader, IntegersAreBigEndian) {
  // Shows: WIRE-01.
  Reader in(hex("01 0203 040506 0708090a 0b0c0d0e0f101112"));
  EXPECT_EQ(in.u8(), 0x01);
  EXPECT_EQ(in.u16(), 0x0203);
  EXPECT_EQ(in.u24(), 0x040506U);
  EXPECT_EQ(in.u32(), 0x0708090AU);
  EXPECT_EQ(in.u64(), 0x0B0C0D0E0F101112U);
  EXPECT_TRUE(in.ok() && in.at_end());
}

TEST(Writer, IntegersAreBigEndian) {
  // Shows: WIRE-01.
  Writer out;
  out.u8(0x01);
  out.u16(0x0203);
  out.u24(0x040506);
  out.u32(0x0708090A);
  out.u64(0x0B0C0D0E0F101112);
  EXPECT_EQ(to_hex(out.bytes()), "0102030405060708090a0b0c0d0e0f101112");
}

TEST(Reader, BooleanIsZeroOrOne) {
  // Shows: WIRE-04.
  Reader in(hex("00 01 02"));
  EXPECT_FALSE(in.boolean());
  EXPECT_TRUE(in.boolean());
  EXPECT_TRUE(in.ok());
  EXPECT_FALSE(in.boolean());
  EXPECT_FALSE(in.ok());
}

TEST(Reader, NodeIdHasNoLengthAndIsNotZero) {
  // Shows: WIRE-05, WIRE-34.
  Reader in(hex(k_node_10 + k_no_node_hex));
  EXPECT_EQ(in.node_id(), node(0x10));
  EXPECT_TRUE(in.ok());
  in.node_id();
  EXPECT_FALSE(in.ok());
}

TEST(Reader, ResourceIdHasALengthByteAndAtMost254Bytes) {
  // Shows: WIRE-06.
  Writer out;
  out.resource_id(view_of("FOO"));
  EXPECT_EQ(to_hex(out.bytes()), "03464f4f");
  EXPECT_EQ(text_of(Reader(out.take()).resource_id()), "FOO");
  for (const std::size_t size_bytes : {254U, 255U}) {
    Writer longest;
    longest.resource_id(Bytes(size_bytes, 7));
    EXPECT_EQ(longest.overflowed(), size_bytes == 255);
    Reader in(longest.take());
    in.resource_id();
    EXPECT_EQ(in.ok(), size_bytes == 254);
  }
}

TEST(Reader, NeverReadsPastItsEnd) {
  // Shows: WIRE-02.
  Reader in(hex("ff 01"));
  EXPECT_TRUE(in.opaque(1).empty());
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.failure().offset, 1U);
  EXPECT_EQ(in.u8(), 0);  // the failure sticks
  EXPECT_EQ(in.u64(), 0U);
  EXPECT_FALSE(in.more());
  EXPECT_EQ(in.failure().offset, 1U);
}

TEST(Reader, APartIsReadToItsEnd) {
  // Shows: WIRE-02.
  Reader in(hex("02 0a0b 0c"));
  Reader part = in.vector(1);
  EXPECT_EQ(part.u8(), 0x0A);
  in.finish(part);
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.failure().offset, 2U);
}

TEST(Reader, OffsetsOfAPartCountFromTheStart) {
  Reader in(hex("aa 03 02 0a0b 0c"));
  in.u8();
  Reader part = in.vector(1);
  Reader inner = part.vector(1);
  inner.u16();
  inner.u8();
  part.finish(inner);
  in.finish(part);
  EXPECT_EQ(in.failure().reason, "truncated");
  EXPECT_EQ(in.failure().offset, 5U);
}

TEST(Reader, APartOfAFailedReaderHasNothing) {
  Reader in(hex("01 02"));
  in.fail("first");
  Reader part = in.sub(1);
  EXPECT_FALSE(part.more());
  EXPECT_EQ(part.u8(), 0);
  in.finish(part);
  EXPECT_EQ(in.failure().reason, "first");
}

TEST(Writer, PrefixCountsBytes) {
  // Shows: WIRE-01.
  Writer out;
  const std::size_t mark = out.begin(2);
  out.u32(1);
  out.u32(2);
  out.end(mark, 2);
  EXPECT_EQ(to_hex(out.bytes()), "00080000000100000002");
  EXPECT_FALSE(out.overflowed());
}

// Each kind of prefix, at its largest value and one above.
TEST(Writer, TooLongForItsPrefixIsNeverCutSilently) {
  for (const std::size_t size_bytes : {255U, 256U}) {
    Writer opaque;
    opaque.opaque(1, Bytes(size_bytes));
    EXPECT_EQ(opaque.overflowed(), size_bytes == 256);
    Writer vector;
    const std::size_t mark = vector.begin(1);
    vector.raw(Bytes(size_bytes));
    vector.end(mark, 1);
    EXPECT_EQ(vector.overflowed(), size_bytes == 256);
  }
  Writer u24;
  u24.u24(0xFFFFFF);
  EXPECT_FALSE(u24.overflowed());
  u24.u24(0x1000000);
  EXPECT_TRUE(u24.overflowed());
}

}  // namespace
}  // namespace ringway::wire
