// What strangers may make a peer keep or send (RFC 6940 §6.3.2, §6.6, §6.7): fragments that never become a
// message, opaque IDs whose time is over, answers larger than the requester wants.
#include <gtest/gtest.h>

#include "reload/wire/fragment.hpp"
#include "tests/reload/routing/lone_peer.hpp"

namespace ringway::routing::test {
namespace {

using ringway::test::node_id;
using wire::ErrorCode;
using wire::MessageCode;

TEST(Floods, FragmentsThatAreNeverAMessageAreForgotten) {
  // Shows: FM-24.
  LonePeer::Setup setup;
  setup.settings = [](RoutingSettings& settings) { settings.max_reassembly_bytes = 20'000; };
  LonePeer peer(setup);
  const Remote attacker = peer.neighbor(node_id(0x80));
  const auto first_part = [&] {
    auto header = peer.header_to({wire::to_node(peer.id())});
    header.fragment = wire::k_fragment_always;  // the first, not the last
    Bytes whole = wire::encode_header(header, 1000);
    append(whole, Bytes(1000, 0));
    return whole;
  };
  const auto dropped = peer.status().dropped;
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(peer.receive(attacker, first_part()).empty());
  const auto beyond = peer.status().dropped - dropped;
  EXPECT_GE(beyond, 80U) << "more was kept than there is room for";
  EXPECT_LT(beyond, 100U);
  // Everybody's place is free again when their time is over (RFC 6940 §6.7: 15 s).
  peer.advance(Duration{16'000});
  EXPECT_TRUE(peer.receive(attacker, first_part()).empty());
  EXPECT_EQ(peer.status().dropped, dropped + beyond);
}

TEST(Floods, AnOpaqueIdWhoseTimeIsOverBringsNothingToAnybody) {
  // Shows: ROUTE-12, ROUTE-14, FM-37.
  LonePeer::Setup setup;
  setup.settings = [](RoutingSettings& settings) { settings.compress_via_lists = true; };
  LonePeer peer(setup);
  const Remote before = peer.neighbor(node_id(0x20));
  const Remote after = peer.neighbor(node_id(0x80));
  auto request = peer.header_to({wire::to_node(after.id)});
  request.via_list = {wire::to_node(node_id(0x10))};
  const auto forwarded = peer.ping(before, request);
  ASSERT_EQ(forwarded.size(), 1U);
  const auto& via = forwarded[0].header().via_list;
  ASSERT_EQ(via.size(), 1U);
  ASSERT_TRUE(std::holds_alternative<wire::CompressedDestination>(via[0]));
  const auto answer = [&](const wire::Destination& to) {
    auto header = peer.header_to({to});
    return peer.receive(after, header, MessageCode::ping_ans, wire::encode(wire::PingAns{1, 1}));
  };
  const auto back = answer(via[0]);
  ASSERT_EQ(back.size(), 1U);
  EXPECT_EQ(back[0].link, before.link);
  const auto dropped = peer.status().dropped;
  // Guessed, or of a request long ago: to nobody at all.
  auto guessed = std::get<wire::CompressedDestination>(via[0]);
  guessed.id ^= 1;
  EXPECT_TRUE(answer(guessed).empty());
  peer.advance(Duration{600'000});
  EXPECT_TRUE(answer(via[0]).empty());
  EXPECT_EQ(peer.status().dropped, dropped + 2);
}

TEST(Floods, AnAnswerIsNoLargerThanTheRequesterWants) {
  // Shows: WIRE-17, FM-25.
  LonePeer peer;
  const Remote asking = peer.neighbor(node_id(0x80));
  auto header = peer.header_to({wire::to_node(peer.id())});
  header.max_response_length = 100;
  const auto sent = peer.ping(asking, header);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].error(), ErrorCode::response_too_large);
}

TEST(Floods, FreshTransactionsOfOneNodeAreDroppedBeyondTheBound) {
  // Shows: ROUTE-34, FM-24.
  LonePeer::Setup setup;
  setup.settings = [](RoutingSettings& settings) { settings.max_served_requests = 4; };
  LonePeer peer(setup);
  const Remote attacker = peer.neighbor(node_id(0x80));
  const auto dropped = peer.status().dropped;
  // Fetches wait for storage, which is busy.
  for (int i = 0; i < 10; ++i) {
    const auto header = peer.header_to({wire::to_resource(node_id(0x30))});
    peer.receive(attacker, header, MessageCode::fetch_req,
                 wire::encode(wire::FetchReq{copy_of(node_id(0x30).view()), {}}));
  }
  EXPECT_EQ(peer.delivered.size(), 4U);
  EXPECT_EQ(peer.status().dropped, dropped + 6);
}

}  // namespace
}  // namespace ringway::routing::test
