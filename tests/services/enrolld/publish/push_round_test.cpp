// Which addresses a document is brought to, when again, and whose answer counts; without sockets or a clock.
#include "services/enrolld/publish/push_round.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "tests/services/enrolld/publish/publish_world.hpp"

namespace ringway::enrolld::test {
namespace {

using wire::ErrorCode;
using wire::MessageCode;

constexpr std::uint16_t k_sequence = 7;

// The publisher's side of it, and hands to play the peers.
class Pushing : public testing::Test {
 protected:
  Pushing() {
    settings_.answer_limit = Duration{5'000};
    settings_.retry_min = Duration{1'000};
    settings_.retry_max = Duration{8'000};
    settings_.round_limit = Duration{60'000};
  }

  void start(std::size_t addresses, const World::Change& change = {}) {
    document_ = world_.parsed(k_sequence, change);
    std::vector<wire::IpAddressPort> all;
    for (std::size_t i = 0; i < addresses; ++i) all.push_back(loopback(static_cast<std::uint16_t>(i + 1)));
    mine_ = world_.authority.issue("enrollment@overlay.example.org", node_id(0xEE));
    round_.emplace(settings_, PushRound::Sender{document_, world_.authority.trust(), mine_}, all, random_);
    routing::Outputs out;
    round_->start(now_, out);
    sort(out);
  }
  void sort(routing::Outputs& out) {
    for (auto& output : out) {
      if (auto* open = std::get_if<routing::OpenLink>(&output)) opened_.push_back(std::move(*open));
      if (auto* sent = std::get_if<routing::Transmit>(&output)) sent_.push_back(std::move(*sent));
      if (auto* close = std::get_if<routing::CloseLink>(&output)) closed_.push_back(close->link);
    }
  }
  template <typename Event>
  void tell(const Event& event) {
    routing::Outputs out;
    round_->handle(now_, event, out);
    sort(out);
  }
  void advance(Duration by) {
    now_.mono = now_.mono + by;
    routing::Outputs out;
    round_->on_timer(now_, out);
    sort(out);
  }

  // Somebody listens at the address of the oldest OpenLink.
  struct Peer {
    ringway::test::SignerPtr signer;
    link::LinkId link;
    Bytes request;  // what it was sent; empty: nothing
  };
  Peer listens(const ringway::test::SignerPtr& signer) {
    Peer peer{signer, {++last_link_}, {}};
    const auto open = opened_.front();
    opened_.pop_front();
    tell(routing::LinkUp{peer.link, open.attempt, signer->certificate(), open.addresses.front()});
    if (!sent_.empty() && sent_.back().link == peer.link) {
      peer.request = sent_.back().header;
      append(peer.request, sent_.back().payload);
    }
    return peer;
  }
  Peer listens(std::uint8_t node) {
    return listens(world_.authority.issue("peer@example.org", node_id(node)));
  }
  void nobody_listens() {
    const auto open = opened_.front();
    opened_.pop_front();
    tell(routing::LinkDown{{}, open.attempt, link::to_text(open.addresses.front()) + ": refused"});
  }
  wire::Message request_to(const Peer& peer) const {
    return wire::decode_message(SharedBytes(peer.request)).value();
  }
  // Signed by `author`, who is the peer if nobody else is given.
  void answers(const Peer& peer, MessageCode code, BytesView body, std::uint16_t sequence,
               const ringway::test::SignerPtr& author = nullptr) {
    const auto& signer = author ? *author : *peer.signer;
    wire::ForwardingHeader header;
    header.overlay = document_->overlay_hash();
    header.configuration_sequence = sequence;
    header.transaction_id = request_to(peer).header.transaction_id;
    header.destination_list = {wire::to_node(mine_->node_id())};
    const Bytes contents = wire::encode(wire::MessageContents{code, SharedBytes(copy_of(body)), {}});
    const Bytes input = security::message_signature_input(header.overlay, header.transaction_id, contents);
    const Bytes payload = wire::encode_payload(contents, security::make_security_block(signer, input, {}));
    Bytes whole = wire::encode_header(header, payload.size());
    append(whole, payload);
    tell(routing::LinkMessage{peer.link, SharedBytes(std::move(whole))});
  }
  void accepts(const Peer& peer) { answers(peer, MessageCode::config_update_ans, {}, k_sequence); }
  void refuses(const Peer& peer, ErrorCode code, std::uint16_t sequence, std::string_view text = {}) {
    answers(peer, MessageCode::error, wire::encode(wire::ErrorResponse{code, copy_of(view_of(text))}),
            sequence);
  }
  PublishReport report() const { return round_->report(now_); }
  AddressReport report(std::size_t address) const { return report().addresses.at(address); }

  World world_;
  PushSettings settings_;
  CountingRandom random_;
  config::ConfigurationPtr document_;
  ringway::test::SignerPtr mine_;
  std::optional<PushRound> round_;
  Now now_{{1'000'000}, ringway::test::k_now_ms};
  std::deque<routing::OpenLink> opened_;
  std::vector<routing::Transmit> sent_;
  std::vector<link::LinkId> closed_;
  std::uint64_t last_link_ = 0;
};

TEST_F(Pushing, TheRequestIsOneThatAnyPeerTakes) {
  // Shows: CONFIG-23, CONFIG-28, CONFIG-36.
  start(1);
  ASSERT_EQ(opened_.size(), 1U);
  EXPECT_FALSE(opened_.front().expected.has_value());
  const Peer peer = listens(1);
  const auto request = request_to(peer);
  EXPECT_EQ(request.header.configuration_sequence, 65535);
  EXPECT_EQ(request.header.destination_list, wire::DestinationList{wire::to_node(peer.signer->node_id())});
  EXPECT_EQ(request.contents.code, MessageCode::config_update_req);
  const auto body = wire::decode<wire::ConfigUpdateReq>(request.contents.body).value();
  EXPECT_EQ(body.type, wire::ConfigUpdateType::config);
  EXPECT_TRUE(equal(body.configuration, document_->document));
  security::Inspector inspector({world_.authority.trust(), {document_, &document_->kinds}});
  auto header = wire::parse_header(peer.request);
  const auto verdict =
      inspector.inspect(now_.wall_ms, *std::move(header), SharedBytes(peer.request), std::nullopt);
  ASSERT_TRUE(verdict.ok()) << verdict.error().reason;
  EXPECT_EQ(verdict->signer_node, mine_->node_id());
}

TEST_F(Pushing, ANodeWithSeveralNodeIdsIsAskedAsWhoeverItIs) {
  start(1);
  const Peer peer =
      listens(world_.authority.issue("peer@example.org", node_id(1), {.more_nodes = {node_id(2)}}));
  EXPECT_EQ(request_to(peer).header.destination_list, wire::DestinationList{wire::to_node(wildcard_node())});
}

TEST_F(Pushing, EndsWhenEnoughPeersHaveIt) {
  start(12);
  EXPECT_EQ(opened_.size(), 8U);  // at once
  std::vector<Peer> peers;
  for (std::uint8_t i = 1; i <= 8; ++i) peers.push_back(listens(i));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_FALSE(round_->done());
    accepts(peers[i]);
  }
  // Those that were asked may answer still.
  EXPECT_FALSE(round_->done());
  EXPECT_EQ(opened_.size(), 2U);  // when the first two had answered
  const std::size_t begun = opened_.size();
  for (std::size_t i = 3; i < 8; ++i) accepts(peers[i]);
  for (std::size_t i = 0; i < begun; ++i) nobody_listens();
  EXPECT_TRUE(round_->done());
  EXPECT_EQ(report().peers, 8U);
  EXPECT_EQ(report(0).outcome, PushOutcome::accepted);
  EXPECT_EQ(report(0).node, node_id(1));
  EXPECT_EQ(report(11).outcome, PushOutcome::not_needed);
  EXPECT_EQ(closed_.size(), 8U);
}

TEST_F(Pushing, WhoHasItCountsAndWhoHasANewerOneDoesNot) {
  // Shows: CONFIG-27, CONFIG-29.
  settings_.wanted_peers = 1;
  start(3);
  const Peer newer = listens(1), other = listens(2), same = listens(3);
  refuses(newer, ErrorCode::config_too_old, k_sequence + 1);
  EXPECT_FALSE(round_->done());
  refuses(other, ErrorCode::forbidden, k_sequence - 1, "not\nby a signer");
  EXPECT_FALSE(round_->done());
  refuses(same, ErrorCode::config_too_old, k_sequence);
  EXPECT_TRUE(round_->done());
  EXPECT_EQ(report(0).outcome, PushOutcome::has_newer);
  EXPECT_EQ(report(0).reason, "sequence 8");
  EXPECT_EQ(report(1).outcome, PushOutcome::refused);
  EXPECT_NE(report(1).reason.find("not?by a signer"), std::string::npos) << report(1).reason;
  EXPECT_EQ(report(2).outcome, PushOutcome::has_it);
  EXPECT_EQ(report().peers, 1U);
}

TEST_F(Pushing, OnePeerAtTwoAddressesCountsOnce) {
  start(2);
  accepts(listens(1));
  const Peer again = listens(1);
  EXPECT_TRUE(again.request.empty());
  EXPECT_TRUE(round_->done());
  EXPECT_EQ(report(1).outcome, PushOutcome::same_peer);
  EXPECT_EQ(report().peers, 1U);
}

TEST_F(Pushing, WhoCannotBeReachedIsTriedAgainLaterAndLater) {
  settings_.max_attempts = 4;
  start(1);
  Duration waited_before{0};
  for (unsigned attempt = 1; attempt < 4; ++attempt) {
    ASSERT_EQ(opened_.size(), 1U) << "attempt " << attempt;
    nobody_listens();
    EXPECT_TRUE(opened_.empty());
    const auto next = round_->next_deadline();
    ASSERT_TRUE(next.has_value());
    const Duration wait = *next - now_.mono;
    EXPECT_GE(wait, settings_.retry_min);
    EXPECT_LE(wait, settings_.retry_max);
    advance(wait - Duration{1});
    EXPECT_TRUE(opened_.empty());
    advance(Duration{1});
    waited_before += wait;
  }
  nobody_listens();
  EXPECT_TRUE(round_->done());
  EXPECT_FALSE(round_->next_deadline().has_value());
  EXPECT_EQ(report(0).outcome, PushOutcome::failed);
  EXPECT_EQ(report(0).attempts, 4U);
  EXPECT_EQ(report(0).reason, "refused");
  EXPECT_EQ(report(0).node, k_no_node);
}

TEST_F(Pushing, ASilentPeerIsGivenUpAndAskedAgain) {
  start(1);
  const Peer silent = listens(1);
  advance(settings_.answer_limit - Duration{1});
  EXPECT_TRUE(closed_.empty());
  advance(Duration{1});
  EXPECT_EQ(closed_, std::vector{silent.link});
  accepts(silent);  // too late
  EXPECT_EQ(report().peers, 0U);
  advance(settings_.retry_max);
  accepts(listens(1));
  EXPECT_TRUE(round_->done());
  EXPECT_EQ(report(0).outcome, PushOutcome::accepted);
  EXPECT_EQ(report(0).attempts, 2U);
}

TEST_F(Pushing, OnlyTheNodeAtTheOtherEndMayAnswer) {
  // Shows: SEC-13.
  settings_.max_attempts = 1;
  start(3);
  const ringway::test::TestAuthority stranger;
  const Peer one = listens(1), two = listens(2), three = listens(3);
  answers(one, MessageCode::config_update_ans, {}, k_sequence,
          world_.authority.issue("other@example.org", node_id(9)));
  answers(two, MessageCode::config_update_ans, {}, k_sequence,
          stranger.issue("peer@example.org", node_id(2)));
  // Not an answer, but like one.
  answers(three, MessageCode::ping_ans, {}, k_sequence);
  EXPECT_TRUE(round_->done());
  EXPECT_EQ(report().peers, 0U);
  EXPECT_EQ(report(0).outcome, PushOutcome::failed);
  EXPECT_EQ(report(1).outcome, PushOutcome::failed);
  EXPECT_EQ(report(2).outcome, PushOutcome::refused);
}

TEST_F(Pushing, WhatIsNoAnswerIsPassedOver) {
  start(1);
  const Peer peer = listens(1);
  tell(routing::LinkMessage{peer.link, SharedBytes(Bytes{1, 2, 3})});
  wire::ForwardingHeader header;
  header.overlay = document_->overlay_hash();
  header.transaction_id = request_to(peer).header.transaction_id + 1;
  header.destination_list = {wire::to_node(mine_->node_id())};
  tell(routing::LinkMessage{peer.link, SharedBytes(wire::encode_header(header, 0))});
  EXPECT_FALSE(round_->done());
  accepts(peer);
  EXPECT_EQ(report().peers, 1U);
}

TEST_F(Pushing, ALinkThatEndsIsTriedAgain) {
  start(1);
  const Peer peer = listens(1);
  tell(routing::LinkDown{peer.link, 0, "closed by the other side"});
  EXPECT_FALSE(round_->done());
  advance(settings_.retry_max);
  EXPECT_EQ(opened_.size(), 1U);
  EXPECT_EQ(report(0).reason, "the link ended: closed by the other side");
}

TEST_F(Pushing, EndsAfterItsTime) {
  start(2);
  nobody_listens();
  for (int i = 0; i < 120 && !round_->done(); ++i) {
    advance(Duration{500});
    while (opened_.size() > 1) nobody_listens();  // the other one never says anything
  }
  EXPECT_TRUE(round_->done());
  EXPECT_EQ(report(0).outcome, PushOutcome::failed);
  EXPECT_EQ(report(1).outcome, PushOutcome::failed);
  EXPECT_FALSE(report(1).reason.empty());
  // What comes now is too late.
  const Peer late = listens(1);
  EXPECT_TRUE(late.request.empty());
  EXPECT_EQ(closed_.back(), late.link);
}

TEST_F(Pushing, ADocumentThatDoesNotFitIsNotSent) {
  start(1, [](config::Configuration& values) {
    values.max_message_size_bytes = 2'000;
    for (int i = 0; i < 64; ++i) values.bad_nodes.insert(node_id(static_cast<std::uint8_t>(i), 9));
  });
  const Peer peer = listens(1);
  EXPECT_TRUE(peer.request.empty());
  EXPECT_TRUE(round_->done());
  EXPECT_NE(report(0).reason.find("max-message-size"), std::string::npos);
}

TEST_F(Pushing, NoAddressIsNoWork) {
  start(0);
  EXPECT_TRUE(round_->done());
  EXPECT_EQ(report().peers, 0U);
}

}  // namespace
}  // namespace ringway::enrolld::test
