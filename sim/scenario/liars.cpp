#include "sim/scenario/liars.hpp"

#include <optional>
#include <utility>
#include <vector>

#include "reload/security/signer.hpp"
#include "reload/wire/message.hpp"
#include "reload/wire/storage_bodies.hpp"

namespace ringway::sim {

namespace {

using Messages = std::vector<SharedBytes>;

SharedBytes signed_answer(const security::Signer& signer, const wire::ForwardingHeader& header,
                          const Bytes& fetch_answer) {
  const Bytes contents = wire::encode(
      wire::MessageContents{wire::MessageCode::fetch_ans, SharedBytes(copy_of(fetch_answer)), {}});
  const Bytes input = security::message_signature_input(header.overlay, header.transaction_id, contents);
  const Bytes payload = wire::encode_payload(contents, security::make_security_block(signer, input, {}));
  Bytes whole = wire::encode_header(header, payload.size());
  append(whole, payload);
  return SharedBytes(std::move(whole));
}

// Made elsewhere and only passed on here: a request says so by its via list, an answer by its ttl.
bool of_others(const Simulation& simulation, const wire::ForwardingHeader& header) {
  return !header.via_list.empty() || header.ttl < simulation.configuration()->initial_ttl;
}

// An answer to a Fetch of one Kind begins with the length of its list and the Kind.
std::optional<KindId> first_kind(const SharedBytes& fetch_answer) {
  constexpr std::size_t k_length_bytes = 4;
  if (fetch_answer.size() < k_length_bytes + sizeof(KindId)) return std::nullopt;
  const BytesView bytes = fetch_answer.from(k_length_bytes);
  KindId kind = 0;
  for (std::size_t i = 0; i < sizeof(KindId); ++i) kind = (kind << 8U) | bytes[i];
  return kind;
}

}  // namespace

void pass_on_nothing(Simulation& simulation, PeerNumber liar) {
  simulation.network().tamper(liar, [&simulation](PeerNumber, const SharedBytes& message) {
    const auto parsed = wire::parse_header(message);
    return parsed && of_others(simulation, parsed->header) ? Messages{} : Messages{message};
  });
}

void deny_everything(Simulation& simulation, PeerNumber liar) {
  const auto signer = simulation.peer(liar).identity().signer;
  simulation.network().tamper(liar, [&simulation, signer](PeerNumber, const SharedBytes& message) {
    const auto parsed = wire::parse_header(message);
    if (!parsed || of_others(simulation, parsed->header)) return Messages{message};
    const auto honest = wire::decode_message(message);
    if (!honest || honest->contents.code != wire::MessageCode::fetch_ans) return Messages{message};
    const auto kind = first_kind(honest->contents.body);
    if (!kind) return Messages{message};
    wire::FetchAns nothing;
    nothing.kind_responses.resize(1);
    nothing.kind_responses[0].kind = *kind;
    return Messages{signed_answer(*signer, honest->header, wire::encode(nothing))};
  });
}

}  // namespace ringway::sim
