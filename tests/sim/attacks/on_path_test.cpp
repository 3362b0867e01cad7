// Peers that lie about what they pass on for others (RFC 6940 §13.6): the header is not signed, so they can
// do harm, but nothing else than losing or delaying a message.
#include <algorithm>

#include "tests/sim/attacks/liars.hpp"

namespace ringway::sim {
namespace {

using wire::ErrorCode;
using wire::MessageCode;

class OnPath : public Attacks {
 protected:
  static constexpr PeerNumber k_owner = 4;

  OnPath() {
    const auto found = way_through_others(k_owner);
    if (!found) throw std::runtime_error("everybody is linked to everybody: another seed, or more peers");
    way = *found;
    const auto result = put(k_owner, way.key, "true");
    if (!std::holds_alternative<data::PutResult>(result)) throw std::runtime_error(describe(result));
  }
  // Whoever passes the Fetch on answers with that, signed by itself, and passes nothing on unless asked to.
  void forwarders_answer(MessageCode code, const Bytes& body, bool pass_on) {
    for (const PeerNumber peer : simulation.living()) {
      if (peer == way.reader || peer == way.responsible) continue;
      const auto own = simulation.peer(peer).identity().signer;
      simulation.network().tamper(peer, [=, this](PeerNumber, const SharedBytes& message) {
        auto parsed = wire::parse_header(message);
        if (!parsed || parsed->header.via_list.empty()) return std::vector<SharedBytes>{message};
        wire::ForwardingHeader back = parsed->header;
        back.via_list.clear();
        back.destination_list.assign(parsed->header.via_list.rbegin(), parsed->header.via_list.rend());
        simulation.network().inject(peer, number_of(back.destination_list.front()),
                                    signed_by(*own, back, code, body));
        return pass_on ? std::vector<SharedBytes>{message} : std::vector<SharedBytes>{};
      });
    }
  }
  PeerNumber number_of(const wire::Destination& destination) const {
    const auto* node = std::get_if<wire::NodeDestination>(&destination);
    for (const PeerNumber peer : simulation.living())
      if (node != nullptr && simulation.peer(peer).node_id() == node->node) return peer;
    return 0;
  }
  Bytes says_nothing_is_there() const {
    wire::FetchAns answer;
    answer.kind_responses.push_back({config::k_owner_value, 1, {}, false, {}});
    return wire::encode(answer);
  }

  Way way;
};

TEST_F(OnPath, AChangedBodyIsDroppedByItsDestination) {
  // Shows: SEC-09, FM-03.
  RINGWAY_SEED(simulation);
  std::size_t lies = 0;
  on_path(way, MessageCode::fetch_req, [&](const SharedBytes& message) {
    const auto parsed = wire::parse_header(message);
    Bytes changed = copy_of(message);
    changed[parsed->size_bytes + 10] ^= 1;  // in the Resource-ID asked for
    ++lies;
    return std::vector<SharedBytes>{SharedBytes(std::move(changed))};
  });
  EXPECT_NE(read(way.reader, way.key), "true");
  EXPECT_GT(lies, 0U);
  EXPECT_EQ(status(way.responsible).bad_signatures, lies);
  all_honest();
  EXPECT_EQ(read(way.reader, way.key), "true");
}

TEST_F(OnPath, AChangedAnswerIsDroppedByWhoAsked) {
  // Shows: SEC-15, FM-03.
  RINGWAY_SEED(simulation);
  std::size_t lies = 0;
  for (const PeerNumber peer : simulation.living()) {
    if (peer == way.reader || peer == way.responsible) continue;
    simulation.network().tamper(peer, [&](PeerNumber, const SharedBytes& message) {
      const auto whole = taken_apart(message);
      if (whole.contents.code != MessageCode::fetch_ans) return std::vector<SharedBytes>{message};
      ++lies;
      wire::Message changed = whole;
      Bytes contents = copy_of(whole.contents_wire);
      contents.back() ^= 1;
      changed.contents_wire = SharedBytes(std::move(contents));
      return std::vector<SharedBytes>{SharedBytes(wire::encode_message(changed))};
    });
  }
  EXPECT_NE(read(way.reader, way.key), "true");
  ASSERT_GT(lies, 0U);
  EXPECT_GE(status(way.reader).bad_signatures, lies);
  all_honest();
  EXPECT_EQ(read(way.reader, way.key), "true");
}

TEST_F(OnPath, AChangedHeaderCostsTheMessageAndNothingElse) {
  // Shows: SEC-13, SEC-14, FM-04.
  RINGWAY_SEED(simulation);
  const NodeId self = simulation.peer(way.reader).node_id();
  struct HeaderLie {
    std::function<void(wire::ForwardingHeader&)> change;
    bool refused = true;  // not refused is what the destination itself answers with an error
  };
  const std::vector<HeaderLie> lies = {
      {[](auto& header) { header.ttl = 255; }},
      {[](auto& header) { header.ttl = 0; }},
      {[](auto& header) {
        header.destination_list = {wire::to_resource(resource_id_of(std::string_view("x")))};
      }},
      {[](auto& header) { header.via_list = {wire::to_node(node_at(0x77))}; }},
      {[](auto& header) { header.via_list = {wire::CompressedDestination{0x9234}}; }},
      {[](auto& header) { header.via_list.assign(300, wire::to_node(node_at(0x77))); }},
      {[&](auto& header) { header.destination_list = {wire::to_node(self)}; }},
      {[](auto& header) {
         header.options = {{7, wire::k_option_destination_critical, {}}};
       },
       false},
      {[](auto& header) {
        header.options = {{7, wire::k_option_forward_critical, {}}};
      }},
      {[](auto& header) { header.configuration_sequence = 1; }},
      {[](auto& header) { header.overlay ^= 1; }},
      {[](auto& header) { header.max_response_length = 1; }, false},
      {[](auto& header) { header.transaction_id ^= 1; }},
  };
  for (std::size_t i = 0; i < lies.size(); ++i) {
    const auto refusals = [&] {
      return everywhere(&routing::RoutingStatus::dropped) +
             everywhere(&routing::RoutingStatus::implausible_answers) +
             everywhere(&routing::RoutingStatus::unknown_answers) +
             everywhere(&routing::RoutingStatus::bad_signatures);
    };
    const std::uint64_t before = refusals();
    std::size_t told = 0;
    on_path(way, MessageCode::fetch_req, [&](const SharedBytes& message) {
      ++told;
      return std::vector<SharedBytes>{with_header(message, lies[i].change)};
    });
    // Found, or not found out; never another value, and never that there is none.
    const std::string found = read(way.reader, way.key);
    EXPECT_TRUE(found == "true" || found.starts_with("error")) << found;
    EXPECT_FALSE(found.starts_with("error 1:")) << "lie " << i << " passed for the truth: " << found;
    ASSERT_GT(told, 0U) << i;
    if (found != "true" && lies[i].refused) {
      EXPECT_GT(refusals(), before) << "lie " << i << ": " << found;
    }
    all_honest();
    EXPECT_EQ(read(way.reader, way.key), "true") << "after lie " << i;
  }
}

TEST_F(OnPath, ForgedErrorsDoNotEndARequest) {
  // Shows: FM-26.
  RINGWAY_SEED(simulation);
  for (const ErrorCode code : {ErrorCode::not_found, ErrorCode::forbidden, ErrorCode::unknown_kind,
                               ErrorCode::config_too_old, ErrorCode::response_too_large}) {
    const auto before = status(way.reader).implausible_answers;
    forwarders_answer(MessageCode::error, wire::encode(wire::ErrorResponse{code, {}}), true);
    EXPECT_EQ(read(way.reader, way.key), "true") << static_cast<int>(code);
    EXPECT_GT(status(way.reader).implausible_answers, before);
  }
}

TEST_F(OnPath, AnAnswerOfWhoIsNotResponsibleDoesNotCount) {
  // Shows: SEC-14, FM-17, FM-20.
  RINGWAY_SEED(simulation);
  const auto before = status(way.reader).implausible_answers;
  forwarders_answer(MessageCode::fetch_ans, says_nothing_is_there(), true);
  EXPECT_EQ(read(way.reader, way.key), "true");
  EXPECT_GT(status(way.reader).implausible_answers, before);
}

TEST_F(OnPath, SwallowedRequestsAreNoAnswer) {
  // Shows: FM-20.
  RINGWAY_SEED(simulation);
  const Bytes gone = wire::encode(wire::ErrorResponse{ErrorCode::not_found, {}});
  forwarders_answer(MessageCode::error, gone, false);
  const auto before = status(way.reader).implausible_answers;
  const auto resent = status(way.reader).retransmissions;
  // It is not known; that there was nothing is not believed.
  const std::string found = read(way.reader, way.key);
  EXPECT_TRUE(found.starts_with("error")) << found;
  EXPECT_FALSE(found.starts_with("error 1:")) << found;
  EXPECT_GT(status(way.reader).implausible_answers, before);
  EXPECT_GT(status(way.reader).retransmissions, resent);
  all_honest();
  EXPECT_EQ(read(way.reader, way.key), "true");
}

}  // namespace
}  // namespace ringway::sim
