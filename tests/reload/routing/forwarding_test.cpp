// Where a message goes (RFC 6940 §6.1.1–§6.1.3, §6.2.1): the first entry of its destination list decides.
#include <gtest/gtest.h>

#include "tests/reload/routing/lone_peer.hpp"

namespace ringway::routing::test {
namespace {

using ringway::test::node_id;
using wire::ErrorCode;
using wire::MessageCode;
using wire::to_node;
using wire::to_resource;

// Between 0x20 and 0x80 on the ring, owner of (0x20, 0x40].
class Forwarding : public ::testing::Test {
 protected:
  LonePeer peer_;
  Remote before_ = peer_.neighbor(node_id(0x20));
  Remote after_ = peer_.neighbor(node_id(0x80));

  SentList ping(const Remote& from, wire::DestinationList destination) {
    return peer_.ping(from, peer_.header_to(std::move(destination)));
  }
  void expect_answered(const SentList& sent) {
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].code(), MessageCode::ping_ans);
  }
  void expect_passed_on(const SentList& sent, const Remote& to, const wire::DestinationList& left) {
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].code(), MessageCode::ping_req);
    EXPECT_EQ(sent[0].link, to.link);
    EXPECT_EQ(sent[0].header().destination_list, left);
  }
};

TEST_F(Forwarding, TheFirstEntryDecides) {
  // Shows: ROUTE-02, ROUTE-04.
  const auto us = to_node(peer_.id());
  const auto after = to_node(after_.id);
  expect_answered(ping(before_, {us}));
  expect_passed_on(ping(before_, {us, after}), after_, {after});
  expect_passed_on(ping(before_, {after, us}), after_, {after, us});
  expect_passed_on(ping(before_, {after, to_resource(node_id(0x30))}), after_,
                   {after, to_resource(node_id(0x30))});
}

TEST_F(Forwarding, ForeignOpaqueEntriesAreDropped) {
  // Shows: ROUTE-02, ROUTE-12.
  EXPECT_TRUE(ping(before_, {wire::CompressedDestination{0x8123}, to_node(after_.id)}).empty());
  EXPECT_TRUE(ping(before_, {wire::OpaqueDestination{{1, 2, 3}}, to_node(after_.id)}).empty());
  EXPECT_EQ(peer_.status().dropped, 2U);
}

TEST_F(Forwarding, AResourceGoesToItsOwner) {
  // Shows: ROUTE-02, ROUTE-03, ROUTE-07.
  expect_answered(ping(before_, {to_resource(node_id(0x30))}));
  expect_passed_on(ping(before_, {to_resource(node_id(0x50))}), after_, {to_resource(node_id(0x50))});
}

TEST_F(Forwarding, TheWildcardIsForWhoeverReceivesIt) {
  // Shows: ROUTE-05.
  expect_answered(ping(before_, {to_node(wildcard_node())}));
  expect_answered(ping(before_, {to_node(wildcard_node()), to_node(after_.id)}));
  EXPECT_EQ(peer_.status().forwarded, 0U);
}

TEST_F(Forwarding, AnUnknownNodeOfOurRangeIsDropped) {
  // Shows: ROUTE-06.
  EXPECT_TRUE(ping(before_, {to_node(node_id(0x30))}).empty());
  EXPECT_EQ(peer_.status().dropped, 1U);
  const Remote client = peer_.client(node_id(0x30));
  expect_passed_on(ping(before_, {to_node(client.id)}), client, {to_node(client.id)});
}

TEST_F(Forwarding, AClientOfOurRangeIsReachedByItsNodeIdAlone) {
  // Shows: ROUTE-23, ROUTE-27.
  const Remote client = peer_.client(node_id(0x30));
  expect_passed_on(ping(after_, {to_node(client.id)}), client, {to_node(client.id)});
  // It is no peer: what it would be nearest to stays here.
  expect_answered(ping(after_, {to_resource(node_id(0x2F))}));
  EXPECT_FALSE(peer_.status().view->is_neighbor(client.id));
}

TEST_F(Forwarding, AClientFromElsewhereIsReachedThroughItsPeer) {
  // Shows: ROUTE-24, ROUTE-27.
  const Remote client = peer_.client(node_id(0xC0));
  expect_passed_on(ping(before_, {to_node(peer_.id()), to_node(client.id)}), client, {to_node(client.id)});
  // Nor is it asked to carry anything to others.
  expect_passed_on(ping(before_, {to_resource(node_id(0xB0))}), after_, {to_resource(node_id(0xB0))});
}

TEST_F(Forwarding, AClientsOwnRequestsAndTheirAnswersPass) {
  // Shows: ROUTE-26.
  const Remote client = peer_.client(node_id(0xC0));
  const auto request = ping(client, {to_resource(node_id(0x50))});
  expect_passed_on(request, after_, {to_resource(node_id(0x50))});
  EXPECT_EQ(request[0].header().via_list, wire::DestinationList{to_node(client.id)});
  const auto answer = peer_.receive(after_, peer_.header_to({to_node(peer_.id()), to_node(client.id)}),
                                    MessageCode::ping_ans, wire::encode(wire::PingAns{}));
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(answer[0].link, client.link);
}

TEST_F(Forwarding, ADirectLinkIsUsedByItsOriginator) {
  // Shows: ROUTE-18.
  const Remote client = peer_.client(node_id(0xC0));  // by the ring the way there is over 0x80
  const auto sent = peer_.request({to_node(client.id)}, MessageCode::ping_req, wire::encode(wire::PingReq{}));
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].link, client.link);
  // Also when it is only the first of several.
  const auto further = peer_.request({to_node(client.id), to_node(before_.id)}, MessageCode::ping_req,
                                     wire::encode(wire::PingReq{}));
  ASSERT_EQ(further.size(), 1U);
  EXPECT_EQ(further[0].link, client.link);
}

TEST_F(Forwarding, TheTtlCountsDown) {
  // Shows: ROUTE-19, WIRE-15, AMB-25.
  auto header = peer_.header_to({to_node(after_.id)});
  header.ttl = 100;
  EXPECT_EQ(peer_.ping(before_, header)[0].header().ttl, 99);
  header.ttl = 1;
  EXPECT_EQ(peer_.ping(before_, header)[0].header().ttl, 0);
  header.ttl = 0;
  const auto sent = peer_.ping(before_, header);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].link, before_.link);
  EXPECT_EQ(sent[0].error(), ErrorCode::ttl_exceeded);

  header.destination_list = {to_node(peer_.id())};  // for this peer it has lasted long enough
  expect_answered(peer_.ping(before_, header));
}

TEST_F(Forwarding, OnlyHeaderTtlAndListsChange) {
  // Shows: ROUTE-08, ROUTE-10, ROUTE-16, WIRE-35.
  auto header = peer_.header_to({to_node(after_.id)});
  header.via_list = {to_node(node_id(0x11))};
  header.max_response_length = 4711;
  const Bytes whole =
      LonePeer::message(before_, header, MessageCode::ping_req, wire::encode(wire::PingReq{Bytes(9, 5)}));
  const auto sent = peer_.receive(before_, whole);
  ASSERT_EQ(sent.size(), 1U);
  auto expected = header;
  --expected.ttl;
  expected.via_list.push_back(to_node(before_.id));
  const std::size_t payload_size = whole.size() - wire::header_size_bytes(header);
  Bytes expected_bytes = wire::encode_header(expected, payload_size);
  expected_bytes.insert(expected_bytes.end(), whole.end() - static_cast<std::ptrdiff_t>(payload_size),
                        whole.end());
  EXPECT_EQ(to_hex(sent[0].bytes), to_hex(expected_bytes));
  for (const auto& later : peer_.advance(Duration{30'000}))  // to repeat it is for who has made it
    EXPECT_NE(later.header().transaction_id, header.transaction_id);
}

TEST_F(Forwarding, AnswersLeaveNoTrailBehind) {
  // Shows: ROUTE-11.
  for (const auto code : {MessageCode::ping_ans, MessageCode::error}) {
    const auto header = peer_.header_to({to_node(peer_.id()), to_node(after_.id)});
    const auto sent = peer_.receive(before_, header, code, wire::encode(wire::PingAns{}));
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].link, after_.link);
    EXPECT_TRUE(sent[0].header().via_list.empty());
  }
}

}  // namespace
}  // namespace ringway::routing::test
