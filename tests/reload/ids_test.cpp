#include "reload/ids.hpp"

#include <gtest/gtest.h>

#include <unordered_set>

namespace ringway {
namespace {

RingId point(std::string_view hex) {
  Bytes bytes;
  EXPECT_TRUE(from_hex(hex, bytes));
  return ring_id_from(bytes);
}
// A point whose last byte is `last`, all others zero.
RingId low_point(std::uint8_t last) {
  RingId id;
  id.bytes.back() = last;
  return id;
}

const RingId k_n = point("101112131415161718191a1b1c1d1e1f");

TEST(ResourceId, IsTheFirstSixteenBytesOfSha1) {
  // Shows: TOPO-02.
  EXPECT_EQ(resource_id_of("alice@dht.example.com").hex(), "0c51a942f50c828aef82a5af83e8ed59");
  EXPECT_EQ(resource_id_of("bob@dht.example.com").hex(), "6c1cfd6d5d9e35557d66a1b05f9e2247");
  EXPECT_NE(resource_id_of("sip:alice@dht.example.com"), resource_id_of("alice@dht.example.com"));
  EXPECT_EQ(resource_id_of("sip:alice@dht.example.com").hex(), "50498d8ab50a43b7844afd86106b3ff1");
}

TEST(ResourceId, OfANodeHashesItsRawBytes) {
  EXPECT_EQ(resource_id_of(k_n.view()).hex(), "ca148d05e875bcb8cce4fd2c2c720bfd");
  Bytes with_iteration = copy_of(k_n.view());
  with_iteration.push_back(1);
  EXPECT_EQ(resource_id_of(with_iteration).hex(), "6564ea4d6dce107d930d698d219ff3ff");
}

TEST(RingId, FingerTargets) {
  EXPECT_EQ(ring_add(k_n, ring_power_of_two(127)).hex(), "901112131415161718191a1b1c1d1e1f");
  EXPECT_EQ(ring_add(k_n, ring_power_of_two(126)).hex(), "501112131415161718191a1b1c1d1e1f");
  EXPECT_EQ(ring_add(k_n, ring_power_of_two(112)).hex(), "101212131415161718191a1b1c1d1e1f");
  EXPECT_EQ(ring_power_of_two(0), low_point(1));
}

TEST(RingId, ArithmeticCarriesAndWraps) {
  // Shows: TOPO-01.
  const RingId low_half_full = point("0000000000000000ffffffffffffffff");
  EXPECT_EQ(ring_add(low_half_full, low_point(1)).hex(), "00000000000000010000000000000000");
  EXPECT_EQ(ring_subtract(point("00000000000000010000000000000000"), low_point(1)), low_half_full);
  EXPECT_EQ(ring_add(wildcard_node(), low_point(1)), RingId{});
  EXPECT_EQ(ring_subtract(RingId{}, low_point(1)), RingId(wildcard_node()));
  EXPECT_EQ(ring_distance(low_point(9), low_point(3)), ring_subtract(RingId{}, low_point(6)));
}

TEST(RingId, ComparesAsANumber) {
  EXPECT_LT(low_point(0xFF), point("01000000000000000000000000000000"));
  EXPECT_LT(low_point(0x7F), low_point(0x80));
}

TEST(RingInterval, HalfOpen) {
  // Shows: TOPO-01.
  const auto in = [](int x, int low, int high) {
    return in_half_open(low_point(static_cast<std::uint8_t>(x)), low_point(static_cast<std::uint8_t>(low)),
                        low_point(static_cast<std::uint8_t>(high)));
  };
  EXPECT_FALSE(in(3, 3, 7));
  EXPECT_TRUE(in(4, 3, 7));
  EXPECT_TRUE(in(7, 3, 7));
  EXPECT_FALSE(in(8, 3, 7));
  EXPECT_TRUE(in(9, 7, 3));  // across zero
  EXPECT_TRUE(in(0, 7, 3));
  EXPECT_TRUE(in(3, 7, 3));
  EXPECT_FALSE(in(7, 7, 3));
  EXPECT_FALSE(in(5, 7, 3));
  EXPECT_TRUE(in(5, 4, 4));  // the whole ring
  EXPECT_TRUE(in(4, 4, 4));
}

TEST(RingInterval, Open) {
  EXPECT_FALSE(in_open(low_point(3), low_point(3), low_point(7)));
  EXPECT_TRUE(in_open(low_point(4), low_point(3), low_point(7)));
  EXPECT_FALSE(in_open(low_point(7), low_point(3), low_point(7)));
  EXPECT_TRUE(in_open(low_point(1), low_point(7), low_point(3)));
  EXPECT_TRUE(in_open(low_point(5), low_point(4), low_point(4)));
  EXPECT_FALSE(in_open(low_point(4), low_point(4), low_point(4)));
}

TEST(NodeId, HashesDiffer) {
  std::unordered_set<std::size_t> hashes;
  for (unsigned exponent = 0; exponent < k_ring_bits; ++exponent) {
    hashes.insert(std::hash<NodeId>{}(as_node(ring_add(k_n, ring_power_of_two(exponent)))));
  }
  EXPECT_EQ(hashes.size(), k_ring_bits);
}

TEST(Hex, BothWays) {
  Bytes bytes{1};
  EXPECT_TRUE(from_hex("00fFA5", bytes));
  EXPECT_EQ(to_hex(bytes), "00ffa5");
  EXPECT_FALSE(from_hex("abc", bytes));
  EXPECT_FALSE(from_hex("0g", bytes));
  EXPECT_EQ(to_hex(bytes), "00ffa5");
  EXPECT_TRUE(from_hex("", bytes));
  EXPECT_TRUE(bytes.empty());
}

TEST(SharedBytes, SlicesShareOneBuffer) {
  SharedBytes part;
  {
    const SharedBytes whole = Bytes{1, 2, 3, 4};
    part = whole.slice(1, 2);
    EXPECT_EQ(part.view().data(), whole.view().data() + 1);
    EXPECT_EQ(whole.from(3).size(), 1U);
  }
  EXPECT_EQ(to_hex(part), "0203");
}

}  // namespace
}  // namespace ringway
