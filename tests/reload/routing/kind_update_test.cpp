// Kinds beside the configuration document, and documents that this peer cannot meet (RFC 6940 §6.5.4.2,
// §11.1).
#include <gtest/gtest.h>

#include <string>

#include "reload/config/base64.hpp"
#include "reload/config/signed_block.hpp"
#include "tests/reload/routing/lone_peer.hpp"

namespace ringway::routing::test {
namespace {

using ringway::test::node_id;
using wire::ErrorCode;
using wire::MessageCode;

constexpr KindId k_kind = 0xF0000077;

class KindUpdates : public ::testing::Test {
 protected:
  KindUpdates() {
    LonePeer::Setup setup;
    setup.configuration = [](config::Configuration& values) {
      values.configuration_signers = {node_id(0x11)};
      values.kind_signers = {node_id(0x11), node_id(0x12)};
    };
    peer_.emplace(setup);
    signer_ = peer_->authority().issue("signer@example.org", node_id(0x11));
    second_ = peer_->authority().issue("second@example.org", node_id(0x12));
    stranger_ = peer_->authority().issue("stranger@example.org", node_id(0x13));
    neighbor_ = peer_->neighbor(node_id(0x80));
    other_ = peer_->neighbor(node_id(0x90));
  }
  static Bytes kind_block(const security::Signer& signer, int max_count = 5) {
    const std::string kind = "<kind id=\"" + std::to_string(k_kind) +
                             "\"><data-model>SINGLE</data-model><access-control>USER-MATCH</access-control>" +
                             "<max-count>" + std::to_string(max_count) +
                             "</max-count><max-size>10</max-size></kind>";
    return copy_of(view_of("<kind-block>" + kind + "<kind-signature>" +
                           config::to_base64(config::sign_element(signer, view_of(kind))) +
                           "</kind-signature></kind-block>"));
  }
  SentList update(const wire::ConfigUpdateReq& body) {
    auto header = peer_->header_to({wire::to_node(peer_->id())});
    header.configuration_sequence = config::k_any_sequence;
    return peer_->receive(neighbor_, header, MessageCode::config_update_req, wire::encode(body));
  }
  SentList kinds(std::vector<Bytes> blocks) {
    wire::ConfigUpdateReq body;
    body.type = wire::ConfigUpdateType::kind;
    body.kinds = std::move(blocks);
    return update(body);
  }
  SentList document(const std::function<void(config::Configuration&)>& change,
                    const std::string& more_elements = "") {
    config::Configuration next = peer_->configuration();
    ++next.sequence;
    next.kinds = {};  // the learnt ones are in no document
    change(next);
    const auto written = config::write_document(next, *signer_, *signer_);
    EXPECT_TRUE(written.ok()) << written.error().reason;
    std::string text(text_of(*written));
    if (!more_elements.empty()) {
      const auto begin = text.find("<configuration"), end = text.find("</configuration>");
      const std::string element = text.substr(begin, end - begin) + more_elements + "</configuration>";
      text = text.substr(0, begin) + element + "<signature>" +
             config::to_base64(config::sign_element(*signer_, view_of(element))) + "</signature></overlay>";
    }
    wire::ConfigUpdateReq body;
    body.type = wire::ConfigUpdateType::config;
    body.configuration = copy_of(view_of(text));
    return update(body);
  }
  const config::KindDefinition* known() const { return peer_->configuration().kinds.find(k_kind); }

  std::optional<LonePeer> peer_;
  ringway::test::SignerPtr signer_, second_, stranger_;
  Remote neighbor_, other_;
};

TEST_F(KindUpdates, AKindIsTakenPutInForceAndHandedOnOnce) {
  // Shows: CONFIG-30, CONFIG-31, CONFIG-35.
  ASSERT_EQ(known(), nullptr);
  const auto sent = kinds({kind_block(*signer_)});
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0].code(), MessageCode::config_update_ans);
  EXPECT_EQ(sent[1].code(), MessageCode::config_update_req);
  EXPECT_EQ(sent[1].link, other_.link);
  ASSERT_NE(known(), nullptr);
  EXPECT_EQ(known()->max_count, 5U);
  ASSERT_EQ(peer_->configurations.size(), 1U);
  EXPECT_EQ(peer_->configurations[0].learnt_kinds.size(), 1U);
  EXPECT_EQ(peer_->configuration().sequence, LonePeer::k_sequence);
  // What is known already goes no further.
  EXPECT_EQ(kinds({kind_block(*signer_)}).size(), 1U);
  EXPECT_EQ(peer_->configurations.size(), 1U);
}

TEST_F(KindUpdates, AKindOfAnotherSignerOrAConflictIsForbidden) {
  // Shows: CONFIG-30, FM-29.
  EXPECT_EQ(kinds({kind_block(*stranger_)})[0].error(), ErrorCode::forbidden);
  EXPECT_EQ(known(), nullptr);
  kinds({kind_block(*signer_)});
  EXPECT_EQ(kinds({kind_block(*second_, 7)})[0].error(), ErrorCode::forbidden);
  EXPECT_EQ(known()->max_count, 5U);
  EXPECT_EQ(kinds({copy_of(view_of("<kind/>"))})[0].error(), ErrorCode::invalid_message);
  EXPECT_EQ(peer_->status().refused_configurations, 3U);
}

TEST_F(KindUpdates, TheDocumentsDefinitionIsNotReplacedByAnOlderOne) {
  // Shows: CONFIG-32, FM-29.
  kinds({kind_block(*signer_, 5)});
  document([](auto& next) {
    config::KindDefinition kind;
    kind.kind = k_kind;
    kind.max_count = 9;
    kind.max_size_bytes = 10;
    next.kinds.add(kind);
  });
  EXPECT_EQ(known()->max_count, 9U);
  EXPECT_EQ(kinds({kind_block(*signer_, 5)})[0].error(), ErrorCode::forbidden);
  EXPECT_EQ(known()->max_count, 9U);
  EXPECT_EQ(peer_->status().refused_configurations, 1U);
}

TEST_F(KindUpdates, ALearntKindOutlivesDocumentsUntilItsSignerGoes) {
  // Shows: CONFIG-32.
  kinds({kind_block(*second_)});
  document([](auto& next) { next.turn_density = 2; });
  EXPECT_NE(known(), nullptr);
  document([](auto& next) { next.kind_signers = {node_id(0x11)}; });
  EXPECT_EQ(known(), nullptr);
  EXPECT_TRUE(peer_->configurations.back().learnt_kinds.empty());
}

TEST_F(KindUpdates, WhatIsKeptFromBeforeARestartIsCheckedAgain) {
  // Shows: FM-29.
  const ringway::test::TestAuthority other;
  const auto foreign = other.issue("signer@example.org", node_id(0x11));
  LonePeer::Setup setup;
  setup.configuration = [](config::Configuration& values) { values.kind_signers = {node_id(0x11)}; };
  setup.settings = [&](RoutingSettings& settings) { settings.learnt_kinds = {kind_block(*foreign)}; };
  const LonePeer again(setup);
  EXPECT_EQ(again.configuration().kinds.find(k_kind), nullptr);
}

TEST_F(KindUpdates, WhoDoesNotKnowAKindIsToldOfIt) {
  // Shows: CONFIG-35.
  const Bytes block = kind_block(*signer_);
  kinds({block});
  const auto asked = peer_->request({wire::to_node(neighbor_.id)}, MessageCode::stat_req, {});
  ASSERT_EQ(asked.size(), 1U);
  auto header = peer_->header_to({wire::to_node(peer_->id())});
  header.transaction_id = asked[0].header().transaction_id;
  const auto info = wire::encode(wire::UnknownKinds{{k_kind, 0xF0000099}});
  const auto told = peer_->receive(neighbor_, header, MessageCode::error,
                                   wire::encode(wire::ErrorResponse{ErrorCode::unknown_kind, info}));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].code(), MessageCode::config_update_req);
  const auto body = wire::decode<wire::ConfigUpdateReq>(told[0].message.contents.body);
  ASSERT_TRUE(body.ok());
  ASSERT_EQ(body->kinds.size(), 1U);
  EXPECT_EQ(body->kinds[0], block);
}

TEST_F(KindUpdates, ADocumentThatCannotBeMetEndsThisPeerAndGoesOnToOthers) {
  // Shows: CONFIG-31, CONFIG-17.
  const auto sent = document([](auto&) {}, "<mandatory-extension>urn:example:unknown</mandatory-extension>");
  ASSERT_GE(sent.size(), 2U);
  EXPECT_EQ(sent[0].code(), MessageCode::config_update_ans);
  EXPECT_EQ(sent[1].code(), MessageCode::config_update_req);
  EXPECT_EQ(sent[1].link, other_.link);
  peer_->advance(Duration{30'000});
  ASSERT_EQ(peer_->exits.size(), 1U);
  EXPECT_EQ(peer_->exits[0].cause, ExitCause::cannot_be_met);
  EXPECT_NE(peer_->exits[0].reason.find("urn:example:unknown"), std::string::npos);
  EXPECT_EQ(peer_->exits[0].document, nullptr);
}

TEST_F(KindUpdates, SoDoesOneThatRevokesIt) {
  // Shows: CONFIG-31, FM-27.
  document([&](auto& next) { next.bad_nodes = {peer_->id()}; });
  peer_->advance(Duration{30'000});
  ASSERT_EQ(peer_->exits.size(), 1U);
  EXPECT_EQ(peer_->exits[0].cause, ExitCause::shut_out);
  EXPECT_EQ(peer_->exits[0].reason,
            "this node is shut out of the overlay: configuration 8 names it as a bad-node");
  ASSERT_NE(peer_->exits[0].document, nullptr);
  EXPECT_EQ(peer_->exits[0].document->sequence, 8);
}

TEST_F(KindUpdates, ADocumentThatIsNotGenuineEndsNobody) {
  // Shows: CONFIG-29, FM-28.
  signer_ = stranger_;
  const auto sent = document([](auto&) {}, "<mandatory-extension>urn:example:unknown</mandatory-extension>");
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].error(), ErrorCode::forbidden);
  peer_->advance(Duration{30'000});
  EXPECT_TRUE(peer_->exits.empty());
  EXPECT_EQ(peer_->configuration().sequence, LonePeer::k_sequence);
  EXPECT_EQ(peer_->status().refused_configurations, 1U);
}

}  // namespace
}  // namespace ringway::routing::test
