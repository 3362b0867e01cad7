// From a Join to the Update that ends it (RFC 6940 §10.5): hand-overs that take long, fail, or end without
// the joining peer hearing of it.
#include <gtest/gtest.h>

#include "tests/reload/routing/lone_peer.hpp"
#include "tests/reload/routing/routing_net.hpp"

namespace ringway::routing::test {
namespace {

using ringway::test::node_id;
using wire::MessageCode;
using State = HandOverReport::State;
using namespace std::chrono_literals;

// Two peers: the second joins, and the test says how its hand-over goes.
class AJoiningPeer : public ::testing::Test {
 protected:
  AJoiningPeer() {
    admitting_ = net_.add(node_id(0x80));
    EXPECT_TRUE(net_.run_until([&] { return net_.one_ring(); }, 30s));
    net_.at(admitting_).hand_over_holds = true;
    joining_ = net_.add(node_id(0x20));
    EXPECT_TRUE(net_.run_until([&] { return hand_overs() == 1; }, 30s));
  }
  std::size_t hand_overs() { return net_.at(admitting_).hand_overs.size(); }
  void report(State state) { net_.input(admitting_, HandOverReport{net_.at(joining_).id, state}); }

  RoutingNet net_;
  std::size_t admitting_ = 0;
  std::size_t joining_ = 0;
};

TEST_F(AJoiningPeer, WaitsAsLongAsItsHandOverGoesOn) {
  // Shows: TOPO-15.
  for (int minute = 0; minute < 10; ++minute) {
    net_.run(60s);
    report(State::goes_on);
  }
  EXPECT_EQ(hand_overs(), 1U);
  report(State::complete);
  EXPECT_TRUE(net_.run_until([&] { return net_.one_ring(); }, 1s));
}

TEST_F(AJoiningPeer, StartsAnotherHandOverSoonAfterOneHasFailed) {
  // Shows: TOPO-15.
  report(State::failed);
  ASSERT_TRUE(net_.run_until([&] { return hand_overs() == 2; }, 20s));
  report(State::complete);
  EXPECT_TRUE(net_.run_until([&] { return net_.one_ring(); }, 1s));
}

TEST_F(AJoiningPeer, IsGivenUpWhenItsHandOverStands) {
  net_.run(130s);
  EXPECT_GE(hand_overs(), 2U) << "the first was dropped, and it has asked again";
}

TEST_F(AJoiningPeer, LearnsThatItHasBeenAdmittedThoughTheUpdateIsLost) {
  // Shows: TOPO-16.
  const auto& admitting = net_.at(admitting_);
  bool loses = true;
  net_.tap = [&](const NodeId& from, const NodeId&, Bytes&, SharedBytes&) {
    return !(loses && from == admitting.id);
  };
  report(State::complete);
  net_.run(16s);
  EXPECT_FALSE(net_.one_ring());
  loses = false;
  EXPECT_TRUE(net_.run_until([&] { return net_.one_ring(); }, 30s));
  EXPECT_EQ(hand_overs(), 1U);
}

TEST(AnAdmittingPeer, AnswersAJoinThatItsUpdateHasCrossed) {
  LonePeer peer;
  peer.neighbor(node_id(0x20));
  peer.neighbor(node_id(0x80));
  const Remote joining = peer.client(node_id(0x30));
  const Bytes join = wire::encode(wire::JoinReq{joining.id, {}});
  const auto to_us = [&] { return peer.header_to({wire::to_node(peer.id())}); };
  peer.receive(joining, to_us(), MessageCode::join_req, join);
  peer.input(HandOverReport{joining.id, State::complete});
  peer.advance(1s);
  ASSERT_EQ(peer.status().view->predecessors.front(), joining.id);

  const auto sent = peer.receive(joining, to_us(), MessageCode::join_req, join);
  ASSERT_EQ(sent.size(), 2U);
  for (const auto& one : sent) {
    EXPECT_EQ(one.link, joining.link);
    if (one.code() == MessageCode::join_ans) continue;
    ASSERT_EQ(one.code(), MessageCode::update_req);
    EXPECT_EQ(wire::decode<wire::ChordUpdate>(one.message.contents.body)->predecessors.front(), joining.id);
  }
  EXPECT_EQ(peer.status().view->predecessors.front(), joining.id) << "it stays responsible for its range";
}

}  // namespace
}  // namespace ringway::routing::test
