// Whose answer ends a request of this peer's own (RFC 6940 §6.3.4): that of the node it was for.
#include <gtest/gtest.h>

#include "tests/reload/routing/lone_peer.hpp"

namespace ringway::routing::test {
namespace {

using ringway::test::node_id;
using wire::MessageCode;

TEST(Answerer, OnlyTheNodeThatWasAskedEndsARequest) {
  // Shows: SEC-13, FM-20, FM-26.
  LonePeer peer;
  const Remote asked = peer.neighbor(node_id(0x20));
  const Remote forwarder = peer.neighbor(node_id(0x80));
  const auto sent =
      peer.request({wire::to_node(asked.id)}, MessageCode::ping_req, wire::encode(wire::PingReq{}));
  ASSERT_EQ(sent.size(), 1U);
  auto back = peer.header_to({wire::to_node(peer.id())});
  back.transaction_id = sent[0].header().transaction_id;
  const Bytes ping = wire::encode(wire::PingAns{7, peer.now().wall_ms});
  const Bytes error = wire::encode(wire::ErrorResponse{wire::ErrorCode::not_found, {}});
  // Whoever it passes by has no word in it, neither for yes nor for no.
  peer.receive(forwarder, back, MessageCode::ping_ans, ping);
  peer.receive(forwarder, back, MessageCode::error, error);
  EXPECT_TRUE(peer.done.empty());
  EXPECT_EQ(peer.status().implausible_answers, 2U);
  // By whatever link it comes.
  peer.receive(forwarder, LonePeer::message(asked, back, MessageCode::ping_ans, ping));
  ASSERT_EQ(peer.done.size(), 1U);
  EXPECT_TRUE(
      std::holds_alternative<std::shared_ptr<const security::InspectedMessage>>(peer.done[0].outcome));
}

}  // namespace
}  // namespace ringway::routing::test
