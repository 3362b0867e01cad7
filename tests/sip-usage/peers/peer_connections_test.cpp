// From a destination list to a flow: who is asked, who may come, and what becomes of a wish.
#include <gtest/gtest.h>

#include <sstream>

#include "sip-usage/peers/peer_connections.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::sip::peers {
namespace {

using ringway::test::node_id;
using routing::AppAttachAccepted;
using wire::ErrorCode;

class PeerConnectionsTest : public ::testing::Test {
 protected:
  static wire::DestinationList to(const NodeId& node) { return {wire::to_node(node)}; }
  // A list whose last entry only the peer that has made it understands (RFC 7904 §6).
  static wire::DestinationList to_opaque() {
    return {wire::to_node(node_id(0x33)), wire::OpaqueDestination{{1, 2, 3}}};
  }
  void open(std::uint64_t number, wire::DestinationList destinations, std::uint16_t application = 5060) {
    peers_.open(now_, {OpenId{number}, std::move(destinations), application});
  }
  void accepted(std::uint64_t token, const NodeId& node) {
    peers_.on_event(now_, routing::AppAttachDone{token, 5060, AppAttachAccepted{node, nullptr, {}}});
  }
  void failed(std::uint64_t token) {
    peers_.on_event(now_, routing::AppAttachDone{
                              token, 5060, routing::RequestFailure{ErrorCode::not_found, {}, false, {}}});
  }
  void asked_by(const NodeId& node) { peers_.on_event(now_, routing::AppConnect{5060, node, {{}}}); }
  void up(std::uint64_t flow, const NodeId& node, bool opened_here = false) {
    peers_.on_up(now_, {FlowId{flow}, {node_id(0x99), node}, {"bob@example.org"}, opened_here});
  }
  void hear(std::uint64_t flow, std::string_view text) {
    peers_.on_received({FlowId{flow}, SharedBytes(copy_of(view_of(text))), 1});
  }
  void advance(Duration step) {
    now_ = now_ + step;
    peers_.on_timer(now_);
  }

  static std::string text(const routing::SendAppAttach& one) {
    return "ask " + std::to_string(one.token) + " for " + std::to_string(one.application);
  }
  static std::string text(const routing::DropAppAttach& one) { return "drop " + std::to_string(one.token); }
  static std::string text(const routing::AppConnectEnded& one) {
    return "ended " + one.node.hex().substr(0, 2);
  }
  static std::string text(const Connect& one) { return "connect to " + one.node.hex().substr(0, 2); }
  static std::string text(const Close& one) { return "close " + number(one.flow) + ": " + one.reason; }
  static std::string text(const element::Input& input) {
    std::ostringstream out;
    if (const auto* one = std::get_if<element::PeerUp>(&input)) {
      out << number(one->flow) << " is " << one->node.hex().substr(0, 2) << " of " << one->users.at(0);
      if (one->opened) out << " for " << static_cast<std::uint64_t>(*one->opened);
    } else if (const auto* opened = std::get_if<element::Opened>(&input)) {
      out << number(opened->flow) << " also for " << static_cast<std::uint64_t>(opened->open);
    } else if (const auto* nothing = std::get_if<element::OpenFailed>(&input)) {
      out << static_cast<std::uint64_t>(nothing->open) << " failed: " << nothing->reason;
    } else if (const auto* received = std::get_if<element::Received>(&input)) {
      out << number(received->flow) << " says " << text_of(received->octets);
    } else if (const auto* down = std::get_if<element::FlowDown>(&input)) {
      out << number(down->flow) << " down: " << down->reason;
    }
    return out.str();
  }
  static std::string number(FlowId flow) { return std::to_string(static_cast<std::uint64_t>(flow)); }
  std::vector<std::string> take() {
    std::vector<std::string> out;
    for (const auto& one : peers_.take_outputs())
      out.push_back(std::visit([](const auto& each) { return text(each); }, one));
    return out;
  }
  using Log = std::vector<std::string>;

  PeerConnections peers_;
  MonoTime now_{1000};
  const NodeId bob_ = node_id(0x60);
  const NodeId carol_ = node_id(0x70);
};

TEST_F(PeerConnectionsTest, WhoWasAskedConnects) {
  // Shows: SIP-16, SIP-17.
  open(5, to(bob_));
  EXPECT_EQ(take(), Log{"ask 1 for 5060"});
  accepted(1, bob_);
  EXPECT_EQ(take(), Log{});
  up(100, bob_);
  EXPECT_EQ(take(), Log{"100 is 60 of bob@example.org for 5"});
  hear(100, "hello");
  peers_.on_down(FlowId{100}, "reset");
  hear(100, "too late");
  EXPECT_EQ(take(), (Log{"100 says hello", "100 down: reset"}));
  EXPECT_EQ(peers_.counters().opened, 1U);
  open(6, to(bob_), 5061);
  EXPECT_EQ(take(), Log{"ask 2 for 5061"});
}

TEST_F(PeerConnectionsTest, AConnectionMayBeFasterThanTheAnswer) {
  open(5, to(bob_));
  up(100, bob_);
  EXPECT_EQ(take(), (Log{"ask 1 for 5060", "drop 1", "100 is 60 of bob@example.org for 5"}));
  accepted(1, bob_);
  advance(k_open_time);
  EXPECT_EQ(take(), Log{});
}

TEST_F(PeerConnectionsTest, WhoWasNotAskedIsNotHeard) {
  // Shows: SIP-17, FM-44.
  up(100, carol_);
  hear(100, "INVITE");
  peers_.on_down(FlowId{100}, "reset");
  EXPECT_EQ(take(), Log{"close 100: nobody here has asked for it"});
  open(5, to(bob_));
  accepted(1, bob_);
  take();
  up(101, carol_);
  EXPECT_EQ(take(), Log{"close 101: nobody here has asked for it"});
  up(102, carol_, true);
  EXPECT_EQ(take(), Log{"close 102: nobody here has asked for it"}) << "this peer has not connected to it";
  EXPECT_EQ(peers_.counters().uninvited, 3U);
  up(103, bob_);
  take();
  up(104, bob_);
  EXPECT_EQ(take(), Log{"close 104: nobody here has asked for it"}) << "once for each AppAttach";
}

TEST_F(PeerConnectionsTest, WhoHasAskedIsConnectedTo) {
  // Shows: SIP-16.
  asked_by(bob_);
  EXPECT_EQ(take(), Log{"connect to 60"});
  peers_.connecting({5060, bob_, {}}, FlowId{100});
  up(100, bob_, true);
  EXPECT_EQ(take(), (Log{"ended 60", "100 is 60 of bob@example.org"}));
  asked_by(carol_);
  peers_.connecting({5060, carol_, {}}, FlowId{101});
  peers_.on_down(FlowId{101}, "refused");
  EXPECT_EQ(take(), (Log{"connect to 70", "ended 70"})) << "nobody has heard of it";
  asked_by(carol_);
  peers_.connecting({5060, carol_, {}}, std::nullopt);
  EXPECT_EQ(take(), (Log{"connect to 70", "ended 70"}));
  EXPECT_EQ(peers_.counters().refused_asked, 1U);
}

TEST_F(PeerConnectionsTest, AppAttachesThatCrossLeaveBothConnections) {
  open(5, to(bob_));
  asked_by(bob_);
  peers_.connecting({5060, bob_, {}}, FlowId{100});
  accepted(1, bob_);
  take();
  up(100, bob_, true);
  EXPECT_EQ(take(), (Log{"ended 60", "100 is 60 of bob@example.org for 5"})) << "there is no need to wait";
  up(101, bob_);
  EXPECT_EQ(take(), Log{"101 is 60 of bob@example.org"}) << "it was asked for";
  up(102, bob_);
  EXPECT_EQ(take(), Log{"close 102: nobody here has asked for it"});
}

TEST_F(PeerConnectionsTest, OneConnectionServesAllWhoWaitForThatNode) {
  // Shows: SIP-18.
  open(5, to(bob_));
  open(6, {wire::to_node(carol_), wire::to_node(bob_)});
  open(7, to(carol_));
  accepted(1, bob_);
  accepted(2, bob_);
  take();
  up(100, bob_);
  EXPECT_EQ(take(), (Log{"100 is 60 of bob@example.org for 5", "100 also for 6"}));
  up(101, bob_);
  EXPECT_EQ(take(), Log{"101 is 60 of bob@example.org"}) << "that of the second AppAttach";
  up(102, bob_);
  EXPECT_EQ(take(), Log{"close 102: nobody here has asked for it"});
}

TEST_F(PeerConnectionsTest, WhoIsBehindAnOpaqueDestinationTheAnswerTells) {
  open(5, to_opaque());
  take();
  up(100, carol_);
  up(101, bob_);
  hear(101, "INVITE");
  hear(101, " sip:");
  EXPECT_EQ(take(), Log{}) << "they have to wait";
  accepted(1, bob_);
  EXPECT_EQ(take(), (Log{"close 100: nobody here has asked for it", "101 is 60 of bob@example.org for 5",
                         "101 says INVITE", "101 says  sip:"}));
  open(6, to_opaque());
  up(102, bob_);
  advance(k_unknown_time - Duration{1});
  EXPECT_EQ(take(), Log{"ask 2 for 5060"});
  advance(Duration{1});
  EXPECT_EQ(take(), Log{"close 102: nobody here has asked for it"});
  up(103, bob_);
  failed(2);
  EXPECT_EQ(take(), (Log{"6 failed: the AppAttach was answered with error 3",
                         "close 103: nobody here has asked for it"}));
}

TEST_F(PeerConnectionsTest, WhatDoesNotComeHasFailed) {
  open(5, to(bob_));
  open(6, to(carol_));
  accepted(1, bob_);
  take();
  EXPECT_EQ(*peers_.next_wake(), now_ + k_open_time);
  advance(k_open_time);
  EXPECT_EQ(take(), (Log{"5 failed: no connection has come", "drop 2", "6 failed: no connection has come"}));
  up(100, bob_);
  EXPECT_EQ(take(), Log{"close 100: nobody here has asked for it"}) << "too late";
  EXPECT_FALSE(peers_.next_wake());
}

TEST_F(PeerConnectionsTest, WhatRoutingKnowsOfAFailureIsTold) {
  open(5, to(bob_));
  take();
  peers_.on_event(
      now_,
      routing::AppAttachDone{
          1, 5060, routing::RequestFailure{ErrorCode::forbidden, copy_of(view_of("revoked")), true, {}}});
  EXPECT_EQ(take(), Log{"5 failed: revoked"});
}

TEST_F(PeerConnectionsTest, AsManyWishesAsThereIsRoomFor) {
  for (std::uint64_t i = 1; i <= k_max_opens; ++i) open(i, to(bob_));
  EXPECT_EQ(take().size(), k_max_opens);
  open(5000, to(bob_));
  EXPECT_EQ(take(), Log{"5000 failed: too many connections are being opened"});
  // One connection ends all of them; of those that may still come as many are remembered as there is room
  // for.
  up(100, bob_);
  take();
  open(1, to(bob_));
  take();
  for (const auto& table : peers_.tables()) EXPECT_LE(table.size, table.bound) << table.name;
}

TEST_F(PeerConnectionsTest, AsManyOfWhomNothingIsKnownAsThereIsRoomFor) {
  open(5, to_opaque());
  take();
  for (std::uint64_t i = 0; i < k_max_unknown; ++i) up(100 + i, carol_);
  EXPECT_EQ(take(), Log{});
  up(900, carol_);
  EXPECT_EQ(take(), Log{"close 900: nobody here has asked for it"});
  peers_.on_down(FlowId{100}, "reset");
  up(901, carol_);
  EXPECT_EQ(take(), Log{});
}

TEST_F(PeerConnectionsTest, AsManyConnectionsOfOneNodeAsItMayAskFor) {
  for (std::uint64_t i = 0; i < k_max_flows_per_node; ++i) {
    asked_by(bob_);
    peers_.connecting({5060, bob_, {}}, FlowId{100 + i});
    if (i % 2 == 0) up(100 + i, bob_, true);
  }
  take();
  asked_by(bob_);
  EXPECT_EQ(take(), Log{"ended 60"});
  asked_by(carol_);
  EXPECT_EQ(take(), Log{"connect to 70"});
  peers_.on_down(FlowId{101}, "refused");
  asked_by(bob_);
  EXPECT_EQ(take(), (Log{"ended 60", "connect to 60"}));
}

}  // namespace
}  // namespace ringway::sip::peers
