#include "tests/fuzz/peer/stage/player.hpp"

#include <algorithm>
#include <map>

namespace ringway::fuzz {
namespace {

constexpr std::size_t k_header_length_offset = 16;
constexpr std::uint8_t k_option_type = 42;
constexpr TransactionId k_repeated_transactions = 0x5000;

// Bits of the options byte, above the three flags of a forwarding option.
constexpr std::size_t k_later_sequence = 0x08;
constexpr std::size_t k_earlier_sequence = 0x10;
constexpr std::size_t k_critical_extension = 0x20;
constexpr std::size_t k_any_sequence = 0x40;
constexpr std::size_t k_short_answers = 0x80;

// Bits of the via list's byte, above the number of entries.
constexpr std::size_t k_compressed_via = 0x04;
constexpr std::size_t k_long_via = 0x08;
constexpr std::size_t k_long_via_entries = 3500;

SharedBytes payload_of(const Role& author, const wire::ForwardingHeader& header, wire::MessageCode code,
                       const Bytes& body, const std::vector<wire::MessageExtension>& extensions,
                       const std::vector<SharedBytes>& certificates) {
  const Bytes contents = wire::encode(wire::MessageContents{code, SharedBytes(body), extensions});
  const Bytes input = security::message_signature_input(header.overlay, header.transaction_id, contents);
  return SharedBytes(
      wire::encode_payload(contents, security::make_security_block(*author.signer, input, certificates)));
}

wire::ForwardingHeader usual_header(const config::Configuration& configuration, TransactionId id) {
  wire::ForwardingHeader header;
  header.overlay = configuration.overlay_hash();
  header.configuration_sequence = configuration.sequence;
  header.ttl = configuration.initial_ttl;
  header.transaction_id = id;
  return header;
}

// The vectors for raw(): signed once in a process.
const Bytes& signed_vector(std::size_t who, Sample sample) {
  static std::map<std::pair<std::size_t, Sample>, Bytes> made;
  Bytes& bytes = made[{who, sample}];
  if (bytes.empty()) {
    const Words& said = words(who, sample);
    auto header = usual_header(*cast().usual.present, 0x7000 + static_cast<TransactionId>(sample));
    header.destination_list = {said.resource ? wire::to_resource(*said.resource)
                                             : wire::to_node(cast().peer.node)};
    const auto payload =
        payload_of(cast().neighbors[who], header, said.code, said.body, {}, said.certificates_der);
    bytes = wire::encode_header(header, payload.size());
    append(bytes, payload);
  }
  return bytes;
}

void correct_length(Bytes& message) {
  if (message.size() < k_header_length_offset + 4) return;
  for (std::size_t i = 0; i < 4; ++i)
    message[k_header_length_offset + i] = static_cast<std::uint8_t>(message.size() >> (8 * (3 - i)));
}

}  // namespace

// ---- choices ----------------------------------------------------------------------------------------------

std::optional<link::LinkId> Player::some_link() {
  const auto& links = stage_.neighbor(who_).links();
  const std::size_t which = script_.number(1);
  if (links.empty()) return std::nullopt;
  return links[links.size() - 1 - which % links.size()];  // 0: the newest
}

Sample Player::some_sample() {
  return static_cast<Sample>(script_.number(1) % static_cast<std::size_t>(Sample::count));
}

const Role& Player::some_author() {
  const std::size_t which = script_.number(1);
  return cast().neighbors[which == 0 ? who_ : which % k_neighbors];
}

Bytes Player::edited(Bytes bytes) {
  const std::size_t edits = script_.number(1) % 8;
  for (std::size_t i = 0; i < edits; ++i) {
    const std::size_t at = script_.number(2);
    const auto value = static_cast<std::uint8_t>(script_.number(1));
    if (!bytes.empty()) bytes[at % bytes.size()] = value;
  }
  const std::size_t end = script_.number(1);
  if (end < k_cut_from) return bytes;
  if (end < k_lengthen_from) {
    bytes.resize(script_.number(2) % (bytes.size() + 1));
  } else if (end < k_replace_from) {
    append(bytes, script_.take(script_.number(1)));
  } else {
    bytes = copy_of(script_.take(script_.number(1)));
  }
  return bytes;
}

wire::DestinationList Player::some_destination(std::size_t which, const Words& said) {
  const NodeId& peer = cast().peer.node;
  const NodeId& other = cast().neighbors[(who_ + 1) % k_neighbors].node;
  switch (which % 8) {
    case 0:
      if (said.resource) return {wire::to_resource(*said.resource)};
      return {wire::to_node(peer)};
    case 1:
      return {wire::to_resource(peer)};
    case 2:
      return {wire::to_node(wildcard_node())};
    case 3:
      return {wire::to_node(other)};
    case 4:
      return {wire::to_resource(other)};
    case 5:
      return {wire::to_node(peer), wire::to_node(other)};
    case 6: {
      auto id = static_cast<std::uint16_t>(0x8000U | script_.number(2));
      if (id == 0x8000U && stage_.last_compressed()) id = *stage_.last_compressed();
      wire::DestinationList list{wire::CompressedDestination{id}};
      const auto more = some_via_list(script_.number(1));
      list.insert(list.end(), more.begin(), more.end());
      return list;
    }
    default:
      switch (script_.number(1) % 4) {
        case 0:
          return {wire::OpaqueDestination{{1, 2, 3}}};
        case 1:
          return {wire::UnknownDestination{100, {1, 2, 3}}, wire::to_node(peer)};
        case 2:
          return {wire::ResourceDestination{Bytes(5, 7)}};
        default:
          return {wire::to_node(peer), wire::ResourceDestination{Bytes(20, 7)}};
      }
  }
}

wire::DestinationList Player::some_via_list(std::size_t which) {
  wire::DestinationList list;
  if ((which & k_long_via) != 0 && stage_.configuration().max_message_size_bytes > 100'000) {
    for (std::size_t i = 0; i < k_long_via_entries; ++i) {
      NodeId node = test::node_id(0x10);
      node.bytes[1] = static_cast<std::uint8_t>(i >> 8U);
      node.bytes[2] = static_cast<std::uint8_t>(i);
      list.push_back(wire::to_node(node));
    }
  }
  for (std::size_t i = 0; i < which % 4; ++i) {
    if ((which & k_compressed_via) != 0)
      list.push_back(wire::CompressedDestination{static_cast<std::uint16_t>(0x8000U | script_.number(2))});
    else
      list.push_back(wire::to_node(cast().neighbors[(who_ + 1 + i) % k_neighbors].node));
  }
  return list;
}

wire::ForwardingHeader Player::some_header(const Words& said) {
  const std::size_t destination = script_.number(1);
  const std::size_t via = script_.number(1);
  const std::size_t ttl = script_.number(1);
  const std::size_t options = script_.number(1);
  const std::size_t transaction = script_.number(1);
  auto header =
      usual_header(stage_.configuration(),
                   transaction == 0 ? stage_.fresh_transaction() : k_repeated_transactions + transaction);
  header.destination_list = some_destination(destination, said);
  header.via_list = some_via_list(via);
  if (ttl != 0) header.ttl = static_cast<std::uint8_t>(ttl - 1);
  if ((options & 0x07U) != 0)
    header.options = {{k_option_type, static_cast<std::uint8_t>(options & 0x07U), {1, 2, 3}}};
  if ((options & k_later_sequence) != 0) ++header.configuration_sequence;
  if ((options & k_earlier_sequence) != 0) --header.configuration_sequence;
  if ((options & k_any_sequence) != 0) header.configuration_sequence = config::k_any_sequence;
  if ((options & k_short_answers) != 0) header.max_response_length = 600;
  critical_extension_ = (options & k_critical_extension) != 0;
  return header;
}

// ---- what is done -----------------------------------------------------------------------------------------

void Player::hang_up() {
  if (const auto link = some_link()) stage_.hang_up(who_, *link);
}

void Player::raw() {
  const auto link = some_link();
  const Sample sample = some_sample();
  const bool keep_length = script_.number(1) % 2 == 1;
  Bytes message = edited(signed_vector(who_, sample));
  if (!keep_length) correct_length(message);
  if (link) stage_.transmit_raw(who_, *link, std::move(message));
}

void Player::send() {
  const auto link = some_link();
  const Words& said = words(who_, some_sample());
  const auto header = some_header(said);
  if (link) say(*link, header, some_author(), said);
}

void Player::answer() {
  const auto& asked = stage_.neighbor(who_).asked();
  const std::size_t which = script_.number(1);
  const std::size_t what = script_.number(1);  // 0: the right sort of answer
  if (asked.empty()) return;
  const auto request = asked[asked.size() - 1 - which % asked.size()];  // 0: the newest
  const Sample sample = what == 0 ? answer_sample(wire::answer_to(request.code))
                                  : static_cast<Sample>(what % static_cast<std::size_t>(Sample::count));
  auto header = usual_header(stage_.configuration(), request.transaction_id);
  header.destination_list = {wire::to_node(cast().peer.node)};
  const Words& said = words(who_, sample);
  say(request.link, header, some_author(), said);
}

void Player::say(link::LinkId link, const wire::ForwardingHeader& header, const Role& author,
                 const Words& said) {
  const std::size_t fragments = script_.number(1);
  const std::size_t order = fragments == 0 ? 0 : script_.number(1);
  const Bytes body = edited(said.body);
  std::vector<wire::MessageExtension> extensions;
  if (critical_extension_) extensions.push_back({1, true, {1}});
  const auto payload = payload_of(author, header, said.code, body, extensions, said.certificates_der);
  if (fragments == 0) return stage_.transmit(who_, link, header, payload);
  // Two parts; they may overlap, change places, or be sent twice or not at all.
  const std::size_t cut = payload.size() * fragments / 256;
  const std::size_t overlap = (order & 1U) != 0 ? std::min<std::size_t>(cut, 3) : 0;
  wire::ForwardingHeader first = header;
  first.fragment = wire::k_fragment_always;
  wire::ForwardingHeader last = header;
  last.fragment = wire::k_whole_message | static_cast<std::uint32_t>(cut - overlap);
  const auto send_first = [&] { stage_.transmit(who_, link, first, payload.slice(0, cut)); };
  if ((order & 2U) == 0 && cut > 0) send_first();
  if ((order & 4U) == 0) stage_.transmit(who_, link, last, payload.from(cut - overlap));
  if ((order & 8U) != 0 && cut > 0) send_first();
}

}  // namespace ringway::fuzz
