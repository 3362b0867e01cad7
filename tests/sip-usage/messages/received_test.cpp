// Which messages are remembered as received: marks, what is left between them, and their bounds.
#include "sip-usage/messages/received.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/test_authority.hpp"

namespace ringway::sip::messages {
namespace {

using ringway::test::node_id;
using ::testing::ElementsAre;

const NodeId k_alice = node_id(1), k_carol = node_id(2);

// Of ids 1 to 9, those that are received.
std::vector<std::uint64_t> ids(const Received& received, const NodeId& sender = k_alice) {
  std::vector<std::uint64_t> out;
  for (std::uint64_t id = 1; id <= 9; ++id)
    if (received.has(sender, id)) out.push_back(id);
  return out;
}
Received noted(const std::vector<std::pair<std::uint64_t, bool>>& notes) {
  Received out;
  for (const auto& [id, is_received] : notes) out.note(k_alice, id, 100, is_received);
  return out;
}

TEST(Received, IsUpToTheLastOne) {
  EXPECT_THAT(ids({}), ElementsAre());
  EXPECT_THAT(ids(noted({{3, true}})), ElementsAre(1, 2, 3));
  EXPECT_THAT(ids(noted({{3, true}, {2, true}})), ElementsAre(1, 2, 3));
  EXPECT_THAT(ids(noted({{3, true}}), k_carol), ElementsAre());
  EXPECT_EQ(noted({{3, true}}).last_id_of(k_alice), 3U);
  EXPECT_EQ(noted({{3, true}}).last_id_of(k_carol), 0U);
}

TEST(Received, WhatCouldNotBeOpenedIsLeftForOthers) {
  EXPECT_THAT(ids(noted({{2, false}, {4, true}})), ElementsAre(1, 3, 4));
  EXPECT_THAT(ids(noted({{2, false}, {4, true}, {2, true}})), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(ids(noted({{2, true}, {2, false}})), ElementsAre(1, 2)) << "what was received stays received";
}

TEST(Received, TheLeftOverAreBounded) {
  Received received;
  for (std::uint64_t id = 1; id <= k_max_left + 1; ++id) received.note(k_alice, id, 100, false);
  EXPECT_THAT(ids(received), ElementsAre(1)) << "the oldest counts as received";
  ASSERT_EQ(received.marks().size(), 1U);
  EXPECT_EQ(received.marks()[0].left.size(), k_max_left);
}

TEST(Received, TheLeftOverAreBoundedInAll) {
  Received received;
  constexpr std::size_t senders = 40;
  for (std::size_t i = 0; i < senders; ++i)
    for (std::uint64_t id = 1; id <= k_max_left; ++id)
      received.note(node_id(static_cast<std::uint8_t>(i), 7), id, 100, false);
  std::size_t left = 0;
  for (const Mark& each : received.marks()) left += each.left.size();
  EXPECT_EQ(left, k_max_left_in_all);
  EXPECT_GE(received.marks().front().left.size(), k_max_left_in_all / senders) << "of those who have most";
}

TEST(Received, TwoKnowWhatEitherKnows) {
  struct Row {
    Received a, b;
    std::vector<std::uint64_t> both;
  };
  const std::vector<Row> rows{
      {noted({}), noted({{2, true}}), {1, 2}},
      {noted({{4, true}}), noted({{2, true}}), {1, 2, 3, 4}},
      {noted({{2, false}, {4, true}}), noted({{2, true}}), {1, 2, 3, 4}},
      {noted({{2, false}, {4, true}}), noted({{2, false}}), {1, 3, 4}},
      {noted({{3, false}, {4, true}}), noted({{2, true}}), {1, 2, 4}},
      {noted({{4, false}}), noted({{4, true}}), {1, 2, 3, 4}},
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (const bool turned : {false, true}) {
      Received all = turned ? rows[i].b : rows[i].a;
      all.merge(turned ? rows[i].a : rows[i].b);
      EXPECT_EQ(ids(all), rows[i].both) << i;
    }
  }
}

TEST(Received, AMarkEndsWithTheMessagesThatItIsOf) {
  Received received;
  received.note(k_alice, 1, 100, true);
  received.note(k_alice, 2, 50, true);
  received.note(k_carol, 1, 70, true);
  EXPECT_EQ(received.until_ms(), 100U);
  received.drop_ended(70);
  EXPECT_TRUE(received.has(k_alice, 2));
  EXPECT_FALSE(received.has(k_carol, 1));
  received.drop_ended(99);
  EXPECT_FALSE(received.empty());
  received.drop_ended(100);
  EXPECT_TRUE(received.empty());
}

TEST(Received, SendersAreBounded) {
  Received received;
  for (std::size_t i = 0; i < k_max_marks; ++i)
    received.note(node_id(static_cast<std::uint8_t>(i), 7), 5, 1000 + i, true);
  EXPECT_EQ(received.marks().size(), k_max_marks);
  received.note(k_alice, 5, 5000, true);
  EXPECT_EQ(received.marks().size(), k_max_marks);
  EXPECT_TRUE(received.has(k_alice, 5));
  EXPECT_FALSE(received.has(node_id(0, 7), 5)) << "the one that is needed for the shortest time";
  EXPECT_TRUE(received.has(node_id(1, 7), 5));
  const Bytes written = wire::encode(received);
  EXPECT_LT(written.size(), 32'768U) << "it fits into a value";
  EXPECT_TRUE(wire::decode<Received>(SharedBytes(written)));
}

TEST(Received, ComesBack) {
  Received received = noted({{2, false}, {4, true}});
  received.note(k_carol, 7, 900, true);
  for (const bool with_claim : {false, true}) {
    if (with_claim) received.claim = Claim{k_carol, 12};
    const Bytes written = wire::encode(received);
    const auto read = wire::decode<Received>(SharedBytes(written));
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, received);
    for (std::size_t size = 0; size < written.size(); ++size)
      EXPECT_FALSE(wire::decode<Received>(
          SharedBytes(Bytes(written.begin(), written.begin() + static_cast<std::ptrdiff_t>(size)))));
  }
}

// version, no claim, and these marks.
bool is_good(const std::string& marks_hex) {
  Bytes marks;
  EXPECT_TRUE(from_hex(marks_hex, marks));
  wire::Writer out;
  out.u8(1);
  out.u8(0);
  out.opaque(2, marks);
  return wire::decode<Received>(SharedBytes(out.take())).ok();
}
std::string mark(const std::string& node, const std::string& left) {
  const std::string id = "0000000000000009", until = "00000000000000ff";
  return std::string(30, '0') + node + id + until + left;
}

TEST(Received, WhatIsOutOfOrderIsRefused) {
  EXPECT_TRUE(is_good(""));
  EXPECT_TRUE(is_good(mark("01", "00")));
  EXPECT_TRUE(is_good(mark("01", "00") + mark("02", "080000000000000009")));
  EXPECT_FALSE(is_good(mark("02", "00") + mark("01", "00")));
  EXPECT_FALSE(is_good(mark("01", "00") + mark("01", "00")));
  EXPECT_FALSE(is_good(mark("01", "08000000000000000a"))) << "left behind the last";
  EXPECT_FALSE(is_good(mark("01", "1000000000000000020000000000000002")));
  EXPECT_FALSE(is_good(mark("00", "00"))) << "no node";
}

}  // namespace
}  // namespace ringway::sip::messages
