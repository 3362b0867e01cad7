// What is looked at before a message goes anywhere (RFC 6940 §6.1, §6.3.2): each fault has its answer, and no
// message with a fault is passed on or carried out.
#include <gtest/gtest.h>

#include "tests/reload/routing/lone_peer.hpp"

namespace ringway::routing::test {
namespace {

using ringway::test::node_id;
using wire::ErrorCode;
using wire::MessageCode;

constexpr std::size_t k_version_offset = 10;

// Between 0x20 and 0x80 on the ring, owner of (0x20, 0x40].
class HeaderChecks : public ::testing::Test {
 protected:
  LonePeer peer_;
  Remote before_ = peer_.neighbor(node_id(0x20));
  Remote after_ = peer_.neighbor(node_id(0x80));
  wire::ForwardingHeader for_us_ = peer_.header_to({wire::to_node(peer_.id())});
  wire::ForwardingHeader for_another_ = peer_.header_to({wire::to_node(after_.id)});

  // Both what is for this peer and what it would have to forward is answered so, straight back, and that is
  // all.
  void expect_refused(void (*spoil)(wire::ForwardingHeader&), ErrorCode expected) {
    for (auto header : {for_us_, for_another_}) {
      spoil(header);
      const auto sent = peer_.ping(before_, header);
      ASSERT_EQ(sent.size(), 1U);
      EXPECT_EQ(sent[0].link, before_.link);
      EXPECT_EQ(sent[0].error(), expected);
      EXPECT_EQ(sent[0].header().transaction_id, header.transaction_id);
      EXPECT_EQ(sent[0].header().destination_list, wire::DestinationList{wire::to_node(before_.id)});
    }
    EXPECT_EQ(peer_.status().forwarded, 0U);
  }
};

TEST_F(HeaderChecks, AGoodHeaderPasses) {
  // Shows: ROUTE-01.
  const auto answered = peer_.ping(before_, for_us_);
  ASSERT_EQ(answered.size(), 1U);
  EXPECT_EQ(answered[0].code(), MessageCode::ping_ans);
  const auto forwarded = peer_.ping(before_, for_another_);
  ASSERT_EQ(forwarded.size(), 1U);
  EXPECT_EQ(forwarded[0].link, after_.link);
}

TEST_F(HeaderChecks, AForeignOverlayIsRefused) {
  // Shows: ROUTE-01, WIRE-10.
  expect_refused([](auto& header) { header.overlay ^= 1; }, ErrorCode::incompatible_with_overlay);
}

TEST_F(HeaderChecks, AnotherVersionIsRefused) {
  // Shows: ROUTE-01, WIRE-12.
  for (const int version : {0x01, 0x0B, 0x14}) {
    Bytes whole = LonePeer::message(before_, for_us_, MessageCode::ping_req, wire::encode(wire::PingReq{}));
    whole[k_version_offset] = static_cast<std::uint8_t>(version);
    const auto sent = peer_.receive(before_, whole);
    ASSERT_EQ(sent.size(), 1U) << version;
    EXPECT_EQ(sent[0].error(), ErrorCode::incompatible_with_overlay);
    EXPECT_EQ(sent[0].header().version, wire::k_reload_version);
    EXPECT_EQ(sent[0].header().transaction_id, for_us_.transaction_id);
  }
}

TEST_F(HeaderChecks, AForeignTokenOrAWrongLengthIsDropped) {
  // Shows: ROUTE-01, WIRE-08, WIRE-14.
  const Bytes good =
      LonePeer::message(before_, for_us_, MessageCode::ping_req, wire::encode(wire::PingReq{}));
  Bytes foreign = good;
  foreign[0] ^= 0x80;
  EXPECT_TRUE(peer_.receive(before_, foreign).empty());
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_TRUE(peer_.receive(before_, longer).empty());
  EXPECT_TRUE(peer_.receive(before_, Bytes(good.begin(), good.begin() + 30)).empty());
  EXPECT_EQ(peer_.status().dropped, 3U);
  EXPECT_EQ(peer_.receive(before_, good).size(), 1U);
}

TEST_F(HeaderChecks, ListsOfTooManyEntriesAreRefused) {
  // As many as the bound are fine; of one more nobody looks for repetitions.
  const auto entries = [](std::size_t count) {
    wire::DestinationList list;
    for (std::size_t i = 0; i < count; ++i) {
      list.push_back(wire::CompressedDestination{static_cast<std::uint16_t>(0x8000U + i)});
    }
    return list;
  };
  auto header = for_another_;
  header.via_list = entries(256);
  EXPECT_EQ(peer_.ping(before_, header)[0].link, after_.link);
  header.via_list = entries(257);
  const auto sent = peer_.ping(before_, header);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].error(), ErrorCode::invalid_message);
  header = for_another_;
  for (const auto& entry : entries(256)) header.destination_list.push_back(entry);
  EXPECT_EQ(peer_.ping(before_, header)[0].error(), ErrorCode::invalid_message);
}

TEST_F(HeaderChecks, ATtlAboveTheInitialOneIsRefused) {
  // Shows: ROUTE-20, FM-23.
  for_us_.ttl = for_another_.ttl = 100;  // initial-ttl itself is fine
  EXPECT_EQ(peer_.ping(before_, for_us_)[0].code(), MessageCode::ping_ans);
  EXPECT_EQ(peer_.ping(before_, for_another_)[0].link, after_.link);
  for_us_ = peer_.header_to(for_us_.destination_list);
  for_another_ = peer_.header_to(for_another_.destination_list);
  const auto forwarded = peer_.status().forwarded;
  for_us_.ttl = for_another_.ttl = 101;
  for (const auto& header : {for_us_, for_another_}) {
    const auto sent = peer_.ping(before_, header);
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].error(), ErrorCode::ttl_exceeded);
  }
  EXPECT_EQ(peer_.status().forwarded, forwarded);
}

TEST_F(HeaderChecks, ADestinationIsNotRepeated) {
  // Shows: ROUTE-21, FM-23.
  expect_refused([](auto& header) { header.destination_list.push_back(header.destination_list.front()); },
                 ErrorCode::invalid_message);
  EXPECT_EQ(peer_.status().dropped, 2U);
}

TEST_F(HeaderChecks, ADestinationThereMustBe) {
  // Shows: ROUTE-01.
  expect_refused([](auto& header) { header.destination_list.clear(); }, ErrorCode::invalid_message);
}

TEST_F(HeaderChecks, AMessageAboveTheMaximumIsRefusedAndItsLinkCloses) {
  // Shows: WIRE-32, FM-24.
  const auto sent =
      peer_.receive(before_, for_us_, MessageCode::ping_req, wire::encode(wire::PingReq{Bytes(5000, 0)}));
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].error(), ErrorCode::message_too_large);
  ASSERT_EQ(peer_.closed.size(), 1U);
  EXPECT_EQ(peer_.closed[0].link, before_.link);
  EXPECT_EQ(peer_.status().dropped, 1U);
}

TEST_F(HeaderChecks, FaultsAreSeenBeforeTheSignature) {
  // Shows: ROUTE-01.
  for_us_.overlay ^= 1;
  Bytes whole = LonePeer::message(before_, for_us_, MessageCode::ping_req, wire::encode(wire::PingReq{}));
  whole.back() ^= 1;
  const auto sent = peer_.receive(before_, whole);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].error(), ErrorCode::incompatible_with_overlay);
  EXPECT_EQ(peer_.status().bad_signatures, 0U);
}

TEST_F(HeaderChecks, AnswersAreNeverRefused) {
  // Shows: ROUTE-01.
  for_us_.overlay ^= 1;
  for (const auto code : {MessageCode::ping_ans, MessageCode::error})
    EXPECT_TRUE(peer_.receive(before_, for_us_, code, wire::encode(wire::PingAns{})).empty());
  EXPECT_EQ(peer_.status().dropped, 2U);
}

TEST_F(HeaderChecks, TheErrorGoesBackAlongTheViaList) {
  // Shows: ROUTE-01, ROUTE-10.
  for_us_.overlay ^= 1;
  for_us_.via_list = {wire::to_node(node_id(0x11)), wire::to_node(node_id(0x12))};
  const auto sent = peer_.ping(before_, for_us_);
  ASSERT_EQ(sent.size(), 1U);
  const wire::DestinationList back{wire::to_node(before_.id), wire::to_node(node_id(0x12)),
                                   wire::to_node(node_id(0x11))};
  EXPECT_EQ(sent[0].header().destination_list, back);
  EXPECT_TRUE(sent[0].header().via_list.empty());
}

}  // namespace
}  // namespace ringway::routing::test
