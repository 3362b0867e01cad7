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

// A ring of two, and a third that joins between them; the test says how its hand-over goes.
class AJoiningPeer : public ::testing::Test {
 protected:
  AJoiningPeer() {
    admitting_ = net_.add(node_id(0x80));
    before_ = net_.add(node_id(0x40));
    EXPECT_TRUE(net_.run_until([&] { return net_.one_ring(); }, 30s));
    net_.at(admitting_).hand_over_holds = true;
    net_.at(admitting_).hand_overs.clear();
    joining_ = net_.add(node_id(0x60));
    EXPECT_TRUE(net_.run_until([&] { return hand_overs().size() == 1; }, 30s));
    net_.tap = [this](const NodeId& from, const NodeId& to, Bytes& header, SharedBytes& payload) {
      const auto request = own_request(header, payload);
      if (request && from == id(joining_)) ++asked_[request->code];
      return !loses || !loses(from, to);
    };
  }
  const NodeId& id(std::size_t node) { return net_.at(node).id; }
  const std::vector<HandOver>& hand_overs() { return net_.at(admitting_).hand_overs; }
  void report(std::uint64_t number, State state) { net_.input(admitting_, HandOverReport{number, state}); }
  void report(State state) { report(hand_overs().back().number, state); }
  bool joined() { return net_.at(joining_).routing->status().view->joined; }
  std::size_t asked(MessageCode code) { return asked_[code]; }

  RoutingNet net_;
  std::size_t admitting_ = 0;
  std::size_t before_ = 0;
  std::size_t joining_ = 0;
  std::function<bool(const NodeId& from, const NodeId& to)> loses;
  std::map<MessageCode, std::size_t> asked_;  // of others, by the joining peer
};

TEST_F(AJoiningPeer, WaitsAsLongAsItsHandOverGoesOn) {
  // Shows: TOPO-15.
  for (int minute = 0; minute < 10; ++minute) {
    net_.run(60s);
    report(State::goes_on);
  }
  EXPECT_EQ(hand_overs().size(), 1U);
  EXPECT_EQ(asked(MessageCode::attach_req), 0U) << "it has looked for its place again";
  report(State::complete);
  EXPECT_TRUE(net_.run_until([&] { return net_.one_ring(); }, 1s));
}

TEST_F(AJoiningPeer, WaitsThoughAnAnswerToItsJoinIsLost) {
  net_.run(14s);
  loses = [&](const NodeId& from, const NodeId&) { return from == id(admitting_); };
  net_.run(20s);
  loses = nullptr;
  net_.run(60s);
  EXPECT_EQ(hand_overs().size(), 1U);
  EXPECT_EQ(asked(MessageCode::attach_req), 0U);
  report(State::complete);
  EXPECT_TRUE(net_.run_until([&] { return net_.one_ring(); }, 1s));
}

TEST_F(AJoiningPeer, StartsAnotherHandOverSoonAfterOneHasFailed) {
  // Shows: TOPO-15.
  report(State::failed);
  ASSERT_TRUE(net_.run_until([&] { return hand_overs().size() == 2; }, 20s));
  report(State::complete);
  EXPECT_TRUE(net_.run_until([&] { return net_.one_ring(); }, 1s));
}

TEST_F(AJoiningPeer, IsGivenUpWhenItsHandOverStands) {
  net_.run(130s);
  EXPECT_GE(hand_overs().size(), 2U) << "the first was dropped, and it has asked again";
}

TEST_F(AJoiningPeer, GetsTheRangeOfAPredecessorThatGoesMeanwhile) {
  // Shows: TOPO-15.
  EXPECT_EQ(hand_overs().back().after, id(before_));
  net_.kill(before_);
  ASSERT_TRUE(net_.run_until([&] { return hand_overs().size() == 2; }, 20s));
  EXPECT_EQ(hand_overs().back().joining, id(joining_));
  EXPECT_EQ(hand_overs().back().after, id(admitting_));
  report(hand_overs().front().number, State::complete);  // of the narrower range
  net_.run(1s);
  EXPECT_FALSE(joined());
  report(State::complete);
  EXPECT_TRUE(net_.run_until([&] { return net_.one_ring(); }, 1s));
}

TEST_F(AJoiningPeer, LearnsThatItHasBeenAdmittedThoughTheUpdateIsLost) {
  // Shows: TOPO-16.
  loses = [&](const NodeId& from, const NodeId&) { return from == id(admitting_); };
  report(State::complete);
  net_.run(16s);
  EXPECT_FALSE(joined());
  loses = nullptr;
  EXPECT_TRUE(net_.run_until([&] { return net_.one_ring(); }, 30s));
  EXPECT_EQ(hand_overs().size(), 1U);
}

TEST_F(AJoiningPeer, AsksNoMoreOnceItHasJoined) {
  // Shows: TOPO-18.
  net_.run(14s);
  loses = [&](const NodeId& from, const NodeId& to) { return from == id(joining_) && to == id(admitting_); };
  ASSERT_TRUE(net_.run_until([&] { return asked(MessageCode::join_req) > 0; }, 5s));
  report(State::complete);
  ASSERT_TRUE(net_.run_until([&] { return joined(); }, 1s));
  const std::size_t joins = asked(MessageCode::join_req);
  loses = nullptr;
  net_.run(30s);
  EXPECT_EQ(asked(MessageCode::join_req), joins) << "as if it had started over";
  EXPECT_EQ(hand_overs().size(), 1U);
  EXPECT_TRUE(net_.one_ring());
}

TEST(ALostJoinAnswer, CostsOneRepetition) {
  // Shows: TOPO-16.
  RoutingNet net;
  const std::size_t admitting = net.add(node_id(0x80));
  std::size_t lost = 0;
  net.tap = [&](const NodeId& from, const NodeId&, Bytes& header, SharedBytes& payload) {
    Bytes whole = header;
    append(whole, payload);
    const auto message = wire::decode_message(SharedBytes(std::move(whole)));
    if (!message || message->contents.code != MessageCode::join_ans || lost > 0) return true;
    EXPECT_EQ(from, net.at(admitting).id);
    ++lost;
    return false;
  };
  net.add(node_id(0x20));
  EXPECT_TRUE(net.run_until([&] { return net.one_ring(); }, 6s));
  EXPECT_EQ(lost, 1U);
}

TEST(ManyJoiningPeers, AskABusyPeerLessAndLessOften) {
  RoutingNet net;
  const std::size_t admitting = net.add(node_id(0x80));
  net.at(admitting).hand_over_holds = true;
  net.add(node_id(0x20));
  ASSERT_TRUE(net.run_until([&] { return net.at(admitting).hand_overs.size() == 1; }, 30s));
  const std::size_t waiting = net.add(node_id(0x30));
  std::size_t joins = 0;
  net.tap = [&](const NodeId& from, const NodeId&, Bytes& header, SharedBytes& payload) {
    const auto request = own_request(header, payload);
    if (request && request->code == MessageCode::join_req && from == net.at(waiting).id) ++joins;
    return true;
  };
  net.run(100s);
  EXPECT_GT(joins, 30U);
  EXPECT_LT(joins, 100U);
}

// ---- the admitting peer

class AnAdmittingPeer : public ::testing::Test {
 protected:
  AnAdmittingPeer() {
    peer_.neighbor(node_id(0x20));
    peer_.neighbor(node_id(0x80));
  }
  SentList join(const Remote& joining) {
    return peer_.receive(joining, peer_.header_to({wire::to_node(peer_.id())}), MessageCode::join_req,
                         wire::encode(wire::JoinReq{joining.id, {}}));
  }
  Remote admitted() {
    const Remote joining = peer_.client(node_id(0x30));
    join(joining);
    peer_.input(HandOverReport{1, State::complete});
    peer_.advance(1s);
    EXPECT_EQ(peer_.status().view->predecessors.front(), joining.id);
    return joining;
  }

  LonePeer peer_;
};

TEST_F(AnAdmittingPeer, AnswersAJoinThatItsUpdateHasCrossed) {
  const Remote joining = admitted();
  const auto sent = join(joining);
  ASSERT_EQ(sent.size(), 2U);
  for (const auto& one : sent) {
    EXPECT_EQ(one.link, joining.link);
    if (one.code() == MessageCode::join_ans) continue;
    ASSERT_EQ(one.code(), MessageCode::update_req);
    EXPECT_EQ(wire::decode<wire::ChordUpdate>(one.message.contents.body)->predecessors.front(), joining.id);
  }
  EXPECT_EQ(peer_.status().view->predecessors.front(), joining.id) << "it stays responsible for its range";
}

TEST_F(AnAdmittingPeer, HandsOverAgainToOneThatHasBeenLost) {
  // Shows: TOPO-28.
  const Remote joining = admitted();
  peer_.input(LinkDown{joining.link, 0, "reset"});
  join(peer_.client(joining.id));
  EXPECT_EQ(peer_.status().view->joining, joining.id);
}

TEST_F(AnAdmittingPeer, HandsOverAgainToOneThatHasAttachedAnew) {
  // Shows: TOPO-28.
  const Remote joining = admitted();
  peer_.input(LinkSuspected{joining.link, true});
  join(peer_.client(joining.id));
  EXPECT_EQ(peer_.status().view->joining, joining.id);
}

TEST_F(AnAdmittingPeer, HandsOverAgainToOneThatWasSilentForLong) {
  // Shows: TOPO-28.
  const Remote joining = admitted();
  peer_.input(LinkSuspected{joining.link, true});
  peer_.advance(6s);
  ASSERT_NE(peer_.status().view->predecessors.front(), joining.id);
  peer_.input(LinkSuspected{joining.link, false});
  join(joining);
  EXPECT_EQ(peer_.status().view->joining, joining.id);
}

TEST_F(AnAdmittingPeer, HandsOverAgainWhatAPredecessorTookAwayForAWhile) {
  // Shows: TOPO-15.
  const Remote comes_and_goes = peer_.client(node_id(0x28));
  peer_.receive(comes_and_goes, peer_.header_to({wire::to_node(peer_.id())}), MessageCode::update_req,
                wire::encode(wire::ChordUpdate{1, wire::ChordUpdateType::peer_ready, {}, {}, {}}));
  ASSERT_EQ(peer_.status().view->predecessors.front(), comes_and_goes.id);
  const Remote joining = peer_.client(node_id(0x30));
  const auto suspect = [&](bool suspected) {
    peer_.input(LinkSuspected{comes_and_goes.link, suspected});
    peer_.advance(6s);
  };
  join(joining);  // the first hand-over: after 0x28
  suspect(true);  // the second: after 0x20
  suspect(false);
  suspect(true);  // the third, with what 0x28 has taken meanwhile
  peer_.input(HandOverReport{2, State::complete});
  EXPECT_EQ(peer_.status().view->joining, joining.id);
  peer_.input(HandOverReport{3, State::complete});
  EXPECT_EQ(peer_.status().view->predecessors.front(), joining.id);
}

TEST_F(AnAdmittingPeer, LeavesTheJoiningPeerToANearerOne) {
  // Shows: TOPO-18.
  const Remote joining = peer_.client(node_id(0x30));
  join(joining);
  peer_.neighbor(node_id(0x38));
  EXPECT_EQ(peer_.status().view->joining, std::nullopt);
  peer_.input(HandOverReport{1, State::complete});
  EXPECT_FALSE(peer_.status().view->is_neighbor(joining.id));
  const auto sent = join(joining);
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(sent[0].error(), wire::ErrorCode::not_found);
}

TEST_F(AnAdmittingPeer, SendsOnlyTheNewestUpdateAgain) {
  const Remote joining = admitted();
  peer_.neighbor(node_id(0x28));
  peer_.advance(1s);
  std::size_t updates = 0;
  for (const auto& one : peer_.advance(4s)) {
    if (one.link != joining.link || one.code() != MessageCode::update_req) continue;
    ++updates;
    EXPECT_EQ(wire::decode<wire::ChordUpdate>(one.message.contents.body)->predecessors,
              peer_.status().view->predecessors);
  }
  EXPECT_GE(updates, 1U);
}

}  // namespace
}  // namespace ringway::routing::test
