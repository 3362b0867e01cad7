#include "reload/wire/fragment.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/reload/wire/hex.hpp"
#include "tests/wire-vectors/random_structures.hpp"

namespace ringway::wire {
namespace {

constexpr std::size_t k_max_message_bytes = 100'000;
const MonoTime k_start{1000};

ForwardingHeader header() {
  ForwardingHeader out;
  out.overlay = 0x01020304;
  out.transaction_id = 42;
  out.via_list = {to_node(node(0x20))};
  out.destination_list = {to_node(node(0x10))};
  out.options = {{7, 1, {0xAA}}};
  return out;
}

Bytes payload_of(std::size_t size_bytes) {
  wire_vectors::Dice dice(size_bytes);
  Bytes out(size_bytes);
  for (std::uint8_t& byte : out) byte = dice.number<std::uint8_t>();
  return out;
}

struct Part {
  ForwardingHeader header;
  SharedBytes payload;
};

Part parsed(const SharedBytes& message) {
  const auto header = parse_header(message);
  EXPECT_TRUE(header);
  return {header->header, message.from(header->size_bytes)};
}

std::vector<Part> parts_of(const ForwardingHeader& header, const SharedBytes& payload,
                           std::size_t max_size_bytes) {
  std::vector<Part> parts;
  for (const SharedBytes& message : fragment(header, payload, max_size_bytes))
    parts.push_back(parsed(message));
  return parts;
}

Part part_of(const Bytes& payload, std::size_t offset, std::size_t count) {
  Part part{header(), SharedBytes(payload).slice(offset, count)};
  part.header.fragment = k_fragment_always | static_cast<std::uint32_t>(offset);
  if (offset + count == payload.size()) part.header.fragment |= k_fragment_last;
  part.header.length = static_cast<std::uint32_t>(header_size_bytes(part.header) + count);
  return part;
}

class ReassemblerTest : public testing::Test {
 protected:
  using Added = Result<std::optional<Reassembler::Joined>>;

  Added add(const Part& part, std::uint64_t link = 0) {
    return reassembler_.add(now_, part.header, part.payload, link);
  }

  // Adds a part that must be taken without completing the message.
  void hold(const Part& part) {
    const Added added = add(part);
    ASSERT_TRUE(added) << added.error().reason;
    EXPECT_FALSE(added->has_value());
  }
  void expect_completes(const Part& part, const Bytes& payload) {
    const Added added = add(part);
    ASSERT_TRUE(added) << added.error().reason;
    ASSERT_TRUE(added->has_value());
    EXPECT_EQ(to_hex((*added)->payload), to_hex(payload));
    EXPECT_TRUE((*added)->header.is_whole());
    EXPECT_EQ((*added)->header.length, header_size_bytes(part.header) + payload.size());
    EXPECT_EQ(reassembler_.held_bytes(), 0U);
    EXPECT_EQ(reassembler_.messages(), 0U);
  }

  MonoTime now_ = k_start;
  Reassembler reassembler_{ReassemblyLimits{k_max_message_bytes, 10, 64'000, 40'000}};
  const Bytes payload_ = payload_of(3000);
};

TEST(Fragmentation, WhatFitsIsSentAsItIs) {
  const SharedBytes payload = payload_of(500);
  const auto whole = fragment(header(), payload, header_size_bytes(header()) + 500);
  ASSERT_EQ(whole.size(), 1U);
  EXPECT_EQ(parsed(whole[0]).header.fragment, k_whole_message);
}

TEST(Fragmentation, EachPartRepeatsTheWholeHeader) {
  // Shows: LINK-21, FWD-08.
  const auto parts = parts_of(header(), payload_of(3000), 1200);
  ASSERT_EQ(parts.size(), 3U);
  for (const Part& part : parts) {
    EXPECT_EQ(part.header.via_list, header().via_list);
    EXPECT_EQ(part.header.destination_list, header().destination_list);
    EXPECT_EQ(part.header.options, header().options);
    EXPECT_EQ(part.header.transaction_id, header().transaction_id);
    EXPECT_EQ(part.header.length, header_size_bytes(part.header) + part.payload.size());
  }
}

TEST(Fragmentation, PartsAreOfEqualSizeAndNoneIsTooLongOrTooShort) {
  // Shows: LINK-21, LINK-22.
  const std::size_t header_bytes = header_size_bytes(header());
  for (std::size_t size_bytes = 0; size_bytes < 4000; size_bytes += 37) {
    for (const std::size_t max_bytes : {300U, 400U, 513U, 700U, 1200U, 2000U}) {
      const auto parts = fragment(header(), Bytes(size_bytes), max_bytes);
      if (parts.size() == 1) continue;
      const auto [least, most] =
          std::minmax_element(parts.begin(), parts.end(),
                              [](const SharedBytes& a, const SharedBytes& b) { return a.size() < b.size(); });
      EXPECT_LE(most->size(), max_bytes);
      EXPECT_LE(most->size() - least->size(), 1U);
      EXPECT_GE(least->size() - header_bytes, k_min_fragment_body_bytes);
    }
  }
}

TEST(Fragmentation, LeftToIpWhenPartsWouldBeTooSmall) {
  // Shows: LINK-21.
  const std::size_t header_bytes = header_size_bytes(header());
  EXPECT_EQ(fragment(header(), Bytes(3000), header_bytes + 255).size(), 1U);
  EXPECT_EQ(fragment(header(), Bytes(3000), header_bytes).size(), 1U);
  EXPECT_EQ(fragment(header(), Bytes(3000), 10).size(), 1U);
  EXPECT_EQ(fragment(header(), Bytes(512), header_bytes + 256).size(), 2U);
  EXPECT_EQ(fragment(header(), Bytes(511), header_bytes + 256).size(), 1U);
  EXPECT_EQ(parsed(fragment(header(), Bytes(511), header_bytes + 256)[0]).header.fragment, k_whole_message);
}

TEST(Fragmentation, OffsetsCountBytesAfterTheHeader) {
  // Shows: LINK-23, WIRE-18.
  const Bytes payload = payload_of(3000);
  std::size_t offset = 0;
  const auto parts = parts_of(header(), payload, 1200);
  for (const Part& part : parts) {
    EXPECT_EQ(part.header.fragment_offset(), offset);
    EXPECT_TRUE(equal(part.payload, BytesView(payload).subspan(offset, part.payload.size())));
    offset += part.payload.size();
    EXPECT_EQ(part.header.is_last_fragment(), offset == payload.size());
    EXPECT_EQ(part.header.fragment & 0x3F000000U, 0U);
    EXPECT_NE(part.header.fragment & k_fragment_always, 0U);
  }
  EXPECT_EQ(offset, payload.size());
}

TEST(Fragmentation, BeyondWhatAnOffsetCanSayIsLeftWhole) {
  // Shows: LINK-23.
  ForwardingHeader far = header();
  far.fragment = k_fragment_always | 0xFFFFF0;
  EXPECT_EQ(fragment(far, Bytes(3000), 1200).size(), 1U);
}

TEST(Fragmentation, AFragmentIsSplitAgainInItsPlace) {
  // Shows: LINK-20, LINK-23.
  const Bytes payload = payload_of(9000);
  const auto first_hop = parts_of(header(), payload, 3200);
  Reassembler reassembler{ReassemblyLimits{k_max_message_bytes}};
  std::size_t joined = 0;
  std::size_t last_flags = 0;
  for (const Part& part : first_hop) {
    // A longer via list, as it is one hop further on.
    ForwardingHeader forwarded = part.header;
    forwarded.via_list.push_back(to_node(node(0x30)));
    for (const Part& smaller : parts_of(forwarded, part.payload, 1000)) {
      last_flags += smaller.header.is_last_fragment() ? 1 : 0;
      const auto added = reassembler.add(k_start, smaller.header, smaller.payload);
      ASSERT_TRUE(added) << added.error().reason;
      if (!added->has_value()) continue;
      ++joined;
      EXPECT_EQ(to_hex((*added)->payload), to_hex(payload));
      EXPECT_EQ((*added)->header.via_list, forwarded.via_list);
    }
  }
  EXPECT_EQ(joined, 1U);
  EXPECT_EQ(last_flags, 1U);
}

TEST_F(ReassemblerTest, WholeMessagesPass) { expect_completes(part_of(payload_, 0, 3000), payload_); }

TEST_F(ReassemblerTest, InAnyOrder) {
  // Shows: LINK-25.
  std::vector<std::size_t> order{0, 1, 2, 3};
  do {
    for (std::size_t i = 0; i < 3; ++i) hold(part_of(payload_, 750 * order[i], 750));
    expect_completes(part_of(payload_, 750 * order[3], 750), payload_);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(ReassemblerTest, DuplicatesChangeNothing) {
  // Shows: LINK-25.
  hold(part_of(payload_, 0, 1000));
  const std::size_t held_bytes = reassembler_.held_bytes();
  hold(part_of(payload_, 0, 1000));
  EXPECT_EQ(reassembler_.held_bytes(), held_bytes);
  hold(part_of(payload_, 2000, 1000));
  hold(part_of(payload_, 2000, 1000));
  expect_completes(part_of(payload_, 1000, 1000), payload_);
}

TEST_F(ReassemblerTest, DifferentlySplitRetransmissions) {
  // Shows: LINK-25.
  wire_vectors::Dice dice(11);
  for (int round = 0; round < 300; ++round) {
    std::optional<Reassembler::Joined> joined;
    for (int i = 0; i < 1000 && !joined; ++i) {
      // On a grid, so that the last byte does come.
      const std::size_t first = dice.below(payload_.size() / 50);
      const std::size_t offset = 50 * first;
      const std::size_t count =
          50 * (1 + dice.below(std::min<std::size_t>(18, payload_.size() / 50 - first)));
      auto added = add(part_of(payload_, offset, count));
      ASSERT_TRUE(added) << added.error().reason;
      joined = *std::move(added);
    }
    ASSERT_TRUE(joined);
    ASSERT_TRUE(equal(joined->payload, payload_));
    ASSERT_EQ(reassembler_.held_bytes(), 0U);
  }
}

TEST_F(ReassemblerTest, APartAcrossSeveralOthersFillsTheGaps) {
  // Shows: LINK-25.
  hold(part_of(payload_, 500, 300));
  hold(part_of(payload_, 1000, 300));
  hold(part_of(payload_, 0, 2900));
  expect_completes(part_of(payload_, 2900, 100), payload_);
}

TEST_F(ReassemblerTest, ContradictionDiscards) {
  // Shows: LINK-25.
  Bytes other = payload_;
  other[900] ^= 1U;
  hold(part_of(payload_, 0, 1000));
  EXPECT_FALSE(add(part_of(other, 500, 1000)));
  EXPECT_EQ(reassembler_.messages(), 0U);
  EXPECT_EQ(reassembler_.held_bytes(), 0U);
}

TEST_F(ReassemblerTest, TwoEndsContradict) {
  // Shows: LINK-25.
  hold(part_of(payload_, 2000, 1000));
  Part end = part_of(payload_, 1000, 1000);
  end.header.fragment |= k_fragment_last;
  EXPECT_FALSE(add(end));
  EXPECT_EQ(reassembler_.messages(), 0U);
  // And a part beyond the end, whichever comes first.
  hold(part_of(payload_, 2000, 500));
  EXPECT_FALSE(add(end));
  hold(part_of(payload_, 500, 500));
  ASSERT_TRUE(add(end));
  EXPECT_FALSE(add(part_of(payload_, 2000, 500)));
  EXPECT_EQ(reassembler_.held_bytes(), 0U);
}

TEST_F(ReassemblerTest, MessagesAreToldApartByOverlayTransactionAndDestination) {
  // Shows: LINK-25.
  hold(part_of(payload_, 0, 1000));
  Part other = part_of(payload_, 1000, 2000);
  other.header.transaction_id += 1;
  hold(other);
  other = part_of(payload_, 1000, 2000);
  other.header.overlay += 1;
  hold(other);
  other = part_of(payload_, 1000, 2000);
  other.header.destination_list.back() = to_node(node(0x30));
  hold(other);
  EXPECT_EQ(reassembler_.messages(), 4U);
  // The way it came, and what was consumed of the destination list, make no difference (AMB-24).
  other = part_of(payload_, 1000, 2000);
  other.header.via_list.clear();
  other.header.destination_list.insert(other.header.destination_list.begin(), CompressedDestination{0x8001});
  const auto joined = add(other);
  ASSERT_TRUE(joined && joined->has_value());
  EXPECT_EQ((*joined)->header.via_list, other.header.via_list);
}

TEST_F(ReassemblerTest, DiscardedAfter15Seconds) {
  // Shows: LINK-24.
  hold(part_of(payload_, 0, 1000));
  reassembler_.expire(k_start + Duration{14'999});
  EXPECT_EQ(reassembler_.messages(), 1U);
  reassembler_.expire(k_start + Duration{15'000});
  EXPECT_EQ(reassembler_.messages(), 0U);
  EXPECT_EQ(reassembler_.held_bytes(), 0U);
}

TEST_F(ReassemblerTest, ALateFragmentJoinsNothing) {
  // Shows: LINK-24.
  hold(part_of(payload_, 0, 1000));
  now_ = k_start + Duration{15'000};
  hold(part_of(payload_, 1000, 2000));
}

TEST_F(ReassemblerTest, MemoryIsCappedForEachLink) {
  // Shows: LINK-26.
  const Bytes large = payload_of(50'000);
  ASSERT_TRUE(add(part_of(large, 0, 30'000), 1));
  EXPECT_FALSE(add(part_of(large, 30'000, 10'000), 1));  // and with it the message is gone (LINK-24)
  EXPECT_EQ(reassembler_.held_bytes(), 0U);
  ASSERT_TRUE(add(part_of(large, 0, 30'000), 1));
  EXPECT_TRUE(add(part_of(large, 30'000, 10'000), 2));
}

TEST_F(ReassemblerTest, MemoryIsCappedForAll) {
  // Shows: LINK-24, LINK-26.
  const Bytes large = payload_of(70'000);
  for (std::uint64_t link = 0; link < 3; ++link) {
    Part part = part_of(large, 0, 30'000);
    part.header.transaction_id = link;
    EXPECT_EQ(add(part, link).ok(), link < 2) << link;
  }
  EXPECT_EQ(reassembler_.messages(), 2U);
  EXPECT_LE(reassembler_.held_bytes(), 64'000U);
}

TEST_F(ReassemblerTest, ManySmallPartsCostMoreThanTheirBytes) {
  // Shows: LINK-26.
  const Bytes large = payload_of(60'000);
  std::size_t taken = 0;
  while (taken < 30'000 && add(part_of(large, 2 * taken, 1))) ++taken;
  EXPECT_LT(taken, 1000U);
}

TEST_F(ReassemblerTest, MessagesUnderWayAreCounted) {
  // Shows: LINK-26.
  for (TransactionId id = 0; id < 12; ++id) {
    Part part = part_of(payload_, 0, 300);
    part.header.transaction_id = id;
    EXPECT_EQ(add(part).ok(), id < 10) << id;
  }
  now_ = k_start + Duration{15'000};  // the old ones make way
  hold(part_of(payload_, 0, 300));
  EXPECT_EQ(reassembler_.messages(), 1U);
}

TEST_F(ReassemblerTest, TheJoinedMessageIsNotAboveTheMaximum) {
  // Shows: LINK-26, WIRE-32.
  const std::size_t fitting = k_max_message_bytes - header_size_bytes(header());
  const Bytes large(fitting + 1);
  EXPECT_TRUE(add(part_of(large, fitting - 300, 300)));
  EXPECT_FALSE(add(part_of(large, fitting - 299, 300)));
  EXPECT_EQ(reassembler_.messages(), 0U);
  EXPECT_FALSE(add(part_of(large, 0, large.size())));
}

TEST_F(ReassemblerTest, EmptyFragmentsAreRefused) {
  Part empty = part_of(payload_, 0, 0);
  EXPECT_FALSE(add(empty));
  EXPECT_EQ(reassembler_.messages(), 0U);
}

}  // namespace
}  // namespace ringway::wire
