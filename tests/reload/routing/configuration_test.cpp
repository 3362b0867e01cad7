// Configuration sequences and ConfigUpdate between peers (RFC 6940 §6.3.2.1, §6.5.4).
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "reload/wire/fragment.hpp"
#include "tests/reload/routing/lone_peer.hpp"

namespace ringway::routing::test {
namespace {

using ringway::test::node_id;
using wire::ErrorCode;
using wire::MessageCode;

constexpr std::uint8_t k_signer_byte = 0x11;

// A peer with document number 7, signed by somebody whom the next one must be signed by too.
class Configurations : public ::testing::Test {
 protected:
  Configurations() {
    LonePeer::Setup setup;
    setup.configuration = [](config::Configuration& values) {
      values.configuration_signers = {node_id(k_signer_byte)};
      values.document = SharedBytes(copy_of(view_of("document number 7")));
    };
    peer_.emplace(setup);
    signer_ = peer_->authority().issue("signer@example.org", node_id(k_signer_byte));
    neighbor_ = peer_->neighbor(node_id(0x80));
  }

  SentList ping(std::uint16_t sequence) {
    auto header = peer_->header_to({wire::to_node(peer_->id())});
    header.configuration_sequence = sequence;
    return peer_->ping(neighbor_, header);
  }
  using Change = std::function<void(config::Configuration&)>;
  Bytes document(std::uint16_t sequence, const Change& change = {}) const {
    config::Configuration next = peer_->configuration();
    next.sequence = sequence;
    if (change) change(next);
    auto written = config::write_document(next, *signer_, *signer_);
    EXPECT_TRUE(written.ok()) << written.error().reason;
    return written ? std::move(written).value() : Bytes{};
  }
  SentList update(std::uint16_t header_sequence, const Bytes& document) {
    auto header = peer_->header_to({wire::to_node(peer_->id())});
    header.configuration_sequence = header_sequence;
    wire::ConfigUpdateReq body;
    body.type = wire::ConfigUpdateType::config;
    body.configuration = document;
    return peer_->receive(neighbor_, header, MessageCode::config_update_req, wire::encode(body));
  }

  // The next document, accepted.
  void reconfigure(const Change& change) {
    const auto next = static_cast<std::uint16_t>(peer_->configuration().sequence + 1);
    const auto sent = update(65535, document(next, change));
    ASSERT_FALSE(sent.empty());  // the others get it next
    ASSERT_EQ(sent[0].code(), MessageCode::config_update_ans);
  }
  static std::size_t count(const SentList& sent, MessageCode code) {
    return static_cast<std::size_t>(
        std::count_if(sent.begin(), sent.end(), [&](const Sent& one) { return one.code() == code; }));
  }

  std::optional<LonePeer> peer_;
  ringway::test::SignerPtr signer_;
  Remote neighbor_;
};

TEST_F(Configurations, TheSameSequenceIsServed) {
  // Shows: CONFIG-24.
  const auto sent = ping(LonePeer::k_sequence);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].code(), MessageCode::ping_ans);
  EXPECT_EQ(sent[0].header().configuration_sequence, LonePeer::k_sequence);
}

TEST_F(Configurations, WhoIsTooOldIsToldAndGetsTheDocument) {
  // Shows: CONFIG-24, CONFIG-25, AMB-60.
  const auto sent = ping(LonePeer::k_sequence - 1);
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0].error(), ErrorCode::config_too_old);
  EXPECT_EQ(sent[1].code(), MessageCode::config_update_req);
  EXPECT_EQ(sent[1].link, neighbor_.link);
  EXPECT_EQ(sent[1].header().destination_list, wire::DestinationList{wire::to_node(neighbor_.id)});
  EXPECT_EQ(sent[1].header().configuration_sequence, 65535);
  const auto body = wire::decode<wire::ConfigUpdateReq>(sent[1].message.contents.body);
  ASSERT_TRUE(body.ok());
  EXPECT_EQ(body->type, wire::ConfigUpdateType::config);
  EXPECT_EQ(text_of(body->configuration), "document number 7");
}

TEST_F(Configurations, TheDocumentIsOnItsWayToANodeOnce) {
  // Shows: CONFIG-25.
  const auto first = ping(LonePeer::k_sequence - 1);
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(ping(LonePeer::k_sequence - 1).size(), 1U);  // else who never answers would fill our transactions
  auto header = peer_->header_to({wire::to_node(peer_->id())});
  header.transaction_id = first[1].header().transaction_id;
  peer_->receive(neighbor_, header, MessageCode::config_update_ans, {});
  EXPECT_EQ(ping(LonePeer::k_sequence - 1).size(), 2U);
}

// A small request makes a large answer, and the way in it is not signed.
TEST_F(Configurations, FewDocumentsAreOnTheirWayAtOnce) {
  // Shows: CONFIG-25, FM-04.
  LonePeer::Setup setup;
  setup.settings = [](RoutingSettings& settings) { settings.max_pushes = 2; };
  LonePeer peer(setup);
  const Remote attacker = peer.neighbor(node_id(0x80));
  const auto pushes_after_one_of = [&](std::uint8_t first_byte) {
    Remote author = attacker;
    author.signer = peer.authority().issue("played-back@example.org", node_id(first_byte));
    auto header = peer.header_to({wire::to_node(peer.id())});
    header.via_list = {wire::to_node(node_id(0x90))};  // towards the victim
    header.configuration_sequence = LonePeer::k_sequence - 1;
    const auto sent = peer.receive(
        attacker, LonePeer::message(author, header, MessageCode::ping_req, wire::encode(wire::PingReq{})));
    return count(sent, MessageCode::config_update_req);
  };
  EXPECT_EQ(pushes_after_one_of(0x91), 1U);
  EXPECT_EQ(pushes_after_one_of(0x92), 1U);
  EXPECT_EQ(pushes_after_one_of(0x93), 0U);
  peer.advance(Duration{30'000});  // both given up
  EXPECT_EQ(pushes_after_one_of(0x93), 1U);
}

TEST_F(Configurations, WhoIsTooNewIsTold) {
  // Shows: CONFIG-24, CONFIG-27.
  for (const std::uint16_t sequence : {std::uint16_t{8}, std::uint16_t{9}, std::uint16_t{1000}}) {
    const auto sent = ping(sequence);
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].error(), ErrorCode::config_too_new);
  }
}

TEST_F(Configurations, OnlyTheDestinationCompares) {
  // Shows: CONFIG-24.
  auto header = peer_->header_to({wire::to_node(neighbor_.id)});
  header.configuration_sequence = 6;
  const auto sent = peer_->ping(peer_->connect(node_id(0x90)), header);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].link, neighbor_.link);
  EXPECT_EQ(sent[0].header().configuration_sequence, 6);
}

TEST_F(Configurations, AnUpdateWithTheSpecialSequenceIsTakenByAnyone) {
  // Shows: CONFIG-28, CONFIG-29, CONFIG-36.
  const auto sent = update(65535, document(8));
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].code(), MessageCode::config_update_ans);
  EXPECT_TRUE(sent[0].message.contents.body.empty());
  EXPECT_EQ(peer_->configuration().sequence, 8);
  ASSERT_EQ(peer_->configurations.size(), 1U);
  EXPECT_EQ(ping(8)[0].code(), MessageCode::ping_ans);
}

// A Ping of so many bytes in fragments, each well below any maximum.
TEST_F(Configurations, ANewMaximumHoldsForWhatIsJoinedFromFragments) {
  const auto large_ping = [&] {
    auto header = peer_->header_to({wire::to_node(peer_->id())});
    header.configuration_sequence = peer_->configuration().sequence;
    const Bytes whole = LonePeer::message(neighbor_, header, MessageCode::ping_req,
                                          wire::encode(wire::PingReq{Bytes(10'000, 0)}));
    const auto parsed = wire::parse_header(SharedBytes(whole));
    EXPECT_TRUE(parsed.ok());
    SentList answers;
    for (const SharedBytes& part :
         wire::fragment(parsed->header, SharedBytes(whole).from(parsed->size_bytes), 4000))
      for (auto& sent : peer_->receive(neighbor_, copy_of(part))) answers.push_back(std::move(sent));
    return answers;
  };
  EXPECT_EQ(count(large_ping(), MessageCode::ping_ans), 0U);
  reconfigure([](auto& next) { next.max_message_size_bytes = 20'000; });
  EXPECT_EQ(count(large_ping(), MessageCode::ping_ans), 1U);
  reconfigure([](auto& next) { next.max_message_size_bytes = 8'000; });
  EXPECT_EQ(count(large_ping(), MessageCode::ping_ans), 0U);
}

TEST_F(Configurations, UpdatesFollowTheNewInterval) {
  // Shows: TOPO-31.
  peer_->advance(Duration{60'000});  // what was on its way has ended
  EXPECT_EQ(count(peer_->advance(Duration{100'000}), MessageCode::update_req), 0U);
  reconfigure([](auto& next) { next.chord_update_interval = std::chrono::seconds{20}; });
  EXPECT_GE(count(peer_->advance(Duration{25'000}), MessageCode::update_req), 1U);
}

TEST_F(Configurations, FingersAreLookedForByTheNewInterval) {
  // Neighbours on both sides, and between the last of them and 0x80 entries for which nobody is known.
  for (const int first : {0x3D, 0x3E, 0x3F, 0x41, 0x42, 0x43, 0x44})
    peer_->neighbor(node_id(static_cast<std::uint8_t>(first)));
  peer_->advance(Duration{60'000});
  const auto pings = [&] { return count(peer_->advance(Duration{300'000}), MessageCode::ping_req); };
  EXPECT_EQ(pings(), 0U);
  reconfigure([](auto& next) { next.chord_ping_interval = std::chrono::seconds{20}; });
  EXPECT_GE(pings(), 1U);
}

TEST_F(Configurations, TheNewDocumentsBootstrapNodesAreAsked) {
  // The check for partitions goes through a bootstrap node: the given one is out of reach, and stays listed.
  const auto asked = [&] {
    std::set<std::uint16_t> ports;
    peer_->opened.clear();
    peer_->advance(Duration{200'000});
    for (const auto& open : peer_->opened) ports.insert(open.addresses.at(0).port);
    return ports;
  };
  const auto lists = [](std::uint16_t port) {
    return [port](auto& next) {
      next.bootstrap_nodes = {{"192.0.2.1", port}};
      next.chord_update_interval = std::chrono::seconds{5};
    };
  };
  EXPECT_EQ(asked(), std::set<std::uint16_t>{});
  reconfigure(lists(7001));
  EXPECT_EQ(asked(), std::set<std::uint16_t>{7001});
  reconfigure(lists(7002));
  EXPECT_EQ(asked(), std::set<std::uint16_t>{7002});
}

TEST_F(Configurations, TheDocumentIsHandedOnToAllButWhoBroughtIt) {
  // Shows: CONFIG-33.
  const Remote other = peer_->neighbor(node_id(0x90));
  const Bytes next = document(8);
  const auto sent = update(65535, next);
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[1].code(), MessageCode::config_update_req);
  EXPECT_EQ(sent[1].link, other.link);
  const auto body = wire::decode<wire::ConfigUpdateReq>(sent[1].message.contents.body);
  ASSERT_TRUE(body.ok());
  EXPECT_EQ(body->configuration, next);
  // A newer one follows when the answer to this one is here.
  EXPECT_EQ(update(65535, document(9)).size(), 1U);
  auto header = peer_->header_to({wire::to_node(peer_->id())});
  header.transaction_id = sent[1].header().transaction_id;
  const auto again = peer_->receive(other, header, MessageCode::config_update_ans, {});
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].code(), MessageCode::config_update_req);
  EXPECT_EQ(again[0].link, other.link);
}

TEST_F(Configurations, AFetchedDocumentGoesToAllNeighbours) {
  // Shows: CONFIG-29, CONFIG-33.
  peer_->neighbor(node_id(0x90));
  const auto sent = peer_->offer_document(document(8));
  EXPECT_EQ(peer_->offer.verdict, DocumentOffer::Verdict::taken) << peer_->offer.reason;
  EXPECT_EQ(peer_->configuration().sequence, 8);
  EXPECT_EQ(count(sent, MessageCode::config_update_req), 2U);
  EXPECT_EQ(sent.size(), 2U);
}

TEST_F(Configurations, AFetchedDocumentIsCheckedAsOneOfAPeer) {
  // Shows: CONFIG-22, CONFIG-29.
  const auto refused = [&](const Bytes& bytes) {
    EXPECT_TRUE(peer_->offer_document(bytes).empty());
    EXPECT_EQ(peer_->configuration().sequence, LonePeer::k_sequence);
    return peer_->offer.verdict;
  };
  using Verdict = DocumentOffer::Verdict;
  EXPECT_EQ(refused(document(LonePeer::k_sequence)), Verdict::not_newer);
  EXPECT_EQ(refused(document(6)), Verdict::not_newer);
  EXPECT_EQ(refused(copy_of(view_of("no document"))), Verdict::refused);
  signer_ = peer_->authority().issue("stranger@example.org", node_id(0x12));
  EXPECT_EQ(refused(document(8)), Verdict::refused);
  EXPECT_NE(peer_->offer.reason, "");
}

TEST_F(Configurations, AFetchedDocumentThatRevokesThisPeerMakesItGo) {
  // Shows: CONFIG-31.
  peer_->offer_document(document(8, [&](config::Configuration& next) { next.bad_nodes = {peer_->id()}; }));
  EXPECT_EQ(peer_->offer.verdict, DocumentOffer::Verdict::taken);
  peer_->advance(std::chrono::seconds{30});
  EXPECT_EQ(peer_->exits.size(), 1U);
}

TEST_F(Configurations, WhoBringsAnOlderDocumentGetsOurs) {
  // Shows: CONFIG-29.
  const auto sent = update(65535, document(6));
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0].error(), ErrorCode::config_too_old);
  EXPECT_EQ(sent[1].code(), MessageCode::config_update_req);
}

TEST_F(Configurations, ARevokedNodeIsToldWhyAsTheLastThing) {
  // Shows: CONFIG-33, FM-27.
  const Remote bad = peer_->neighbor(node_id(0x20));
  peer_->closed.clear();
  const Bytes next = document(8, [](auto& values) { values.bad_nodes = {node_id(0x20)}; });
  const auto sent = update(65535, next);
  const auto told =
      std::find_if(sent.begin(), sent.end(), [&](const Sent& one) { return one.link == bad.link; });
  ASSERT_NE(told, sent.end());
  EXPECT_EQ(told->header().configuration_sequence, 65535);
  EXPECT_EQ(told->header().destination_list, wire::DestinationList{wire::to_node(bad.id)});
  const auto body = wire::decode<wire::ConfigUpdateReq>(told->message.contents.body);
  ASSERT_TRUE(body.ok());
  EXPECT_EQ(body->configuration, next);
  ASSERT_EQ(peer_->closed.size(), 1U);
  EXPECT_EQ(peer_->closed[0].reason, bad.id.hex() + " is shut out by configuration 8");
  EXPECT_TRUE(peer_->closed[0].notable);
  for (const Sent& one : peer_->advance(Duration{30'000})) EXPECT_NE(one.link, bad.link) << "once";
}

TEST_F(Configurations, ARevokedNodeIsToldNoSecret) {
  // Shows: SEC-37, FM-27.
  const Remote bad = peer_->neighbor(node_id(0x20));
  peer_->closed.clear();
  const auto sent = update(65535, document(8, [](auto& values) {
                             values.bad_nodes = {node_id(0x20)};
                             values.shared_secret = "9f3c1be07a5d4826c0e17b94d35f8a62";
                           }));
  for (const Sent& one : sent) EXPECT_NE(one.link, bad.link);
  ASSERT_EQ(peer_->closed.size(), 1U);
  EXPECT_EQ(peer_->closed[0].link, bad.link);
}

TEST_F(Configurations, ARevokedNodeLosesItsLinksAtOnceAndGetsNoOther) {
  // Shows: SEC-21, FM-27.
  const Remote bad = peer_->neighbor(node_id(0x20));
  const auto says_something = [&](const Remote& node) {
    auto header = peer_->header_to({wire::to_node(peer_->id())});
    header.configuration_sequence = peer_->configuration().sequence;
    return !peer_->ping(node, header).empty();
  };
  ASSERT_TRUE(says_something(bad));
  peer_->closed.clear();
  reconfigure([](auto& next) { next.bad_nodes = {node_id(0x20)}; });
  ASSERT_EQ(peer_->closed.size(), 1U);
  EXPECT_EQ(peer_->closed[0].link, bad.link);
  for (const auto& link : peer_->status().links) EXPECT_NE(link.node, bad.id);
  EXPECT_FALSE(says_something(bad));
  // Another link, whose handshake was over before; and a message of it that comes by way of somebody else.
  const Remote again = peer_->connect(node_id(0x20));
  ASSERT_EQ(peer_->closed.size(), 2U);
  EXPECT_EQ(peer_->closed[1].link, again.link);
  auto header = peer_->header_to({wire::to_node(peer_->id())});
  header.via_list = {wire::to_node(bad.id)};
  header.configuration_sequence = peer_->configuration().sequence;
  const auto before = peer_->status().refused_revoked;
  EXPECT_TRUE(peer_
                  ->receive(neighbor_, LonePeer::message(bad, header, MessageCode::ping_req,
                                                         wire::encode(wire::PingReq{})))
                  .empty());
  EXPECT_EQ(peer_->status().refused_revoked, before + 1);
  EXPECT_TRUE(says_something(neighbor_));
}

TEST_F(Configurations, ANodeIsCutOffByAnyNodeIdOfItsCertificate) {
  // Shows: SEC-21.
  ringway::test::IssueOptions options;
  options.more_nodes = {node_id(0x60), node_id(0x70)};
  const auto signer = peer_->authority().issue("several@example.org", node_id(0x50), options);
  const LinkId link{900};
  peer_->input(LinkUp{link, 0, signer->certificate(), {}});
  peer_->closed.clear();
  reconfigure([](auto& next) { next.bad_nodes = {node_id(0x70)}; });
  ASSERT_EQ(peer_->closed.size(), 1U);
  EXPECT_EQ(peer_->closed[0].link, link);
  for (const auto& other : peer_->status().links) EXPECT_NE(other.link, link);
}

TEST_F(Configurations, NobodyAttachesToARevokedNodeOfWhichOthersTell) {
  // Shows: SEC-21, FM-27.
  reconfigure([](auto& next) { next.bad_nodes = {node_id(0x41)}; });
  const auto attaches_after_hearing_of = [&](std::uint8_t first_byte) {
    wire::ChordUpdate update;
    update.type = wire::ChordUpdateType::neighbors;
    update.uptime_s = 10;
    update.predecessors = {peer_->id()};
    update.successors = {node_id(first_byte)};
    auto header = peer_->header_to({wire::to_node(peer_->id())});
    header.configuration_sequence = peer_->configuration().sequence;
    return count(peer_->receive(neighbor_, header, MessageCode::update_req, wire::encode(update)),
                 MessageCode::attach_req);
  };
  EXPECT_EQ(attaches_after_hearing_of(0x41), 0U);
  EXPECT_EQ(attaches_after_hearing_of(0x42), 1U);
}

TEST_F(Configurations, OnlyUpdatesMayUseIt) {
  // Shows: CONFIG-28.
  const auto sent = ping(65535);
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(sent[0].code(), MessageCode::error);
}

TEST_F(Configurations, AnUpdateThatIsNotNewerChangesNothing) {
  // Shows: CONFIG-28, CONFIG-29, FM-28.
  EXPECT_EQ(update(65535, document(LonePeer::k_sequence))[0].error(), ErrorCode::config_too_old);
  EXPECT_EQ(update(65535, copy_of(view_of("no document")))[0].error(), ErrorCode::invalid_message);
  EXPECT_EQ(peer_->configuration().sequence, LonePeer::k_sequence);
  EXPECT_EQ(peer_->status().refused_configurations, 2U);
}

// ARCHITECTURE.md: nobody stops all at once, and the next document has a way to everybody.
TEST_F(Configurations, AnExpiredDocumentGoesOnUntilTheNextComes) {
  // Shows: CONFIG-06, CONFIG-29.
  const WallMs end_ms = peer_->now().wall_ms + 1000;
  reconfigure([&](config::Configuration& next) { next.expiration_ms = end_ms; });
  peer_->advance(std::chrono::seconds{2});
  ASSERT_TRUE(peer_->configuration().expired_at(peer_->now().wall_ms));
  const auto sent = ping(peer_->configuration().sequence);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].code(), MessageCode::ping_ans);
  const auto again = update(65535, document(LonePeer::k_sequence + 2));
  ASSERT_FALSE(again.empty());
  EXPECT_EQ(again[0].code(), MessageCode::error) << "expired too";
  reconfigure([&](config::Configuration& next) { next.expiration_ms = end_ms + 1'000'000; });
  EXPECT_EQ(peer_->configuration().sequence, LonePeer::k_sequence + 2);
}

TEST_F(Configurations, WhoCallsOursTooNewGetsTheDocumentOnce) {
  // Shows: CONFIG-26.
  const auto error = wire::encode(wire::ErrorResponse{ErrorCode::config_too_new, {}});
  const auto answer_to = [&](const Sent& request) {
    auto header = peer_->header_to({wire::to_node(peer_->id())});
    header.transaction_id = request.header().transaction_id;
    return peer_->receive(neighbor_, header, MessageCode::error, error);
  };
  const auto asked =
      peer_->request({wire::to_node(neighbor_.id)}, MessageCode::ping_req, wire::encode(wire::PingReq{}));
  ASSERT_EQ(asked.size(), 1U);
  const auto pushed = answer_to(asked[0]);
  ASSERT_EQ(pushed.size(), 1U);
  EXPECT_EQ(pushed[0].code(), MessageCode::config_update_req);
  EXPECT_TRUE(answer_to(pushed[0]).empty());  // else the two would go on for ever
}

}  // namespace
}  // namespace ringway::routing::test
