// Configuration sequences and ConfigUpdate between peers (RFC 6940 §6.3.2.1, §6.5.4).
#include <gtest/gtest.h>

#include <algorithm>

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
  Bytes document(std::uint16_t sequence) const {
    config::Configuration next = peer_->configuration();
    next.sequence = sequence;
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

TEST_F(Configurations, OnlyUpdatesMayUseIt) {
  // Shows: CONFIG-28.
  const auto sent = ping(65535);
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(sent[0].code(), MessageCode::error);
}

TEST_F(Configurations, AnUpdateThatIsNotNewerChangesNothing) {
  // Shows: CONFIG-28, CONFIG-29.
  EXPECT_EQ(update(65535, document(LonePeer::k_sequence))[0].error(), ErrorCode::config_too_old);
  EXPECT_EQ(update(65535, copy_of(view_of("no document")))[0].error(), ErrorCode::invalid_message);
  EXPECT_EQ(peer_->configuration().sequence, LonePeer::k_sequence);
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
