#include "reload/wire/header.hpp"

#include <gtest/gtest.h>

#include "tests/reload/wire/hex.hpp"

namespace ringway::wire {
namespace {

// The fields before the list lengths; `length` is of a message of 38 bytes.
const std::string k_start = "d2454c4f 9aa32b8d 0016 0a 64 c0000000 ";
const std::string k_middle = "0123456789abcdef 00000fa0 ";

std::string layout(const std::string& length, const std::string& lists) {
  return k_start + length + k_middle + lists;
}

ForwardingHeader header() {
  ForwardingHeader out;
  out.overlay = overlay_hash("overlay.example.org");
  out.configuration_sequence = 22;
  out.transaction_id = 0x0123456789ABCDEF;
  out.max_response_length = 4000;
  return out;
}

Result<ParsedHeader, HeaderFailure> parse(const std::string& text) { return parse_header(hex(text)); }

TEST(OverlayHash, IsTheLastFourBytesOfSha1) {
  // Shows: WIRE-09.
  EXPECT_EQ(overlay_hash("overlay.example.org"), 0x9AA32B8DU);
  EXPECT_EQ(overlay_hash("dht.example.com"), 0xB1D0A6C8U);
}

TEST(HeaderLayout, FixedPartIs38Bytes) {
  // Shows: WIRE-08, WIRE-13, WIRE-15, WIRE-18.
  const std::string text = layout("00000026", "0000 0000 0000");
  EXPECT_EQ(to_hex(encode_header(header(), 0)), to_hex(hex(text)));
  const auto parsed = parse(text);
  ASSERT_TRUE(parsed);
  ForwardingHeader expected = header();
  expected.length = 38;
  EXPECT_EQ(parsed->header, expected);
  EXPECT_EQ(parsed->size_bytes, 38U);
  EXPECT_EQ(parsed->header.ttl, 100);
  EXPECT_TRUE(parsed->header.is_whole());
}

TEST(HeaderLayout, ListLengthsComeBeforeTheLists) {
  // Shows: WIRE-13, WIRE-22.
  ForwardingHeader with_lists = header();
  with_lists.via_list = {to_node(node(0x10))};
  with_lists.destination_list = {CompressedDestination{0x8ABC}, to_resource(node(0x20))};
  with_lists.options = {{7, 0x05, {0xDE, 0xAD}}, {254, 0xFF, {}}};
  const std::string text = layout("0000005b", "0012 0015 000a 0110" + k_node_10 + "8abc 021110" + k_node_20 +
                                                  "07 05 0002 dead fe ff 0000") +
                           "aabbccdd";
  Bytes message = encode_header(with_lists, 4);
  append(message, hex("aabbccdd"));
  EXPECT_EQ(to_hex(message), to_hex(hex(text)));
  const auto parsed = parse(text);
  ASSERT_TRUE(parsed) << parsed.error().reason;
  with_lists.length = 91;
  EXPECT_EQ(parsed->header, with_lists);
  EXPECT_EQ(parsed->size_bytes, 87U);
}

TEST(HeaderLayout, UnknownOptionsAreKeptAsTheyCame) {
  // Shows: WIRE-22.
  const Bytes message = hex(layout("0000002e", "0000 0000 0008 63 f8 0004 00010203"));
  const auto parsed = parse_header(message);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->header.options, (std::vector<ForwardingOption>{{0x63, 0xF8, {0, 1, 2, 3}}}));
  EXPECT_EQ(encode_header(parsed->header, 0), message);
}

TEST(HeaderFaults, ForeignTokenOrTooShort) {
  // Shows: WIRE-08.
  Bytes message = encode_header(header(), 0);
  message[0] = 0x52;  // "RELO" itself
  EXPECT_EQ(parse_header(message).error().fault, HeaderFault::not_reload);
  message = encode_header(header(), 0);
  message.pop_back();
  EXPECT_EQ(parse_header(message).error().fault, HeaderFault::not_reload);
  EXPECT_EQ(parse_header({}).error().fault, HeaderFault::not_reload);
}

TEST(HeaderFaults, EveryOtherVersion) {
  // Shows: WIRE-12.
  for (int version = 0; version < 256; ++version) {
    ForwardingHeader other = header();
    other.version = static_cast<std::uint8_t>(version);
    other.via_list = {to_node(node(0x10))};
    const auto parsed = parse_header(encode_header(other, 0));
    ASSERT_EQ(parsed.ok(), version == k_reload_version) << version;
    if (parsed) continue;
    EXPECT_EQ(parsed.error().fault, HeaderFault::wrong_version);
    // Enough to send the error back along.
    ASSERT_TRUE(parsed.error().header);
    EXPECT_EQ(parsed.error().header->via_list, other.via_list);
  }
}

TEST(HeaderFaults, OtherVersionWithListsOfAnotherSort) {
  // Shows: WIRE-12.
  std::string text = layout("00000028", "0002 0000 0000 0000");
  text.replace(text.find("0a 64"), 2, "0b");
  const auto parsed = parse(text);
  EXPECT_EQ(parsed.error().fault, HeaderFault::wrong_version);
  EXPECT_FALSE(parsed.error().header);
}

TEST(HeaderFaults, LengthIsThatOfTheMessage) {
  // Shows: WIRE-14.
  for (const char* length : {"00000000", "00000025", "00000027", "ffffffff"}) {
    EXPECT_EQ(parse(layout(length, "0000 0000 0000")).error().fault, HeaderFault::malformed) << length;
  }
}

TEST(HeaderFaults, ListsBeyondTheMessage) {
  // Shows: WIRE-02.
  for (const char* lengths : {"0001 0000 0000", "0000 0001 0000", "0000 0000 0001", "ffff ffff ffff"}) {
    EXPECT_EQ(parse(layout("00000026", lengths)).error().fault, HeaderFault::malformed) << lengths;
  }
}

TEST(HeaderFaults, AnEntryAcrossTheEndOfItsList) {
  // Shows: WIRE-02.
  EXPECT_FALSE(parse(layout("00000028", "0001 0001 0000 8001")));
}

TEST(Fragment, HighBitIsAlwaysOne) {
  // Shows: WIRE-18.
  for (const std::uint32_t fragment : {0x00000000U, 0x40000000U, 0x7FFFFFFFU}) {
    ForwardingHeader low = header();
    low.fragment = fragment;
    EXPECT_EQ(parse_header(encode_header(low, 0)).error().fault, HeaderFault::malformed);
  }
}

TEST(Fragment, Bits) {
  // Shows: WIRE-18.
  EXPECT_EQ(k_whole_message, 0xC0000000U);
  ForwardingHeader part = header();
  part.fragment = 0x80000123;
  EXPECT_FALSE(part.is_last_fragment());
  EXPECT_EQ(part.fragment_offset(), 0x123U);
  part.fragment = 0xFF000001;  // reserved bits are no part of the offset
  EXPECT_TRUE(part.is_last_fragment());
  EXPECT_EQ(part.fragment_offset(), 1U);
  EXPECT_FALSE(part.is_whole());
  EXPECT_TRUE(parse_header(encode_header(part, 0)));
}

TEST(Resources, OnlyAtTheEndOfTheDestinationList) {
  // Shows: WIRE-21.
  ForwardingHeader routed = header();
  routed.destination_list = {to_node(node(0x10)), to_resource(node(0x20))};
  EXPECT_TRUE(parse_header(encode_header(routed, 0)));
  routed.destination_list = {to_resource(node(0x20)), to_node(node(0x10))};
  EXPECT_EQ(parse_header(encode_header(routed, 0)).error().fault, HeaderFault::malformed);
  routed.destination_list = {to_resource(node(0x20)), to_resource(node(0x20))};
  EXPECT_EQ(parse_header(encode_header(routed, 0)).error().fault, HeaderFault::malformed);
}

TEST(Resources, NeverInTheViaList) {
  // Shows: WIRE-21.
  ForwardingHeader routed = header();
  routed.via_list = {to_resource(node(0x20))};
  EXPECT_EQ(parse_header(encode_header(routed, 0)).error().fault, HeaderFault::malformed);
  routed.via_list = {to_node(node(0x10)), to_resource(node(0x20))};
  EXPECT_EQ(parse_header(encode_header(routed, 0)).error().fault, HeaderFault::malformed);
}

TEST(Options, TypesZeroAnd255AreRefused) {
  // Shows: FWD-07.
  for (int type = 0; type < 256; ++type) {
    ForwardingHeader routed = header();
    routed.options = {{static_cast<std::uint8_t>(type), 0, {}}};
    EXPECT_EQ(parse_header(encode_header(routed, 0)).ok(), type != 0 && type != 255) << type;
  }
}

TEST(NodeIds, ZeroInAListIsRefused) {
  // Shows: WIRE-34.
  ForwardingHeader routed = header();
  routed.via_list = {to_node(k_no_node)};
  EXPECT_FALSE(parse_header(encode_header(routed, 0)));
  routed.via_list.clear();
  routed.destination_list = {to_node(k_no_node)};
  EXPECT_FALSE(parse_header(encode_header(routed, 0)));
  routed.destination_list = {to_node(wildcard_node())};
  EXPECT_TRUE(parse_header(encode_header(routed, 0)));
}

// A forwarder adds itself to what it received; that must never be what breaks it.
TEST(LongLists, ThoseAcceptedHaveRoomToGrow) {
  ForwardingHeader routed = header();
  const std::size_t full = (0xFFFF - 1024) / 2;
  routed.via_list.assign(full, CompressedDestination{0x8000});
  const auto parsed = parse_header(encode_header(routed, 0));
  ASSERT_TRUE(parsed);
  ForwardingHeader forwarded = parsed->header;
  forwarded.via_list.push_back(to_node(node(0x10)));
  EXPECT_TRUE(is_encodable(forwarded));
  routed.via_list.push_back(CompressedDestination{0x8000});
  EXPECT_FALSE(parse_header(encode_header(routed, 0)));
  routed.via_list.assign(0x8000, CompressedDestination{0x8000});
  EXPECT_FALSE(is_encodable(routed));
}

TEST(PeekHeader, ReadsTheStartOfATooLongMessage) {
  // Shows: WIRE-33.
  ForwardingHeader routed = header();
  routed.via_list = {to_node(node(0x10))};
  Bytes start = encode_header(routed, 100'000);
  const std::size_t size_bytes = start.size();
  EXPECT_FALSE(peek_header(BytesView(start).first(size_bytes - 1)));
  start.resize(size_bytes + 10);
  EXPECT_FALSE(parse_header(start));
  const auto peeked = peek_header(start);
  ASSERT_TRUE(peeked);
  EXPECT_EQ(peeked->header.via_list, routed.via_list);
  EXPECT_EQ(peeked->size_bytes, size_bytes);
}

}  // namespace
}  // namespace ringway::wire
