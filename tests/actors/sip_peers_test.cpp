// What the SIP actor wants of other peers: to routing, to the sockets, and back.
#include "actors/sip_peers.hpp"

#include <gtest/gtest.h>
#include <caf/typed_event_based_actor.hpp>

#include "tests/actors/actor_world.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::actors {
namespace {

using net::app_links::k_flows_from;
using ringway::test::node_id;
using sip::element::FlowId;
using sip::element::OpenId;

struct SipPeersTest : testing::Test, ActorWorld {
  SipPeersTest() {
    mailboxes->routing = system.spawn([this](RoutingActor::pointer) -> RoutingActor::behavior_type {
      return {[](StartAtom) {},
              [](LinkBatch&) {},
              [this](RoutingBatch& batch) {
                for (auto& input : batch.inputs) to_routing.push_back(std::move(input));
              },
              [](PingOrder&) {},
              [](DocumentOrder&) {},
              [](TickAtom, std::uint64_t) {},
              [](CreditsAtom) {},
              [](LeaveAtom) {},
              [](StatusAtom) { return RoutingReport{}; }};
    });
  }
  ~SipPeersTest() override { let_go(); }

  std::vector<sip::element::Input> settle() {
    auto out = peers.settle();
    run();
    return out;
  }
  std::vector<sip::element::Input> handle(SipPeerEvent event) {
    SipPeerBatch batch(std::move(event));
    peers.handle(batch);
    return settle();
  }

  std::vector<routing::Input> to_routing;
  std::shared_ptr<SetClock> clock = std::make_shared<SetClock>();
  std::shared_ptr<RecordingAppLinks> links = std::make_shared<RecordingAppLinks>();
  SipPeers peers{links, clock, mailboxes};
  const NodeId bob = node_id(0x60);
  const FlowId flow{k_flows_from + 7};
};

TEST_F(SipPeersTest, AWishGoesToRoutingAndComesBackAsAPeer) {
  // Shows: SIP-16.
  peers.open({OpenId{5}, {wire::to_node(bob)}, 5061});
  EXPECT_TRUE(settle().empty());
  ASSERT_EQ(to_routing.size(), 1U);
  const auto& ask = std::get<routing::SendAppAttach>(to_routing[0]);
  EXPECT_EQ(ask.application, 5061);
  EXPECT_EQ(ask.destination, wire::DestinationList{wire::to_node(bob)});
  EXPECT_TRUE(
      handle(routing::AppAttachDone{ask.token, 5061, routing::AppAttachAccepted{bob, {}, {}}}).empty());
  const auto inputs = handle(sip::peers::Arrived{flow, {bob}, {"bob@example.org"}});
  ASSERT_EQ(inputs.size(), 1U);
  const auto& up = std::get<sip::element::PeerUp>(inputs[0]);
  EXPECT_EQ(up.flow, flow);
  EXPECT_EQ(up.node, bob);
  EXPECT_EQ(up.opened, OpenId{5});
  EXPECT_EQ(up.users, std::vector<std::string>{"bob@example.org"});
  EXPECT_TRUE(is_of_peer(flow));
  peers.send(flow, copy_of(view_of("INVITE")));
  EXPECT_EQ(links->sent.at(0).second, "INVITE");
  EXPECT_EQ(handle(sip::element::Received{flow, SharedBytes(copy_of(view_of("200"))), 3}).size(), 1U);
  peers.credit(flow, 3);
  peers.hold(flow, true);
  peers.close(flow, "enough");
  EXPECT_EQ(links->credits, 3U);
  EXPECT_TRUE(links->held.at(k_flows_from + 7));
  EXPECT_EQ(links->closed, std::vector<std::uint64_t>{k_flows_from + 7});
  EXPECT_EQ(handle(sip::element::Drained{flow}).size(), 1U);
  EXPECT_EQ(handle(sip::element::FlowDown{flow, "closed"}).size(), 1U);
}

TEST_F(SipPeersTest, WhoHasAskedIsConnectedToAndRoutingHears) {
  // Shows: SIP-16.
  links->next_flow = k_flows_from + 7;
  EXPECT_TRUE(handle(routing::AppConnect{5060, bob, {{}}}).empty());
  EXPECT_EQ(links->connected, std::vector{bob});
  EXPECT_TRUE(to_routing.empty());
  EXPECT_EQ(handle(sip::peers::Arrived{flow, {bob}, {"bob@example.org"}, true}).size(), 1U);
  ASSERT_EQ(to_routing.size(), 1U);
  EXPECT_EQ(std::get<routing::AppConnectEnded>(to_routing[0]).node, bob);
  links->next_flow = 0;
  EXPECT_TRUE(handle(routing::AppConnect{5060, bob, {{}}}).empty());
  EXPECT_EQ(to_routing.size(), 2U) << "there was no room";
}

TEST_F(SipPeersTest, WhatDoesNotComeHasFailed) {
  peers.open({OpenId{5}, {wire::to_node(bob)}, 5060});
  settle();
  ASSERT_TRUE(peers.next_wake());
  clock->at.mono = *peers.next_wake();
  peers.tick();
  const auto inputs = settle();
  ASSERT_EQ(inputs.size(), 1U);
  EXPECT_EQ(std::get<sip::element::OpenFailed>(inputs[0]).open, OpenId{5});
}

TEST_F(SipPeersTest, StrangersAreClosed) {
  EXPECT_TRUE(handle(sip::peers::Arrived{flow, {bob}, {"bob@example.org"}}).empty());
  EXPECT_EQ(links->closed, std::vector<std::uint64_t>{k_flows_from + 7});
}

TEST_F(SipPeersTest, WithoutSocketsNobodyIsCalled) {
  SipPeers none(nullptr, clock, mailboxes);
  none.open({OpenId{5}, {wire::to_node(bob)}, 5060});
  const auto inputs = none.settle();
  ASSERT_EQ(inputs.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<sip::element::OpenFailed>(inputs[0]));
}

TEST_F(SipPeersTest, BothApplicationsAreServed) {
  // Shows: SIP-16.
  const auto batch = serve_sip({{wire::AddressType::ipv4, {192, 0, 2, 1}, 5071}});
  ASSERT_EQ(batch.inputs.size(), 2U);
  EXPECT_EQ(std::get<routing::ServeApplication>(batch.inputs[0]).application, 5060);
  EXPECT_EQ(std::get<routing::ServeApplication>(batch.inputs[1]).application, 5061);
}

}  // namespace
}  // namespace ringway::actors
