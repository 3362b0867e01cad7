// Join, Leave and Update at the receiver (RFC 6940 §6.4.2): who may send them, and what an Update does.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/reload/routing/lone_peer.hpp"

namespace ringway::routing::test {
namespace {

using ringway::test::node_id;
using wire::ErrorCode;
using wire::MessageCode;

class Membership : public ::testing::Test {
 protected:
  LonePeer peer_;
  Remote before_ = peer_.neighbor(node_id(0x20));
  Remote after_ = peer_.neighbor(node_id(0x80));
  wire::ForwardingHeader to_us() { return peer_.header_to({wire::to_node(peer_.id())}); }

  static Bytes join_of(const NodeId& node) { return wire::encode(wire::JoinReq{node, {}}); }
  static Bytes leave_of(const NodeId& node) {
    return wire::encode(
        wire::LeaveReq{node, wire::encode(wire::ChordLeaveData{wire::ChordLeaveType::from_succ, {}})});
  }
  static Bytes ready() {
    return wire::encode(wire::ChordUpdate{1, wire::ChordUpdateType::peer_ready, {}, {}, {}});
  }
};

TEST_F(Membership, JoinAndLeaveFromTheNodeItselfAreTaken) {
  // Shows: SEC-30.
  const Remote newcomer = peer_.connect(node_id(0x30));
  const auto joined = peer_.receive(newcomer, to_us(), MessageCode::join_req, join_of(newcomer.id));
  ASSERT_FALSE(joined.empty());
  EXPECT_EQ(joined[0].code(), MessageCode::join_ans);
  const auto left = peer_.receive(before_, to_us(), MessageCode::leave_req, leave_of(before_.id));
  ASSERT_FALSE(left.empty());
  EXPECT_EQ(left[0].code(), MessageCode::leave_ans);
  EXPECT_FALSE(peer_.status().view->is_neighbor(before_.id));
}

TEST_F(Membership, NobodyJoinsOrLeavesInAnothersName) {
  // Shows: SEC-30, FM-05, FM-22.
  const Remote newcomer = peer_.connect(node_id(0x30));
  const auto expect_forbidden = [&](const SentList& sent) {
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].error(), ErrorCode::forbidden);
  };
  // The body names somebody else than the signer.
  expect_forbidden(peer_.receive(newcomer, to_us(), MessageCode::join_req, join_of(node_id(0x31))));
  expect_forbidden(peer_.receive(newcomer, to_us(), MessageCode::leave_req, leave_of(before_.id)));
  // Signer and body agree, but it comes over somebody else's link, as if that node's own ...
  const Remote thief{before_.id, before_.signer, newcomer.link};
  expect_forbidden(peer_.receive(thief, to_us(), MessageCode::leave_req, leave_of(before_.id)));
  expect_forbidden(peer_.receive(thief, to_us(), MessageCode::join_req, join_of(before_.id)));
  expect_forbidden(peer_.receive(thief, to_us(), MessageCode::update_req, ready()));
  // ... or as if it had been passed on.
  auto passed_on = to_us();
  passed_on.via_list = {wire::to_node(before_.id)};
  expect_forbidden(peer_.receive(thief, passed_on, MessageCode::leave_req, leave_of(before_.id)));
  // A captured one that somebody sends to us through the very node that has signed it.
  auto around = to_us();
  around.via_list = {wire::to_node(newcomer.id)};
  expect_forbidden(peer_.receive(before_, around, MessageCode::leave_req, leave_of(before_.id)));
  // Over that node's link and in its name, but signed by another.
  const Remote signs_for_another{before_.id, newcomer.signer, before_.link};
  expect_forbidden(peer_.receive(signs_for_another, to_us(), MessageCode::leave_req, leave_of(before_.id)));
  EXPECT_TRUE(peer_.status().view->is_neighbor(before_.id));
  EXPECT_EQ(peer_.status().view->joining, std::nullopt);
  EXPECT_EQ(peer_.status().refused_membership, 8U);
}

TEST_F(Membership, AnyUpdateMakesItsSenderRoutable) {
  // Shows: TOPO-21, ICE-12.
  const auto next_for_0xc0 = [&] {
    const auto sent = peer_.ping(before_, peer_.header_to({wire::to_resource(node_id(0xC0))}));
    return sent.empty() ? LinkId{} : sent[0].link;
  };
  const Remote attached = peer_.client(node_id(0xA0));
  EXPECT_EQ(next_for_0xc0(), after_.link);
  EXPECT_FALSE(peer_.status().view->is_neighbor(attached.id));
  peer_.receive(attached, to_us(), MessageCode::update_req, ready());
  EXPECT_EQ(next_for_0xc0(), attached.link);
  EXPECT_TRUE(peer_.status().view->is_neighbor(attached.id));
}

TEST_F(Membership, TheConnectionTableHoldsMoreThanMayBeRoutedThrough) {
  // Shows: TOPO-03, ROUTE-27.
  const Remote client = peer_.client(node_id(0x30));
  std::size_t routable = 0;
  bool client_is_listed = false;
  const auto status = peer_.status();
  for (const auto& link : status.links) {
    if (link.node == client.id) client_is_listed = true;
    if (link.routable) ++routable;
    EXPECT_EQ(link.routable, link.node != client.id);
  }
  EXPECT_TRUE(client_is_listed);
  EXPECT_EQ(routable, 2U);
  EXPECT_FALSE(status.view->is_neighbor(client.id));
  EXPECT_EQ(std::count(status.fingers.begin(), status.fingers.end(), client.id), 0);
}

}  // namespace
}  // namespace ringway::routing::test
