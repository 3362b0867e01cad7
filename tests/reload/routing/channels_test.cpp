// Channels: connections of applications, set up with AppAttach (RFC 6940 §6.5.2). Who may have one, how long
// it stays, and what never comes over it.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/reload/routing/lone_peer.hpp"

namespace ringway::routing::test {
namespace {

using namespace std::chrono_literals;
using ringway::test::node_id;
using wire::ErrorCode;
using wire::MessageCode;
using wire::to_node;
using Log = std::vector<std::string>;

constexpr auto k_watch = Application::watch;

// ---- one peer, and nodes that the test plays --------------------------------------------------------------

class Channels : public ::testing::Test {
 protected:
  explicit Channels(std::size_t max_channels = 256, std::size_t for_replication = 0)
      : peer_(with(max_channels, for_replication)) {}
  static LonePeer::Setup with(std::size_t max_channels, std::size_t for_replication) {
    LonePeer::Setup setup;
    setup.settings = [=](RoutingSettings& settings) {
      settings.max_channels = max_channels;
      settings.channels_for_replication = for_replication;
    };
    setup.configuration = [](config::Configuration& values) {
      values.configuration_signers = {node_id(0x11)};
      values.document = SharedBytes(copy_of(view_of("document number 7")));
    };
    return setup;
  }

  static wire::AppAttachBody body_of(std::string role, std::uint16_t application = 61442) {
    wire::IceCandidate candidate;
    candidate.address = {wire::AddressType::ipv4, {192, 0, 2, 9}, 6084};
    candidate.link = wire::OverlayLinkType::tls_tcp_fh_no_ice;
    candidate.type = wire::CandidateType::host;
    return {{}, {}, application, std::move(role), {candidate}};
  }
  // Their AppAttach; what it is answered.
  Sent asked_by(const Remote& node, const wire::AppAttachBody& body) {
    const auto sent = peer_.receive(node, peer_.header_to({to_node(peer_.id())}), MessageCode::app_attach_req,
                                    wire::encode(body));
    EXPECT_EQ(sent.size(), 1U);
    return sent.empty() ? Sent{} : sent.front();
  }
  // The channel that `node` has asked for is up.
  LinkId opened_by(const Remote& node, std::uint16_t application = 61442) {
    EXPECT_EQ(asked_by(node, body_of("passive", application)).code(), MessageCode::app_attach_ans);
    return connected_to(node, static_cast<Application>(application));
  }
  LinkId connected_to(const Remote& node, Application application = k_watch) {
    const LinkId link{next_link_++};
    if (peer_.opened.empty()) return link;
    peer_.input(LinkUp{link, peer_.opened.back().attempt, node.signer->certificate(), address_, application});
    return link;
  }
  // Our AppAttach to it.
  std::optional<Sent> ask(const Remote& node) {
    for (auto& one : peer_.input(OpenChannel{k_watch, node.id}))
      if (one.code() == MessageCode::app_attach_req) return one;
    return std::nullopt;
  }
  void answer(const Remote& node, const Sent& request, const wire::AppAttachBody& body) {
    auto header = peer_.header_to({to_node(peer_.id())});
    header.transaction_id = request.header().transaction_id;
    peer_.receive(node, header, MessageCode::app_attach_ans, wire::encode(body));
  }
  LinkId connected_by(const Remote& node, Application application = k_watch) {
    const LinkId link{next_link_++};
    peer_.input(LinkUp{link, 0, node.signer->certificate(), address_, application});
    return link;
  }
  LinkId open_to(const Remote& node) {
    const auto request = ask(node);
    if (request) answer(node, *request, body_of("active"));
    return connected_by(node);
  }
  void send(const Remote& to, std::string_view text) {
    peer_.input(SendOnChannel{k_watch, to.id, SharedBytes(copy_of(view_of(text)))});
  }
  void hear(LinkId link, std::string_view text) {
    peer_.input(LinkMessage{link, SharedBytes(copy_of(view_of(text)))});
  }
  bool is_closed(LinkId link) const {
    return std::any_of(peer_.closed.begin(), peer_.closed.end(),
                       [&](const CloseLink& one) { return one.link == link; });
  }
  static std::string on(LinkId link, std::string_view text) {
    return "on " + std::to_string(link.number) + ": " + std::string(text);
  }
  Log take() { return std::exchange(peer_.channels, {}); }

  LonePeer peer_;
  Remote other_ = peer_.neighbor(node_id(0x60));
  wire::IpAddressPort address_{wire::AddressType::ipv4, {192, 0, 2, 9}, 50001};
  std::uint64_t next_link_ = 900;
};

TEST_F(Channels, WhoAsksWaitsAsServerAndNamesTheApplication) {
  // Shows: ICE-18.
  const auto request = ask(other_);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->header().destination_list, wire::DestinationList{to_node(other_.id)});
  const auto body = wire::decode<wire::AppAttachBody>(request->message.contents.body);
  ASSERT_TRUE(body.ok());
  EXPECT_EQ(body->application, 61442);
  EXPECT_EQ(body->role, "passive");
  ASSERT_EQ(body->candidates.size(), 1U);
  answer(other_, *request, body_of("active"));
  EXPECT_TRUE(peer_.opened.empty());
  EXPECT_EQ(take(), Log{});
  const LinkId link = connected_by(other_);
  EXPECT_EQ(take(), Log{"up 60"});
  send(other_, "hello");
  hear(link, "hello yourself");
  EXPECT_EQ(take(), (Log{on(link, "hello"), "60 says hello yourself"}));
  EXPECT_EQ(peer_.status().channels, 1U);
  EXPECT_EQ(peer_.status().held_channels, 1U);
  EXPECT_EQ(peer_.status().channel_messages, 1U);
}

TEST_F(Channels, WhoIsAskedConnectsToTheNodeThatHasAsked) {
  // Shows: ICE-18.
  const Sent answered = asked_by(other_, body_of("passive"));
  ASSERT_EQ(answered.code(), MessageCode::app_attach_ans);
  const auto body = wire::decode<wire::AppAttachBody>(answered.message.contents.body);
  ASSERT_TRUE(body.ok());
  EXPECT_EQ(body->role, "active");
  EXPECT_EQ(body->application, 61442);
  ASSERT_EQ(peer_.opened.size(), 1U);
  EXPECT_EQ(peer_.opened[0].application, k_watch);
  EXPECT_EQ(peer_.opened[0].expected, other_.id);
  EXPECT_EQ(asked_by(other_, body_of("passive")).error(), ErrorCode::in_progress);
  connected_to(other_);
  EXPECT_EQ(take(), Log{"up 60"});
  EXPECT_EQ(peer_.status().held_channels, 0U);
}

TEST_F(Channels, AnApplicationThatIsNotHereIsNotFound) {
  // Shows: ICE-18.
  for (const std::uint16_t application : std::initializer_list<std::uint16_t>{5060, 61440, 61443, 0})
    EXPECT_EQ(asked_by(other_, body_of("passive", application)).error(), ErrorCode::not_found) << application;
  EXPECT_EQ(asked_by(other_, body_of("active")).error(), ErrorCode::invalid_message);
  auto with_ice = body_of("passive");
  with_ice.candidates[0].link = wire::OverlayLinkType::dtls_udp_sr;
  EXPECT_EQ(asked_by(other_, with_ice).error(), ErrorCode::invalid_message);
  auto nowhere = body_of("passive");
  nowhere.candidates.clear();
  EXPECT_EQ(asked_by(other_, nowhere).error(), ErrorCode::not_found);
  EXPECT_TRUE(peer_.opened.empty());
}

TEST_F(Channels, NobodyComesInWhoWasNotAsked) {
  // Shows: FM-44.
  const Remote stranger = peer_.neighbor(node_id(0x70));
  EXPECT_TRUE(is_closed(connected_by(stranger))) << "nobody was asked at all";
  ASSERT_TRUE(ask(other_));
  EXPECT_TRUE(is_closed(connected_by(stranger))) << "another node was asked";
  EXPECT_TRUE(is_closed(connected_by(other_, Application::replication))) << "another application";
  EXPECT_EQ(take(), Log{});
  EXPECT_EQ(peer_.status().refused_channels, 3U);
  EXPECT_FALSE(is_closed(connected_by(other_)));
  EXPECT_TRUE(is_closed(connected_by(other_))) << "once for each AppAttach";
  // The other way round: we connect, and an impostor is there.
  opened_by(stranger, 61441);
  EXPECT_EQ(asked_by(other_, body_of("passive")).code(), MessageCode::app_attach_ans);
  EXPECT_TRUE(is_closed(connected_to(stranger)));
}

TEST_F(Channels, NothingOfReloadIsReadFromAChannel) {
  // Shows: FM-44.
  const LinkId link = opened_by(other_);
  take();
  Remote over_channel = other_;
  over_channel.link = link;
  EXPECT_TRUE(peer_.ping(over_channel, peer_.header_to({to_node(peer_.id())})).empty());
  ASSERT_EQ(take().size(), 1U) << "it is the application's";
  EXPECT_FALSE(peer_.ping(other_, peer_.header_to({to_node(peer_.id())})).empty());
  EXPECT_EQ(take(), Log{}) << "and what comes over a RELOAD link is not";
}

TEST_F(Channels, AnAnswerOfNoUseEndsIt) {
  const std::vector<wire::AppAttachBody> useless{body_of("passive"), body_of("active", 61441)};
  for (const auto& body : useless) {
    const auto request = ask(other_);
    ASSERT_TRUE(request);
    answer(other_, *request, body);
    EXPECT_EQ(take(), Log{"down 60: its answer to the AppAttach is of no use"});
  }
  const auto request = ask(other_);
  ASSERT_TRUE(request);
  answer(other_, *request, body_of("active"));
  peer_.advance(11s);
  EXPECT_EQ(take(), Log{"down 60: no connection has come"});
  EXPECT_TRUE(is_closed(connected_by(other_))) << "too late";
  ASSERT_TRUE(ask(other_));
  peer_.advance(20s);  // nobody answers
  EXPECT_EQ(take(), Log{"down 60: the node cannot be reached, or does not want it"});
  EXPECT_EQ(peer_.status().failed_channels, 4U);
}

TEST_F(Channels, OneThatStandsIsUsed) {
  opened_by(other_);
  take();
  EXPECT_FALSE(ask(other_)) << "no second AppAttach";
  EXPECT_EQ(take(), Log{"up 60"});
  EXPECT_EQ(peer_.status().held_channels, 1U);
}

TEST_F(Channels, OpensThatCrossMakeTwoConnectionsAndOneChannel) {
  const auto request = ask(other_);
  ASSERT_TRUE(request);
  const LinkId ours = opened_by(other_);
  EXPECT_EQ(take(), Log{"up 60"});
  answer(other_, *request, body_of("active"));
  const LinkId theirs = connected_by(other_);
  EXPECT_FALSE(is_closed(ours) || is_closed(theirs));
  EXPECT_EQ(take(), Log{}) << "up once";
  send(other_, "one");
  hear(theirs, "two");
  hear(ours, "three");
  send(other_, "four");
  EXPECT_EQ(take(), (Log{on(ours, "one"), "60 says two", "60 says three", on(ours, "four")}));
  peer_.input(LinkDown{ours, 0, "reset"});
  EXPECT_EQ(take(), Log{}) << "one is left";
  send(other_, "five");
  EXPECT_EQ(take(), Log{on(theirs, "five")});
  peer_.input(LinkDown{theirs, 0, "reset"});
  EXPECT_EQ(take(), Log{"down 60: reset"});
}

TEST_F(Channels, AnOpenThatFailsAfterTheOtherEndsHasWorkedIsNoLoss) {
  ASSERT_TRUE(ask(other_));
  opened_by(other_);
  peer_.advance(20s);
  EXPECT_EQ(take(), Log{"up 60"});
}

TEST_F(Channels, WhoAsksAgainLaterHasLostTheOldConnection) {
  const LinkId old = opened_by(other_);
  peer_.advance(26s);
  const LinkId fresh = opened_by(other_);
  EXPECT_TRUE(is_closed(old));
  take();
  send(other_, "hello");
  EXPECT_EQ(take(), Log{on(fresh, "hello")});
}

TEST_F(Channels, NoMoreThanTwoConnectionsToAChannel) {
  const LinkId first = opened_by(other_);
  const LinkId second = opened_by(other_);
  const LinkId third = opened_by(other_);
  EXPECT_FALSE(is_closed(first)) << "messages are sent on it";
  EXPECT_TRUE(is_closed(second));
  EXPECT_FALSE(is_closed(third));
}

TEST_F(Channels, WhatNobodyUsesIsClosedAfterFiveMinutes) {
  const LinkId link = opened_by(other_);
  take();
  peer_.advance(299s);
  hear(link, "still there");
  peer_.advance(299s);
  EXPECT_EQ(take(), Log{"60 says still there"}) << "nothing is sent over it either";
  peer_.advance(2s);
  EXPECT_EQ(take(), Log{"down 60: idle"});
  EXPECT_TRUE(is_closed(link));
}

TEST_F(Channels, OneThatIsHeldIsKeptAlive) {
  // Shows: ICE-19.
  const LinkId link = open_to(other_);
  take();
  peer_.advance(601s);
  EXPECT_EQ(take(), Log(24, on(link, "")));
  hear(link, "");  // as the other end does it
  EXPECT_EQ(take(), Log{}) << "no message";
  EXPECT_FALSE(is_closed(link));
  peer_.input(CloseChannel{k_watch, other_.id});
  peer_.advance(299s);
  EXPECT_FALSE(is_closed(link)) << "the other end may want it";
  peer_.advance(2s);
  EXPECT_TRUE(is_closed(link));
  EXPECT_EQ(take(), Log{}) << "nobody here is interested any more";
}

TEST_F(Channels, AnOpenThatNobodyWaitsForIsTakenBack) {
  const auto request = ask(other_);
  ASSERT_TRUE(request);
  peer_.input(CloseChannel{k_watch, other_.id});
  answer(other_, *request, body_of("active"));
  EXPECT_TRUE(is_closed(connected_by(other_)));
  peer_.advance(60s);
  EXPECT_EQ(take(), Log{});
}

TEST_F(Channels, AConnectionThatIsNotAcknowledgedIsPassedOverAndThenGivenUp) {
  // Shows: ICE-19.
  const LinkId first = opened_by(other_);
  const LinkId second = opened_by(other_);
  take();
  peer_.input(LinkSuspected{first, true});
  send(other_, "one");
  peer_.input(LinkSuspected{first, false});
  send(other_, "two");
  EXPECT_EQ(take(), (Log{on(second, "one"), on(second, "two")}));
  peer_.input(LinkSuspected{first, true});
  peer_.input(LinkSuspected{second, true});
  peer_.advance(4s);
  EXPECT_EQ(take(), Log{});
  peer_.advance(2s);
  EXPECT_EQ(take(), Log{"down 60: no acknowledgements"});
  EXPECT_TRUE(is_closed(first) && is_closed(second));
}

TEST_F(Channels, StaysWhenTheTwoLoseEachOtherAsNeighbours) {
  const LinkId link = opened_by(other_);
  take();
  peer_.input(LinkDown{other_.link, 0, "reset"});
  peer_.advance(10s);
  send(other_, "hello");
  EXPECT_EQ(take(), Log{on(link, "hello")});
}

TEST_F(Channels, ARevokedNodeLosesItsChannelsAtOnce) {
  // Shows: SEC-21, FM-27.
  const Remote bad = peer_.neighbor(node_id(0x70));
  const LinkId link = opened_by(bad);
  opened_by(other_);
  const Remote asked = peer_.neighbor(node_id(0x71));
  ASSERT_TRUE(ask(asked));
  take();
  const auto signer = peer_.authority().issue("signer@example.org", node_id(0x11));
  config::Configuration next = peer_.configuration();
  next.sequence = 8;
  next.bad_nodes = {bad.id, asked.id};
  const auto written = config::write_document(next, *signer, *signer);
  ASSERT_TRUE(written.ok());
  peer_.offer_document(*written);
  EXPECT_EQ(take(), (Log{"down 70: revoked (bad-node)", "down 71: revoked (bad-node)"}));
  EXPECT_TRUE(is_closed(link));
  EXPECT_TRUE(is_closed(connected_by(asked))) << "its handshake was over before";
  EXPECT_FALSE(ask(bad));
  EXPECT_EQ(take(), Log{"down 70: revoked (bad-node)"});
  EXPECT_EQ(peer_.status().channels, 1U);
}

TEST_F(Channels, NobodyOpensOneToItself) {
  peer_.input(OpenChannel{k_watch, peer_.id()});
  EXPECT_EQ(take(), Log{"down 40: a channel to oneself"});
}

// ---- bounds

class FewChannels : public Channels {
 protected:
  FewChannels() : Channels(3) {}
};

TEST_F(FewChannels, TheMostSilentThatNobodyHoldsMakesRoom) {
  const Remote held = peer_.neighbor(node_id(0x70)), silent = peer_.neighbor(node_id(0x71)),
               newcomer = peer_.neighbor(node_id(0x72));
  open_to(held);
  peer_.advance(1s);
  const LinkId first = opened_by(other_);
  peer_.advance(1s);
  opened_by(silent);
  peer_.advance(1s);
  hear(first, "still there");
  take();
  opened_by(newcomer);
  EXPECT_EQ(take(), (Log{"down 71: makes room for another channel", "up 72"}));
}

TEST_F(FewChannels, ThereAreNoMoreThanTheBound) {
  const Remote a = peer_.neighbor(node_id(0x70)), b = peer_.neighbor(node_id(0x71)),
               newcomer = peer_.neighbor(node_id(0x72));
  open_to(a);
  open_to(b);
  ASSERT_TRUE(ask(other_));
  take();
  EXPECT_EQ(asked_by(newcomer, body_of("passive")).error(), ErrorCode::not_found);
  EXPECT_EQ(peer_.status().refused_channels, 1U);
  EXPECT_FALSE(ask(newcomer));
  EXPECT_EQ(take(), Log{"down 72: too many channels"});
  EXPECT_EQ(peer_.status().channels, 2U);
}

TEST_F(FewChannels, OneMakesRoomOnlyForAConnectionThatIsThere) {
  const Remote a = peer_.neighbor(node_id(0x70)), b = peer_.neighbor(node_id(0x71)),
               newcomer = peer_.neighbor(node_id(0x72));
  for (const Remote& one : {a, b, other_}) opened_by(one);
  take();
  EXPECT_EQ(asked_by(newcomer, body_of("passive")).code(), MessageCode::app_attach_ans);
  EXPECT_EQ(take(), Log{}) << "nobody has connected";
  connected_to(newcomer);
  EXPECT_EQ(take(), (Log{"down 60: makes room for another channel", "up 72"}));
  EXPECT_EQ(peer_.status().channels, 3U);
}

class ReservedChannels : public Channels {
 protected:
  ReservedChannels() : Channels(3, 1) {}
};

TEST_F(ReservedChannels, WatchersDoNotShutReplicationOut) {
  const Remote a = peer_.neighbor(node_id(0x70)), b = peer_.neighbor(node_id(0x71)),
               c = peer_.neighbor(node_id(0x72));
  open_to(a);
  open_to(b);
  take();
  EXPECT_FALSE(ask(c));
  EXPECT_EQ(take(), Log{"down 72: too many channels"});
  EXPECT_EQ(asked_by(c, body_of("passive")).error(), ErrorCode::not_found);
  opened_by(other_, 61441);
  EXPECT_EQ(take(), Log{"up 60"});
  EXPECT_EQ(peer_.status().channels, 3U);
}

TEST_F(Channels, SoManyAreOpenedAtOnceAndNoMore) {
  for (std::uint8_t node = 0x80; node < 0x80 + 64; ++node) peer_.input(OpenChannel{k_watch, node_id(node)});
  EXPECT_EQ(take(), Log{});
  peer_.input(OpenChannel{k_watch, node_id(0xF0)});
  EXPECT_EQ(take(), Log{"down f0: too many channels are being opened"});
}

// ---- several peers ----------------------------------------------------------------------------------------

TEST(ChannelsOfPeers, BothEndsMayAskAtOnce) {
  // Shows: ICE-18.
  RoutingNet net;
  for (const auto& node : {node_id(0x10), node_id(0x50), node_id(0x90)}) net.add(node);
  ASSERT_TRUE(net.run_until([&] { return net.one_ring(); }, 60s));
  net.input(0, OpenChannel{k_watch, node_id(0x50)});
  net.input(1, OpenChannel{k_watch, node_id(0x10)});
  net.run(1s);
  EXPECT_EQ(net.at(0).channels, Log{"up 50"});
  EXPECT_EQ(net.at(1).channels, Log{"up 10"});
  for (const char* text : {"one", "two", "three"}) {
    net.input(0, SendOnChannel{k_watch, node_id(0x50), SharedBytes(copy_of(view_of(text)))});
    net.input(1, SendOnChannel{k_watch, node_id(0x10), SharedBytes(copy_of(view_of(text)))});
  }
  net.run(3600s);  // both hold it
  EXPECT_EQ(net.at(0).channels, (Log{"up 50", "50 says one", "50 says two", "50 says three"}));
  EXPECT_EQ(net.at(1).channels, (Log{"up 10", "10 says one", "10 says two", "10 says three"}));
  EXPECT_EQ(net.at(2).channels, Log{});
  net.kill(1);
  net.run(1s);
  EXPECT_EQ(net.at(0).channels.back(), "down 50: reset");
}

TEST(ChannelsOfPeers, OneEndHoldsItForBoth) {
  // Shows: ICE-19.
  RoutingNet net;
  for (const auto& node : {node_id(0x10), node_id(0x50), node_id(0x90)}) net.add(node);
  ASSERT_TRUE(net.run_until([&] { return net.one_ring(); }, 60s));
  net.input(0, OpenChannel{k_watch, node_id(0x50)});
  net.run(3600s);
  EXPECT_EQ(net.at(1).channels, Log{"up 10"});
  net.input(0, CloseChannel{k_watch, node_id(0x50)});
  net.run(330s);
  EXPECT_EQ(net.at(0).channels, Log{"up 50"});
  EXPECT_EQ(net.at(1).channels.size(), 2U) << "the end that still wanted to know is told";
}

}  // namespace
}  // namespace ringway::routing::test
