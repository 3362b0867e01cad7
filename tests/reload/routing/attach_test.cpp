// Attach without ICE (RFC 6940 §6.5.1, §6.6.5): what is offered, who connects to whom, Attaches that cross,
// and whose request reaches whom.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/reload/routing/lone_peer.hpp"

namespace ringway::routing::test {
namespace {

using namespace std::chrono_literals;
using ringway::test::node_id;
using wire::CandidateType;
using wire::ErrorCode;
using wire::MessageCode;
using wire::OverlayLinkType;
using wire::to_node;

wire::IpAddressPort address_of(std::uint8_t last) {
  return {wire::AddressType::ipv4, {192, 0, 2, last}, 6084};
}

wire::IceCandidate candidate(OverlayLinkType link, CandidateType type = CandidateType::host,
                             std::uint8_t last = 77) {
  wire::IceCandidate made;
  made.address = address_of(last);
  made.link = link;
  made.foundation = {'1'};
  made.type = type;
  if (type != CandidateType::host) made.related_address = address_of(78);
  return made;
}

const wire::IceCandidate k_ours = candidate(OverlayLinkType::tls_tcp_fh_no_ice);
const wire::IceCandidate k_with_ice = candidate(OverlayLinkType::dtls_udp_sr);

wire::AttachBody attach_of(std::string role, std::vector<wire::IceCandidate> candidates = {k_ours}) {
  wire::AttachBody body;
  body.role = std::move(role);
  body.candidates = std::move(candidates);
  return body;
}

// A peer at 0x40…01 between two others; `stranger` is somebody it has no link to.
class Attaching : public ::testing::Test {
 protected:
  explicit Attaching(bool datagram_links = false) : peer_(two_addresses(datagram_links)) {}

  static LonePeer::Setup two_addresses(bool datagram_links) {
    LonePeer::Setup setup;
    setup.settings = [datagram_links](RoutingSettings& settings) {
      settings.datagram_links = datagram_links;
      wire::IpAddressPort v6{wire::AddressType::ipv6, {0x20, 0x01, 0x0D, 0xB8}, 7000};
      settings.own_addresses.push_back(v6);
    };
    return setup;
  }

  // Messages of a stranger come through the neighbour at 0x80.
  Remote stranger(const NodeId& id) {
    return {id, peer_.authority().issue("stranger@example.org", id), after_.link};
  }
  // The neighbour tells of `node`; what the peer asks it then.
  std::optional<Sent> attach_to(const NodeId& node) {
    const wire::ChordUpdate update{1, wire::ChordUpdateType::neighbors, {}, {node}, {}};
    const auto sent = peer_.receive(after_, to_us(), MessageCode::update_req, wire::encode(update));
    for (const auto& one : sent)
      if (one.code() == MessageCode::attach_req) return one;
    ADD_FAILURE() << "no Attach to " << node.hex();
    return std::nullopt;
  }
  SentList answer(const Remote& author, const Sent& request, const wire::AttachBody& body) {
    auto header = to_us();
    header.transaction_id = request.header().transaction_id;
    return peer_.receive(author, header, MessageCode::attach_ans, wire::encode(body));
  }
  SentList ask(const Remote& author, const wire::AttachBody& body) {
    auto header = to_us();
    if (author.link == after_.link) header.via_list = {to_node(author.id)};
    return peer_.receive(author, header, MessageCode::attach_req, wire::encode(body));
  }
  // The only transmission is an error.
  static ErrorCode refusal(const SentList& sent) {
    EXPECT_EQ(sent.size(), 1U);
    return sent.empty() ? ErrorCode::invalid : sent[0].error();
  }
  static bool repeats(const SentList& sent, const Sent& request) {
    return std::any_of(sent.begin(), sent.end(), [&](const Sent& one) {
      return one.header().transaction_id == request.header().transaction_id &&
             one.code() == MessageCode::attach_req;
    });
  }
  bool is_neighbor(const NodeId& node) const { return peer_.status().view->is_neighbor(node); }
  // Does the link that `author` makes count, after this answer to an Attach?
  bool attached_after(const Remote& author, const wire::AttachBody& body) {
    const auto request = attach_to(author.id);
    if (!request) return false;
    answer(author, *request, body);
    peer_.input(LinkUp{LinkId{700}, 0, author.signer->certificate(), {}});
    return is_neighbor(author.id);
  }
  wire::ForwardingHeader to_us() { return peer_.header_to({to_node(peer_.id())}); }

  LonePeer peer_;
  Remote before_ = peer_.neighbor(node_id(0x20));
  Remote after_ = peer_.neighbor(node_id(0x80));
};

TEST_F(Attaching, RequestAndAnswerAreOneStructureAndOfferEveryOwnAddress) {
  // Shows: ICE-01, ICE-02, LINK-16.
  const auto request = attach_to(node_id(0x60));
  ASSERT_TRUE(request);
  const auto answered = ask(stranger(node_id(0xC0)), attach_of("passive"));
  ASSERT_EQ(answered.size(), 1U);
  ASSERT_EQ(answered[0].code(), MessageCode::attach_ans);
  // ufrag, password, role; two candidates: address, TLS-TCP-FH-NO-ICE, foundation, priority, host, no
  // extension; send_update.
  const std::string candidates =
      "0030"
      "0106c000024017c4"
      "04"
      "0131"
      "7effffff"
      "01"
      "0000"
      "021220010db80000000000000000000000001b58"
      "04"
      "0131"
      "7effffff"
      "01"
      "0000";
  const std::string passive =
      "07"
      "70617373697665";
  const std::string active =
      "06"
      "616374697665";
  EXPECT_EQ(to_hex(request->message.contents.body),
            "00"
            "00" +
                passive + candidates + "00");
  EXPECT_EQ(to_hex(answered[0].message.contents.body),
            "00"
            "00" +
                active + candidates + "00");
}

TEST_F(Attaching, WhoAsksIsPassiveAndWhoAnswersIsActive) {
  // Shows: ICE-02.
  for (const char* role : {"active", "actpass", "Passive", ""})
    EXPECT_EQ(refusal(ask(stranger(node_id(0xC0)), attach_of(role))), ErrorCode::invalid_message) << role;
  EXPECT_TRUE(peer_.opened.empty());
  EXPECT_FALSE(attached_after(stranger(node_id(0x60)), attach_of("passive")));
  EXPECT_FALSE(attached_after(stranger(node_id(0x61)), attach_of("")));
  EXPECT_TRUE(attached_after(stranger(node_id(0x62)), attach_of("active")));
}

TEST_F(Attaching, WhoAnswersConnectsAndWhoAsksWaits) {
  // Shows: ICE-03.
  const Remote asked = stranger(node_id(0x60));
  const auto request = attach_to(asked.id);
  ASSERT_TRUE(request);
  answer(asked, *request, attach_of("active"));
  EXPECT_TRUE(peer_.opened.empty()) << "the server of the link has connected";
  EXPECT_FALSE(is_neighbor(asked.id));
  peer_.input(LinkUp{LinkId{700}, 0, asked.signer->certificate(), {}});
  EXPECT_TRUE(is_neighbor(asked.id));

  const Remote asking = stranger(node_id(0xC0));
  const auto other = candidate(OverlayLinkType::tls_tcp_fh_no_ice, CandidateType::host, 79);
  ASSERT_EQ(ask(asking, attach_of("passive", {k_ours, other})).size(), 1U);
  ASSERT_EQ(peer_.opened.size(), 1U);
  EXPECT_EQ(peer_.opened[0].addresses, (std::vector{k_ours.address, other.address}));
  EXPECT_EQ(peer_.opened[0].expected, asking.id);
}

TEST_F(Attaching, CandidatesThatNeedIceAreNotUsed) {
  // Shows: LINK-18.
  const Remote asking = stranger(node_id(0xC0));
  EXPECT_EQ(refusal(ask(asking, attach_of("passive", {k_with_ice}))), ErrorCode::invalid_message);
  EXPECT_EQ(refusal(ask(asking, attach_of("passive", {k_ours, k_with_ice}))), ErrorCode::invalid_message);
  const auto other_protocol = candidate(OverlayLinkType::dtls_udp_sr_no_ice);
  const auto reflexive = candidate(OverlayLinkType::tls_tcp_fh_no_ice, CandidateType::server_reflexive, 80);
  const auto relayed = candidate(OverlayLinkType::tls_tcp_fh_no_ice, CandidateType::relayed, 81);
  EXPECT_EQ(refusal(ask(asking, attach_of("passive", {other_protocol, reflexive, relayed}))),
            ErrorCode::not_found);
  EXPECT_TRUE(peer_.opened.empty());
  ask(asking, attach_of("passive", {relayed, k_ours, reflexive}));
  ASSERT_EQ(peer_.opened.size(), 1U);
  EXPECT_EQ(peer_.opened[0].addresses, std::vector{k_ours.address});
}

// A peer that makes links over DTLS and UDP as well.
class AttachingOverDatagrams : public Attaching {
 protected:
  AttachingOverDatagrams() : Attaching(true) {}
};

TEST_F(AttachingOverDatagrams, UsesCandidatesOfBothKinds) {
  // Shows: LINK-16.
  const auto datagrams = candidate(OverlayLinkType::dtls_udp_sr_no_ice, CandidateType::host, 79);
  const auto sent = ask(stranger(node_id(0xC0)), attach_of("passive", {datagrams, k_ours}));
  ASSERT_EQ(peer_.opened.size(), 1U);
  EXPECT_EQ(peer_.opened[0].datagram_addresses, std::vector{datagrams.address});
  EXPECT_EQ(peer_.opened[0].addresses, std::vector{k_ours.address});
  // It offers both, with the highest priority for datagrams.
  ASSERT_EQ(sent.size(), 1U);
  const auto answer = wire::decode<wire::AttachBody>(sent[0].message.contents.body);
  ASSERT_TRUE(answer.ok());
  ASSERT_EQ(answer->candidates.size(), 4U) << "two addresses";
  const auto &first = answer->candidates[0], &last = answer->candidates[3];
  EXPECT_EQ(first.link, OverlayLinkType::dtls_udp_sr_no_ice);
  EXPECT_EQ(last.link, OverlayLinkType::tls_tcp_fh_no_ice);
  EXPECT_EQ(first.address, answer->candidates[2].address);
  EXPECT_GT(first.priority, last.priority);
}

TEST_F(AttachingOverDatagrams, EitherKindAloneWillDo) {
  const auto datagrams = candidate(OverlayLinkType::dtls_udp_sr_no_ice);
  EXPECT_EQ(ask(stranger(node_id(0xC0)), attach_of("passive", {datagrams})).size(), 1U);
  ask(stranger(node_id(0xC1)), attach_of("passive", {k_ours}));
  ASSERT_EQ(peer_.opened.size(), 2U);
  EXPECT_TRUE(peer_.opened[0].addresses.empty());
  EXPECT_EQ(peer_.opened[0].datagram_addresses.size(), 1U);
  EXPECT_TRUE(peer_.opened[1].datagram_addresses.empty());
}

TEST_F(Attaching, AnswersWithCandidatesThatNeedIceAreNotUsed) {
  // Shows: LINK-18.
  EXPECT_FALSE(attached_after(stranger(node_id(0x60)), attach_of("active", {k_with_ice})));
  EXPECT_FALSE(attached_after(stranger(node_id(0x61)), attach_of("active", {k_ours, k_with_ice})));
  EXPECT_TRUE(attached_after(stranger(node_id(0x62)), attach_of("active", {k_ours})));
}

// ---- crossing Attaches; Node-IDs compare as unsigned big-endian integers
// ------------------------------------------------------------------------

class CrossingALarger : public Attaching, public ::testing::WithParamInterface<NodeId> {};

TEST_P(CrossingALarger, TheSmallerWithdrawsItsOwnAndAnswers) {
  // Shows: ICE-09.
  const Remote other = stranger(GetParam());
  const auto ours = attach_to(other.id);
  ASSERT_TRUE(ours);
  const auto sent = ask(other, attach_of("passive"));
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].code(), MessageCode::attach_ans);
  ASSERT_EQ(peer_.opened.size(), 1U);
  EXPECT_EQ(peer_.opened[0].expected, other.id);
  const auto told =
      peer_.input(LinkUp{LinkId{700}, peer_.opened[0].attempt, other.signer->certificate(), {}});
  EXPECT_TRUE(std::any_of(told.begin(), told.end(), [](const Sent& one) {
    return one.link == LinkId{700} && one.code() == MessageCode::update_req;
  }));
  EXPECT_FALSE(repeats(peer_.advance(20s), *ours)) << "its own goes on";
}
INSTANTIATE_TEST_SUITE_P(Ids, CrossingALarger,
                         ::testing::Values(node_id(0x41, 0), node_id(0x40, 2), node_id(0xC0)));

class CrossingASmaller : public Attaching, public ::testing::WithParamInterface<NodeId> {};

TEST_P(CrossingASmaller, TheLargerRefusesAndGoesOn) {
  // Shows: ICE-09.
  const Remote other = stranger(GetParam());
  const auto ours = attach_to(other.id);
  ASSERT_TRUE(ours);
  EXPECT_EQ(refusal(ask(other, attach_of("passive"))), ErrorCode::in_progress);
  EXPECT_TRUE(peer_.opened.empty());
  EXPECT_TRUE(repeats(peer_.advance(4s), *ours));
  answer(other, *ours, attach_of("active"));
  peer_.input(LinkUp{LinkId{700}, 0, other.signer->certificate(), {}});
  EXPECT_TRUE(is_neighbor(other.id));
}
INSTANTIATE_TEST_SUITE_P(Ids, CrossingASmaller,
                         ::testing::Values(node_id(0x3F, 0xFF), node_id(0x40, 0), node_id(0x01)));

TEST_F(Attaching, AnAnsweredAttachGoesOnWhoeverIsLarger) {
  // Shows: ICE-09.
  for (const auto& id : {node_id(0x30), node_id(0xC0)}) {
    const Remote other = stranger(id);
    const auto ours = attach_to(id);
    ASSERT_TRUE(ours);
    answer(other, *ours, attach_of("active"));
    EXPECT_EQ(refusal(ask(other, attach_of("passive"))), ErrorCode::in_progress);
  }
  EXPECT_TRUE(peer_.opened.empty());
}

TEST_F(Attaching, OursIsNotWithdrawnForOneThatCannotBeAnswered) {
  // Shows: ICE-09.
  const Remote larger = stranger(node_id(0xC0));
  const auto ours = attach_to(larger.id);
  ASSERT_TRUE(ours);
  EXPECT_EQ(refusal(ask(larger, attach_of("passive", {}))), ErrorCode::not_found);
  EXPECT_TRUE(repeats(peer_.advance(4s), *ours));
}

// ---- the Update that an Attach asks for
// ------------------------------------------------------------------------------

TEST_F(Attaching, WhoHasNotJoinedGetsTheUpdateItAsksForOnceItsLinkIsUp) {
  // Shows: ICE-11.
  for (const bool asked_for : {true, false}) {
    const Remote joining = peer_.connect(node_id(asked_for ? 0x31 : 0x32));
    auto body = attach_of("passive");
    body.send_update = asked_for;
    const auto answered = ask(joining, body);
    ASSERT_EQ(answered.size(), 1U) << "an Update before the link is up";
    ASSERT_FALSE(peer_.opened.empty());
    const LinkId link{joining.link.number + 700};
    const auto sent =
        peer_.input(LinkUp{link, peer_.opened.back().attempt, joining.signer->certificate(), {}});
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].link, link);
    ASSERT_EQ(sent[0].code(), MessageCode::update_req);
    const auto update = wire::decode<wire::ChordUpdate>(sent[0].message.contents.body);
    ASSERT_TRUE(update.ok());
    // What was asked for are the whole tables.
    EXPECT_EQ(update->type, asked_for ? wire::ChordUpdateType::full : wire::ChordUpdateType::neighbors);
    EXPECT_EQ(update->predecessors, (std::vector{before_.id, after_.id}));
    EXPECT_FALSE(is_neighbor(joining.id));
  }
}

// ---- across a ring
// -----------------------------------------------------------------------------------------------------

NodeId spread(std::size_t index) {
  CountingRandom random(index + 100);
  NodeId id;
  for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(random.next());
  return id;
}

NodeId owner_of(RoutingNet& net, const RingId& point) {
  NodeId best = net.at(0).id;
  for (std::size_t i = 1; i < net.size(); ++i)
    if (ring_distance(point, net.at(i).id) < ring_distance(point, best)) best = net.at(i).id;
  return best;
}

// Who has answered the only request of `from`: with an answer, or that a link stands already.
NodeId reached(RoutingNet& net, std::size_t from) {
  const auto& outcome = net.at(from).done.at(0).outcome;
  if (const auto* message = std::get_if<std::shared_ptr<const security::InspectedMessage>>(&outcome))
    return (*message)->signer_node;
  return std::get<RequestFailure>(outcome).answered_by;
}

TEST(AttachAcrossARing, AResourceLeadsToItsOwnerAndAnAbsentNodeNowhere) {
  // Shows: ICE-13.
  RoutingNet net;
  for (std::size_t i = 0; i < 32; ++i) net.add(spread(i));
  ASSERT_TRUE(net.run_until([&] { return net.one_ring(); }, 60s));
  const auto attach = [&](std::size_t from, const wire::Destination& to) {
    auto offer = k_ours;
    offer.address = net.at(from).address;
    net.at(from).done.clear();
    net.request(from, {to}, MessageCode::attach_req, wire::encode(attach_of("passive", {offer})), 1);
    return net.run_until([&] { return !net.at(from).done.empty(); }, 20s);
  };
  std::size_t new_links = 0;
  for (std::size_t from = 0; from < net.size(); ++from) {
    const RingId point = spread(1000 + from);
    if (owner_of(net, point) == net.at(from).id) continue;
    ASSERT_TRUE(attach(from, wire::to_resource(point)));
    EXPECT_EQ(reached(net, from), owner_of(net, point)) << "from " << from;
    if (std::get_if<RequestFailure>(&net.at(from).done[0].outcome) == nullptr) ++new_links;
  }
  EXPECT_GT(new_links, 3U);
  ASSERT_TRUE(attach(3, to_node(spread(2000))));
  const auto* failure = std::get_if<RequestFailure>(&net.at(3).done[0].outcome);
  ASSERT_NE(failure, nullptr);
  EXPECT_TRUE(failure->local) << "somebody has answered for a node that is not there";
}

TEST_F(Attaching, AnAbsentNodeIsGivenUpAndTriedAgainAfterAPause) {
  // Shows: ICE-13.
  const auto first = attach_to(node_id(0x60));
  ASSERT_TRUE(first);
  const auto later = peer_.advance(20s);
  EXPECT_TRUE(repeats(later, *first));
  EXPECT_FALSE(is_neighbor(node_id(0x60)));
  EXPECT_FALSE(repeats(peer_.advance(60s), *first));
}

}  // namespace
}  // namespace ringway::routing::test
