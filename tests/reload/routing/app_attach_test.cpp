// AppAttaches for connections that routing does not carry (RFC 6940 §6.5.2, RFC 7904 §5.1): who is asked, who
// answers what, and what the component that makes the connections is told.
#include <gtest/gtest.h>

#include "reload/routing/app_attach_table.hpp"
#include "tests/reload/routing/lone_peer.hpp"

namespace ringway::routing::test {
namespace {

using namespace std::chrono_literals;
using ringway::test::node_id;
using wire::ErrorCode;
using wire::MessageCode;
using wire::to_node;

constexpr std::uint16_t k_sip = 5060;
constexpr std::uint16_t k_sips = 5061;

wire::IpAddressPort at(std::uint8_t last, std::uint16_t port) {
  return {wire::AddressType::ipv4, {192, 0, 2, last}, port};
}

class AppAttaches : public ::testing::Test {
 protected:
  AppAttaches() { peer_.input(ServeApplication{k_sip, {at(64, 5061)}}); }

  static LonePeer::Setup with_signer_of_documents() {
    LonePeer::Setup setup;
    setup.configuration = [](config::Configuration& values) {
      values.configuration_signers = {node_id(0x11)};
      values.document = SharedBytes(copy_of(view_of("document number 7")));
    };
    return setup;
  }
  static wire::AppAttachBody body_of(std::string role, std::uint16_t application = k_sip) {
    wire::IceCandidate candidate;
    candidate.address = at(9, 5061);
    candidate.link = wire::OverlayLinkType::tls_tcp_fh_no_ice;
    candidate.type = wire::CandidateType::host;
    return {{}, {}, application, std::move(role), {candidate}};
  }
  // Our AppAttach, when one goes out.
  std::optional<Sent> ask(wire::DestinationList destination, std::uint64_t token = 1,
                          std::uint16_t application = k_sip) {
    for (auto& one : peer_.input(SendAppAttach{token, application, std::move(destination)}))
      if (one.code() == MessageCode::app_attach_req) return one;
    return std::nullopt;
  }
  void answer(const Remote& node, const Sent& request, const wire::AppAttachBody& body) {
    answer(node, request, MessageCode::app_attach_ans, wire::encode(body));
  }
  void answer(const Remote& node, const Sent& request, MessageCode code, const Bytes& body) {
    auto header = peer_.header_to({to_node(peer_.id())});
    header.transaction_id = request.header().transaction_id;
    peer_.receive(node, header, code, body);
  }
  // Their AppAttach; what it is answered.
  Sent asked_by(const Remote& node, const wire::AppAttachBody& body) {
    const auto sent = peer_.receive(node, peer_.header_to({to_node(peer_.id())}), MessageCode::app_attach_req,
                                    wire::encode(body));
    EXPECT_EQ(sent.size(), 1U);
    return sent.empty() ? Sent{} : sent.front();
  }
  // The latest outcome.
  const AppAttachAccepted* accepted() const {
    return peer_.app_attaches_done.empty()
               ? nullptr
               : std::get_if<AppAttachAccepted>(&peer_.app_attaches_done.back().outcome);
  }
  std::string failure() const {
    if (peer_.app_attaches_done.empty()) return "nothing yet";
    const auto* failed = std::get_if<RequestFailure>(&peer_.app_attaches_done.back().outcome);
    if (failed == nullptr) return "none";
    return failed->local ? std::string(text_of(failed->info))
                         : "error " + std::to_string(static_cast<int>(failed->code));
  }

  LonePeer peer_{with_signer_of_documents()};
  Remote other_ = peer_.neighbor(node_id(0x60));
};

TEST_F(AppAttaches, WhoAsksNamesItsApplicationsAddresses) {
  // Shows: SIP-16, ICE-18, AMB-26.
  const auto request = ask({to_node(other_.id)}, 7);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->header().destination_list, wire::DestinationList{to_node(other_.id)});
  const auto body = wire::decode<wire::AppAttachBody>(request->message.contents.body);
  ASSERT_TRUE(body.ok());
  EXPECT_EQ(body->application, 5060);
  EXPECT_EQ(body->role, "passive");
  ASSERT_EQ(body->candidates.size(), 1U);
  EXPECT_EQ(body->candidates[0].address, at(64, 5061)) << "not where links are waited for";
  EXPECT_EQ(body->candidates[0].link, wire::OverlayLinkType::tls_tcp_fh_no_ice);
  answer(other_, *request, body_of("active"));
  ASSERT_EQ(peer_.app_attaches_done.size(), 1U);
  EXPECT_EQ(peer_.app_attaches_done[0].token, 7U);
  EXPECT_EQ(peer_.app_attaches_done[0].application, 5060);
  ASSERT_NE(accepted(), nullptr) << failure();
  EXPECT_EQ(accepted()->node, other_.id);
  EXPECT_EQ(accepted()->addresses, std::vector{at(9, 5061)});
  EXPECT_EQ(accepted()->certificate->user_name(), other_.signer->certificate()->user_name());
  EXPECT_TRUE(peer_.opened.empty()) << "routing itself makes no connection";
  EXPECT_TRUE(peer_.app_connects.empty());
}

TEST_F(AppAttaches, WhoIsAskedTellsWhomToConnectTo) {
  // Shows: SIP-16, ICE-18, AMB-26.
  const Sent answered = asked_by(other_, body_of("passive"));
  ASSERT_EQ(answered.code(), MessageCode::app_attach_ans);
  const auto body = wire::decode<wire::AppAttachBody>(answered.message.contents.body);
  ASSERT_TRUE(body.ok());
  EXPECT_EQ(body->role, "active");
  EXPECT_EQ(body->application, 5060);
  ASSERT_EQ(body->candidates.size(), 1U);
  EXPECT_EQ(body->candidates[0].address, at(64, 5061));
  ASSERT_EQ(peer_.app_connects.size(), 1U);
  EXPECT_EQ(peer_.app_connects[0].application, 5060);
  EXPECT_EQ(peer_.app_connects[0].node, other_.id);
  EXPECT_EQ(peer_.app_connects[0].addresses, std::vector{at(9, 5061)});
  EXPECT_TRUE(peer_.opened.empty());
}

// Another node does not choose whom this peer talks to: itself, its machine, services of other protocols.
TEST_F(AppAttaches, CandidatesThatAreNoPeersAreLeftOut) {
  const auto ipv4 = [](std::array<std::uint8_t, 4> bytes, std::uint16_t port = 5061) {
    wire::IpAddressPort out{wire::AddressType::ipv4, {}, port};
    std::copy(bytes.begin(), bytes.end(), out.address.begin());
    return out;
  };
  const auto with = [&](const std::vector<wire::IpAddressPort>& addresses) {
    auto body = body_of("passive");
    const auto like = body.candidates[0];
    body.candidates.clear();
    for (const auto& address : addresses) {
      body.candidates.push_back(like);
      body.candidates.back().address = address;
    }
    return body;
  };
  wire::IpAddressPort mapped{
      wire::AddressType::ipv6, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1}, 5061};
  wire::IpAddressPort local{wire::AddressType::ipv6, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 5061};
  for (const auto& bad :
       {ipv4({127, 0, 0, 1}), ipv4({0, 0, 0, 0}), ipv4({224, 0, 1, 75}), ipv4({255, 255, 255, 255}),
        at(64, 5061), at(9, 0), at(9, 25), at(9, 1023), mapped, local})
    EXPECT_EQ(asked_by(other_, with({bad})).error(), ErrorCode::not_found) << bad.port;
  EXPECT_TRUE(peer_.app_connects.empty());
  EXPECT_EQ(asked_by(other_, with({at(9, 25), at(9, 443), ipv4({127, 0, 0, 1}), at(64, 1024)})).code(),
            MessageCode::app_attach_ans);
  ASSERT_EQ(peer_.app_connects.size(), 1U);
  EXPECT_EQ(peer_.app_connects[0].addresses, (std::vector{at(9, 443), at(64, 1024)}));
  // An overlay on one machine.
  peer_.input(AppConnectEnded{k_sip, other_.id});
  peer_.input(ServeApplication{k_sip, {ipv4({127, 0, 0, 1}, 7000)}});
  EXPECT_EQ(asked_by(other_, with({ipv4({127, 0, 0, 1}, 7000)})).error(), ErrorCode::not_found)
      << "this peer";
  EXPECT_EQ(asked_by(other_, with({ipv4({127, 0, 0, 1}, 7001)})).code(), MessageCode::app_attach_ans);
}

TEST_F(AppAttaches, WhatIsNotServedIsNotFound) {
  // Shows: ICE-18.
  EXPECT_EQ(asked_by(other_, body_of("passive", k_sips)).error(), ErrorCode::not_found);
  EXPECT_EQ(asked_by(other_, body_of("passive", 61441)).code(), MessageCode::app_attach_ans) << "a channel";
  EXPECT_EQ(ask({to_node(other_.id)}, 1, k_sips), std::nullopt);
  EXPECT_EQ(failure(), "the application is not served here");
  peer_.input(ServeApplication{k_sips, {at(64, 5062)}});
  EXPECT_EQ(asked_by(other_, body_of("passive", k_sips)).code(), MessageCode::app_attach_ans);
  peer_.input(ServeApplication{k_sip, {}});
  EXPECT_EQ(asked_by(other_, body_of("passive")).error(), ErrorCode::not_found) << "no longer";
  EXPECT_EQ(peer_.app_connects.size(), 1U);
}

TEST_F(AppAttaches, AChannelsApplicationIsNobodyElses) {
  const Application watch = Application::watch;
  peer_.input(ServeApplication{static_cast<std::uint16_t>(watch), {at(64, 5061)}});
  EXPECT_EQ(asked_by(other_, body_of("passive", 61442)).code(), MessageCode::app_attach_ans);
  EXPECT_TRUE(peer_.app_connects.empty());
  ASSERT_EQ(peer_.opened.size(), 1U);
  EXPECT_EQ(peer_.opened[0].application, watch);
  EXPECT_EQ(ask({to_node(other_.id)}, 1, 61442), std::nullopt);
}

TEST_F(AppAttaches, WhatIsMalformedIsRefused) {
  // Shows: ICE-18, ICE-34.
  EXPECT_EQ(asked_by(other_, body_of("active")).error(), ErrorCode::invalid_message);
  auto with_ice = body_of("passive");
  with_ice.candidates[0].link = wire::OverlayLinkType::dtls_udp_sr;
  EXPECT_EQ(asked_by(other_, with_ice).error(), ErrorCode::invalid_message);
  auto many = body_of("passive");
  many.candidates.resize(17, many.candidates[0]);
  EXPECT_EQ(asked_by(other_, many).error(), ErrorCode::invalid_message);
  auto nowhere = body_of("passive");
  nowhere.candidates.clear();
  EXPECT_EQ(asked_by(other_, nowhere).error(), ErrorCode::not_found);
  EXPECT_TRUE(peer_.app_connects.empty());
}

TEST_F(AppAttaches, AnAnswerOfNoUseIsAFailure) {
  std::vector<wire::AppAttachBody> useless{body_of("passive"), body_of("active", k_sips), body_of("active"),
                                           body_of("active")};
  useless[2].candidates[0].link = wire::OverlayLinkType::dtls_udp_sr;
  useless[3].candidates.resize(17, useless[3].candidates[0]);
  std::uint64_t token = 0;
  for (const auto& body : useless) {
    const auto request = ask({to_node(other_.id)}, ++token);
    ASSERT_TRUE(request);
    answer(other_, *request, body);
    ASSERT_EQ(peer_.app_attaches_done.size(), token);
    EXPECT_EQ(failure(), "its answer is of no use");
  }
  EXPECT_EQ(peer_.status().failed_channels, 4U);
}

TEST_F(AppAttaches, OnlyTheNodeAtTheEndOfTheListCounts) {
  // Shows: SIP-17, FM-44.
  const Remote impostor = peer_.neighbor(node_id(0x70));
  const auto request = ask({to_node(other_.id)});
  ASSERT_TRUE(request);
  answer(impostor, *request, body_of("active"));
  EXPECT_TRUE(peer_.app_attaches_done.empty()) << "goes on waiting";
  answer(impostor, *request, MessageCode::error,
         wire::encode(wire::ErrorResponse{ErrorCode::in_progress, {}}));
  EXPECT_TRUE(peer_.app_attaches_done.empty());
  answer(other_, *request, body_of("active"));
  ASSERT_NE(accepted(), nullptr);
  EXPECT_EQ(accepted()->node, other_.id);
}

TEST_F(AppAttaches, AConnectionThatIsOnItsWayIsExpected) {
  const auto request = ask({to_node(other_.id)});
  ASSERT_TRUE(request);
  answer(other_, *request, MessageCode::error, wire::encode(wire::ErrorResponse{ErrorCode::in_progress, {}}));
  ASSERT_NE(accepted(), nullptr) << failure();
  EXPECT_EQ(accepted()->node, other_.id);
  EXPECT_EQ(accepted()->certificate, nullptr);
  const auto again = ask({to_node(other_.id)}, 2);
  ASSERT_TRUE(again);
  answer(other_, *again, MessageCode::error, wire::encode(wire::ErrorResponse{ErrorCode::not_found, {}}));
  EXPECT_EQ(failure(), "error 3");
}

TEST_F(AppAttaches, ANodeIsAskedForOneConnectionAtATime) {
  const Remote another = peer_.neighbor(node_id(0x70));
  peer_.input(ServeApplication{k_sips, {at(64, 5061)}});
  EXPECT_EQ(asked_by(other_, body_of("passive")).code(), MessageCode::app_attach_ans);
  EXPECT_EQ(asked_by(other_, body_of("passive")).error(), ErrorCode::in_progress);
  EXPECT_EQ(asked_by(other_, body_of("passive", k_sips)).code(), MessageCode::app_attach_ans);
  EXPECT_EQ(asked_by(another, body_of("passive")).code(), MessageCode::app_attach_ans);
  peer_.input(AppConnectEnded{k_sip, other_.id});
  EXPECT_EQ(asked_by(other_, body_of("passive")).code(), MessageCode::app_attach_ans);
  peer_.advance(29s);
  EXPECT_EQ(asked_by(other_, body_of("passive")).error(), ErrorCode::in_progress);
  peer_.advance(1s);
  EXPECT_EQ(asked_by(other_, body_of("passive")).code(), MessageCode::app_attach_ans)
      << "it was not heard of";
}

TEST_F(AppAttaches, WhoCannotBeAskedIsNot) {
  EXPECT_EQ(ask({to_node(peer_.id())}), std::nullopt);
  EXPECT_EQ(failure(), "a connection to oneself");
  EXPECT_EQ(ask({}), std::nullopt);
  EXPECT_EQ(failure(), "nobody to ask");
  ASSERT_TRUE(ask({to_node(other_.id)}));
  const auto done = peer_.app_attaches_done.size();
  peer_.advance(20s);
  EXPECT_EQ(peer_.app_attaches_done.size(), done + 1);
  EXPECT_EQ(failure(), "no answer");
}

TEST_F(AppAttaches, TheDeadlineMayBeSooner) {
  peer_.input(SendAppAttach{1, k_sip, {to_node(other_.id)}, Duration{4000}});
  peer_.advance(3s);
  EXPECT_TRUE(peer_.app_attaches_done.empty());
  peer_.advance(2s);
  EXPECT_EQ(failure(), "no answer");
}

TEST_F(AppAttaches, WhatIsDroppedHasNoOutcome) {
  const auto request = ask({to_node(other_.id)});
  ASSERT_TRUE(request);
  peer_.input(DropAppAttach{1});
  answer(other_, *request, body_of("active"));
  peer_.advance(20s);
  EXPECT_TRUE(peer_.app_attaches_done.empty());
  EXPECT_EQ(peer_.status().transactions, 0U);
}

TEST_F(AppAttaches, ABadNodeIsAskedNoMore) {
  // Shows: SEC-21.
  ASSERT_TRUE(ask({to_node(other_.id)}));
  config::Configuration next = peer_.configuration();
  next.sequence = 8;
  next.bad_nodes = {other_.id};
  const auto signer = peer_.authority().issue("signer@example.org", node_id(0x11));
  const auto written = config::write_document(next, *signer, *signer);
  ASSERT_TRUE(written.ok());
  peer_.offer_document(*written);
  ASSERT_EQ(peer_.app_attaches_done.size(), 1U);
  EXPECT_EQ(failure(), "revoked (bad-node)");
  EXPECT_FALSE(ask({to_node(other_.id)}, 2));
  EXPECT_EQ(peer_.app_attaches_done.size(), 2U);
  EXPECT_EQ(failure(), "revoked (bad-node)");
}

TEST_F(AppAttaches, AsManyAreAnsweredAsThereIsRoomFor) {
  const auto bound = k_max_app_connects;
  for (std::size_t i = 0; i < bound; ++i) {
    const Remote node =
        peer_.client(node_id(static_cast<std::uint8_t>(0x80 + i / 200), static_cast<std::uint8_t>(i % 200)));
    ASSERT_EQ(asked_by(node, body_of("passive")).code(), MessageCode::app_attach_ans) << i;
  }
  EXPECT_EQ(asked_by(other_, body_of("passive")).error(), ErrorCode::not_found);
  EXPECT_EQ(peer_.app_connects.size(), bound);
  EXPECT_EQ(peer_.status().refused_channels, 1U);
  peer_.input(AppConnectEnded{k_sip, peer_.app_connects.front().node});
  EXPECT_EQ(asked_by(other_, body_of("passive")).code(), MessageCode::app_attach_ans);
}

TEST_F(AppAttaches, AsManyAreAskedAsThereIsRoomFor) {
  for (std::uint64_t token = 1; token <= k_max_app_attaches; ++token)
    ASSERT_TRUE(ask({to_node(other_.id)}, token)) << token;
  EXPECT_EQ(ask({to_node(other_.id)}, 5000), std::nullopt);
  EXPECT_EQ(failure(), "too many AppAttaches are under way");
  peer_.input(DropAppAttach{1});
  EXPECT_TRUE(ask({to_node(other_.id)}, 5000));
}

TEST_F(AppAttaches, AsManyApplicationsAreServedAsThereIsRoomFor) {
  for (std::uint16_t more = 1; more < k_max_served_applications + 1; ++more)
    peer_.input(ServeApplication{static_cast<std::uint16_t>(6000 + more), {at(64, 5061)}});
  EXPECT_EQ(asked_by(other_, body_of("passive", 6000 + k_max_served_applications - 1)).code(),
            MessageCode::app_attach_ans);
  EXPECT_EQ(asked_by(other_, body_of("passive", 6000 + k_max_served_applications)).error(),
            ErrorCode::not_found);
}

}  // namespace
}  // namespace ringway::routing::test
