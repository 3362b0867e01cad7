// The way in (RFC 6940 §6.1.2, §11.4): bootstrap nodes, and what a node gets over its access link before it
// has joined.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "reload/link/link_id.hpp"
#include "tests/reload/routing/lone_peer.hpp"

namespace ringway::routing::test {
namespace {

using namespace std::chrono_literals;
using ringway::test::node_id;
using wire::ErrorCode;
using wire::MessageCode;
using wire::to_node;
using wire::to_resource;

// Outside any ring, with bootstrap nodes from its document and from its own settings.
LonePeer::Setup outside() {
  LonePeer::Setup setup;
  setup.configuration = [](config::Configuration& values) {
    values.bootstrap_nodes = {{"192.0.2.1"}, {"192.0.2.2", 7000}, {"2001:db8::3"}, {"2001:db8::4", 65000}};
  };
  setup.settings = [](RoutingSettings& settings) {
    settings.first_peer = false;
    settings.bootstrap = {{wire::AddressType::ipv4, {198, 51, 100, 5}, 6085}};
  };
  return setup;
}
const std::set<std::string> k_listed{"192.0.2.1:6084", "192.0.2.2:7000", "[2001:db8::3]:6084",
                                     "[2001:db8::4]:65000", "198.51.100.5:6085"};

std::string only_address_of(const OpenLink& open) {
  EXPECT_EQ(open.addresses.size(), 1U);
  EXPECT_EQ(open.expected, std::nullopt);
  return open.addresses.empty() ? "" : link::to_text(open.addresses.front());
}

TEST(Bootstrapping, EveryListedNodeIsTriedUntilOneIsThere) {
  // Shows: BOOT-03.
  LonePeer peer(outside());
  for (int round = 0; round < 3; ++round) {
    std::set<std::string> tried;
    for (std::size_t i = 0; i < k_listed.size(); ++i) {
      ASSERT_EQ(peer.opened.size(), 1U) << "after " << i << " in round " << round;
      const OpenLink open = peer.opened[0];
      tried.insert(only_address_of(open));
      peer.opened.clear();
      peer.input(LinkDown{LinkId{}, open.attempt, "refused"});
    }
    EXPECT_EQ(tried, k_listed);
    EXPECT_TRUE(peer.opened.empty()) << "they are tried once around without a pause";
    peer.advance(30s);
  }
}

TEST(Bootstrapping, ANodeThatCannotHelpIsFollowedByTheOthers) {
  // Shows: BOOT-03.
  LonePeer peer(outside());
  std::set<std::string> tried;
  for (std::size_t i = 0; i < k_listed.size(); ++i) {
    ASSERT_EQ(peer.opened.size(), 1U) << "after " << i;
    const OpenLink open = peer.opened[0];
    tried.insert(only_address_of(open));
    peer.opened.clear();
    const NodeId id = node_id(static_cast<std::uint8_t>(0x80 + i));
    const Remote node{id, peer.authority().issue("bootstrap@example.org", id), LinkId{500 + i}};
    const auto sent = peer.input(LinkUp{node.link, open.attempt, node.signer->certificate(), {}});
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].code(), MessageCode::attach_req);
    EXPECT_EQ(sent[0].link, node.link);
    const RingId after_us = ring_add(peer.id(), ring_power_of_two(0));
    EXPECT_EQ(sent[0].header().destination_list, wire::DestinationList{to_resource(after_us)});
    auto header = peer.header_to({to_node(peer.id())});
    header.transaction_id = sent[0].header().transaction_id;
    peer.receive(node, header, MessageCode::error,
                 wire::encode(wire::ErrorResponse{ErrorCode::not_found, {}}));
    while (peer.opened.empty() && peer.now().mono < MonoTime{60'000}) {
      peer.advance(10ms);
      for (const auto& close : peer.closed) peer.input(LinkDown{close.link, 0, close.reason});
      peer.closed.clear();
    }
  }
  EXPECT_EQ(tried, k_listed);
}

// A peer that stands outside with one attached node, its first bootstrap node having said that it cannot
// help.
class TwoThatJoin : public ::testing::Test {
 protected:
  TwoThatJoin() {
    other_ = peer_.client(node_id(0x60));
    peer_.opened.erase(peer_.opened.begin() + 1, peer_.opened.end());
    refuse_attach(open_access(0x80));
    for (int i = 0; i < 100 && peer_.opened.empty(); ++i) peer_.advance(10ms);
  }
  Remote open_access(std::uint8_t first_byte) {
    EXPECT_EQ(peer_.opened.size(), 1U);
    const NodeId id = node_id(first_byte);
    const Remote node{id, peer_.authority().issue("bootstrap@example.org", id), LinkId{500U + first_byte}};
    attach_ = peer_.input(LinkUp{node.link, peer_.opened.at(0).attempt, node.signer->certificate(), {}});
    peer_.opened.clear();
    return node;
  }
  void refuse_attach(const Remote& node) {
    ASSERT_EQ(attach_.size(), 1U);
    auto header = peer_.header_to({to_node(peer_.id())});
    header.transaction_id = attach_[0].header().transaction_id;
    peer_.receive(node, header, MessageCode::error,
                  wire::encode(wire::ErrorResponse{ErrorCode::not_found, {}}));
  }

  LonePeer peer_{outside()};
  Remote other_;
  SentList attach_;
};

TEST_F(TwoThatJoin, AskOthersAndNotEachOther) {
  // Shows: BOOT-03.
  // Else two that have attached to each other would never ask anybody else.
  const Remote next = open_access(0x81);
  ASSERT_EQ(attach_.size(), 1U);
  EXPECT_EQ(attach_[0].link, next.link);
}

TEST_F(TwoThatJoin, UseTheOtherPeersThatTheyKnowEveryOtherTime) {
  // The way over the bootstrap node may lead back here: its ring may still know us from an earlier attempt.
  peer_.receive(other_, peer_.header_to({to_node(peer_.id())}), MessageCode::update_req,
                wire::encode(wire::ChordUpdate{1, wire::ChordUpdateType::peer_ready, {}, {}, {}}));
  const Remote next = open_access(0x81);
  std::set<LinkId> tried;
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(attach_.size(), 1U) << i;
    tried.insert(attach_[0].link);
    const Remote asked = attach_[0].link == other_.link ? other_ : next;
    refuse_attach(asked);
    peer_.closed.clear();
    attach_.clear();
    for (int step = 0; step < 1000 && attach_.empty(); ++step) {
      attach_ = peer_.advance(10ms);
      if (!peer_.opened.empty()) open_access(static_cast<std::uint8_t>(0x82 + i));
    }
  }
  EXPECT_TRUE(tried.contains(other_.link));
  EXPECT_GE(tried.size(), 2U);
}

// ---- answers to a node that has not joined
// -----------------------------------------------------------------------------

// In (0x20, 0x40]; 0x80 answers for what is behind.
class ThroughAccessLink : public ::testing::TestWithParam<MessageCode> {
 protected:
  static Bytes body_of(MessageCode code) {
    if (code == MessageCode::ping_req) return wire::encode(wire::PingReq{});
    wire::AttachBody body;
    body.role = "passive";
    wire::IceCandidate candidate;
    candidate.address = {wire::AddressType::ipv4, {192, 0, 2, 9}, 6084};
    candidate.link = wire::OverlayLinkType::tls_tcp_fh_no_ice;
    candidate.type = wire::CandidateType::host;
    body.candidates = {candidate};
    return wire::encode(body);
  }
  LonePeer peer_;
  Remote before_ = peer_.neighbor(node_id(0x20));
  Remote after_ = peer_.neighbor(node_id(0x80));
};

TEST_P(ThroughAccessLink, OurAnswerGoesBackTheWayItCame) {
  // Shows: ROUTE-28.
  for (const auto id : {node_id(0x30), node_id(0x60), node_id(0xC0)}) {  // whoever answers for its own point
    const Remote newcomer = peer_.connect(id);
    const auto sent = peer_.receive(newcomer, peer_.header_to({to_resource(node_id(0x3F))}), GetParam(),
                                    body_of(GetParam()));
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].code(), wire::answer_to(GetParam()));
    EXPECT_EQ(sent[0].link, newcomer.link);
    EXPECT_EQ(sent[0].header().destination_list, wire::DestinationList{to_node(id)});
  }
}

TEST_P(ThroughAccessLink, AnAnswerFromElsewhereIsPassedOnOverIt) {
  // Shows: ROUTE-28.
  for (const auto id : {node_id(0x30), node_id(0x60), node_id(0xC0)}) {
    const Remote newcomer = peer_.connect(id);
    const auto asked = peer_.receive(newcomer, peer_.header_to({to_resource(node_id(0x70))}), GetParam(),
                                     body_of(GetParam()));
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_EQ(asked[0].link, after_.link);
    ASSERT_EQ(asked[0].header().via_list, wire::DestinationList{to_node(id)});
    // The answerer reverses the via list behind the node that it has the request from.
    auto header = peer_.header_to({to_node(peer_.id()), to_node(id)});
    header.transaction_id = asked[0].header().transaction_id;
    const auto passed = peer_.receive(after_, header, wire::answer_to(GetParam()), body_of(GetParam()));
    ASSERT_EQ(passed.size(), 1U);
    EXPECT_EQ(passed[0].link, newcomer.link);
  }
}
INSTANTIATE_TEST_SUITE_P(Requests, ThroughAccessLink,
                         ::testing::Values(MessageCode::ping_req, MessageCode::attach_req),
                         [](const auto& which) {
                           return which.param == MessageCode::ping_req ? "Ping" : "Attach";
                         });

NodeId spread(std::size_t index) {
  CountingRandom random(index + 100);
  NodeId id;
  for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(random.next());
  return id;
}

TEST(AcrossARing, WhoHasNotJoinedHearsThroughItsBootstrapNode) {
  // Shows: ROUTE-28.
  RoutingNet net;
  for (std::size_t i = 0; i < 16; ++i) net.add(spread(i));
  ASSERT_TRUE(net.run_until([&] { return net.one_ring(); }, 60s));
  const NodeId newcomer = spread(500);
  // What comes to it, and over whose links; nobody may admit it.
  std::map<MessageCode, std::vector<NodeId>> answers;
  net.tap = [&](const NodeId& from, const NodeId& to, Bytes&, SharedBytes& payload) {
    const auto code = static_cast<MessageCode>((payload.view()[0] << 8) | payload.view()[1]);
    if (to == newcomer) answers[code].push_back(from);
    return code != MessageCode::join_req;
  };
  const std::size_t index = net.add(newcomer);
  const auto last = [&] { return net.at(index).done.empty() ? nullptr : &net.at(index).done.back(); };
  ASSERT_TRUE(net.run_until([&] { return answers.contains(MessageCode::attach_ans); }, 10s));
  EXPECT_EQ(answers[MessageCode::attach_ans].front(), net.at(0).id);
  for (std::size_t i = 0; i < 12; ++i) {
    net.at(index).done.clear();
    answers.clear();
    net.request(index, {to_node(net.at(0).id), to_resource(spread(600 + i))}, MessageCode::ping_req,
                wire::encode(wire::PingReq{}), i);
    ASSERT_TRUE(net.run_until([&] { return last() != nullptr; }, 10s));
    EXPECT_FALSE(std::holds_alternative<RequestFailure>(last()->outcome));
    EXPECT_EQ(answers[MessageCode::ping_ans], std::vector{net.at(0).id});
  }
  EXPECT_FALSE(net.at(index).routing->status().view->joined);
}

}  // namespace
}  // namespace ringway::routing::test
