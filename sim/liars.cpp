#include "sim/liars.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "reload/config/known_kinds.hpp"
#include "reload/wire/bodies.hpp"
#include "reload/wire/message.hpp"
#include "reload/wire/storage_bodies.hpp"
#include "sim/signed_messages.hpp"

namespace ringway::sim {

using wire::MessageCode;

namespace {

constexpr std::uint8_t k_made_up = 8;  // items beside each that is there; the list is to fit into one message
constexpr std::uint32_t k_huge_bytes = 1U << 20U;
constexpr std::int64_t k_slowly_us = 1'500'000;  // shorter than who asks waits
constexpr std::size_t k_gives_one_of = 3;

// These answer for themselves only.
bool keeps_to_routing(Lie lie) { return lie == Lie::deny || lie == Lie::stale || lie == Lie::list; }

}  // namespace

void Liars::add(PeerNumber peer, Lie lie) {
  Liar& liar = liars_[peer];
  liar.lie = lie;
  liar.signer = simulation_.peer(peer).identity().signer;
  if (lie == Lie::stale) liar.held_once = all_held_by(peer);
  simulation_.network().tamper(peer, [this, peer](PeerNumber to, const SharedBytes& message) {
    return says(peer, liars_.at(peer), to, message);
  });
}

void Liars::all_honest() {
  for (const auto& [peer, liar] : liars_) simulation_.network().be_honest(peer);
  liars_.clear();
}

std::map<Bytes, wire::StoredData> Liars::all_held_by(PeerNumber peer) const {
  std::map<Bytes, wire::StoredData> all;
  const auto& store = simulation_.peer(peer).identity().disk();
  const NodeId self = simulation_.peer(peer).node_id();
  const auto listed = store.list(self, self, std::numeric_limits<std::size_t>::max());
  if (!listed) return all;
  for (const auto& at : *listed) {
    const auto state = store.load(at);
    if (!state) continue;
    for (const auto& record : state->records) all[copy_of(record->stored.value.key)] = record->stored;
  }
  return all;
}

Liars::Messages Liars::says(PeerNumber peer, Liar& liar, PeerNumber to, const SharedBytes& message) {
  const auto parsed = wire::parse_header(message);
  if (!parsed) return {message};
  const auto& header = parsed->header;
  // A request says so by its via list, an answer by its ttl.
  const bool of_others = !header.via_list.empty() || header.ttl < simulation_.configuration()->initial_ttl;
  if (of_others) return passes_on(peer, liar, *parsed, message);
  if (liar.lie == Lie::block) return {message};
  const auto code = code_of(*parsed, message);
  if (code == MessageCode::route_query_ans && !keeps_to_routing(liar.lie)) return {};
  if (liar.lie == Lie::list) {
    if (code == MessageCode::stat_ans) return lists(liar, message);
    return code == MessageCode::fetch_ans ? gives_slowly(peer, liar, to, message) : Messages{message};
  }
  return code == MessageCode::fetch_ans ? answers(liar, message) : Messages{message};
}

Liars::Messages Liars::passes_on(PeerNumber peer, const Liar& liar, const wire::ParsedHeader& parsed,
                                 const SharedBytes& message) {
  if (liar.lie == Lie::block) return {};
  if (keeps_to_routing(liar.lie)) return {message};
  const auto code = code_of(parsed, message);
  const auto& destination = parsed.header.destination_list.back();
  const auto* resource = std::get_if<wire::ResourceDestination>(&destination);
  // Who wants to join or to attach is let through: the ring is to stand.
  const bool reads = code == MessageCode::ping_req || code == MessageCode::ping_ans ||
                     code == MessageCode::fetch_req || code == MessageCode::fetch_ans ||
                     code == MessageCode::route_query_req || code == MessageCode::route_query_ans;
  if (!reads) return {message};
  if (liar.lie == Lie::drop || resource == nullptr || parsed.header.via_list.empty()) return {};
  const auto& via = parsed.header.via_list;
  const auto* back = std::get_if<wire::NodeDestination>(&via.back());
  if (back == nullptr) return {};
  wire::ForwardingHeader header;
  header.overlay = parsed.header.overlay;
  header.configuration_sequence = parsed.header.configuration_sequence;
  header.ttl = simulation_.configuration()->initial_ttl;
  header.transaction_id = parsed.header.transaction_id;
  header.destination_list.assign(via.rbegin(), via.rend());
  const auto& signer = liar.lie == Lie::collude ? nearest_to(ring_id_from(resource->id)) : *liar.signer;
  wire::FetchAns nothing;
  nothing.kind_responses.resize(1);
  nothing.kind_responses[0].kind = kind_asked_for(message);
  const bool ping = code == MessageCode::ping_req;
  const Bytes body = ping ? wire::encode(wire::PingAns{}) : wire::encode(nothing);
  simulation_.network().inject(
      peer, number_of(back->node),
      signed_by(signer, header, ping ? MessageCode::ping_ans : MessageCode::fetch_ans, body, {}));
  return {};
}

// Of a Fetch; of whatever else, 0.
KindId Liars::kind_asked_for(const SharedBytes& message) const {
  const auto request = wire::decode_message(message);
  if (!request) return 0;
  const auto fetch =
      wire::decode<wire::FetchReq>(request->contents.body, &simulation_.configuration()->kinds);
  return fetch && !fetch->specifiers.empty() ? fetch->specifiers[0].kind : 0;
}

Liars::Messages Liars::answers(const Liar& liar, const SharedBytes& message) const {
  if (liar.lie == Lie::drop) return {};
  const auto honest = wire::decode_message(message);
  if (!honest) return {message};
  auto answer = wire::decode<wire::FetchAns>(honest->contents.body, &simulation_.configuration()->kinds);
  if (!answer) return {message};
  for (auto& response : answer->kind_responses) {
    if (liar.lie != Lie::stale) response.values.clear();
    for (auto& value : response.values)
      if (const auto old = liar.held_once.find(copy_of(value.value.key)); old != liar.held_once.end())
        value = old->second;
  }
  return {signed_by(*liar.signer, honest->header, MessageCode::fetch_ans, wire::encode(*answer),
                    certificates_in(*honest))};
}

// Nobody has signed a list for its writers. What is huge is asked for alone, what is newer of nobody else.
Liars::Messages Liars::lists(Liar& liar, const SharedBytes& message) const {
  const auto honest = wire::decode_message(message);
  if (!honest) return {message};
  auto answer = wire::decode<wire::StatAns>(honest->contents.body, &simulation_.configuration()->kinds);
  if (!answer) return {message};
  for (auto& response : answer->kind_responses) {
    std::vector<wire::StoredMetaData> made_up;
    for (auto& value : response.values) {
      if (value.model != wire::DataModel::dictionary || value.key.empty()) continue;
      ++value.storage_time_ms;
      value.metadata.value_length = k_huge_bytes;
      for (std::uint8_t i = 1; i <= k_made_up; ++i) {
        made_up.push_back(value);
        made_up.back().key.back() ^= i;
      }
      liar.has_listed = true;
    }
    for (auto& value : made_up) {
      const bool is_there = std::any_of(response.values.begin(), response.values.end(),
                                        [&](const auto& other) { return other.key == value.key; });
      if (!is_there) response.values.push_back(std::move(value));
    }
  }
  return {signed_by(*liar.signer, honest->header, MessageCode::stat_ans, wire::encode(*answer),
                    certificates_in(*honest))};
}

// A whole answer goes as it is: only who reads in parts has seen the list.
Liars::Messages Liars::gives_slowly(PeerNumber peer, Liar& liar, PeerNumber to,
                                    const SharedBytes& message) const {
  const auto honest = wire::decode_message(message);
  if (!honest || !liar.has_listed) return {message};
  const auto answer =
      wire::decode<wire::FetchAns>(honest->contents.body, &simulation_.configuration()->kinds);
  if (!answer || answer->kind_responses.size() != 1 || answer->kind_responses[0].values.size() > 1)
    return {message};
  if (++liar.parts % k_gives_one_of != 0) return {};
  simulation_.clock().after_us(k_slowly_us, [&simulation = simulation_, peer, to, message] {
    (void)simulation.network().inject(peer, to, message);
  });
  return {};
}

const security::Signer& Liars::nearest_to(const RingId& point) const {
  const Liar* nearest = nullptr;
  for (const auto& [peer, liar] : liars_) {
    if (liar.lie != Lie::collude) continue;
    if (nearest == nullptr ||
        ring_distance(point, liar.signer->node_id()) < ring_distance(point, nearest->signer->node_id()))
      nearest = &liar;
  }
  return *nearest->signer;
}

PeerNumber Liars::number_of(const NodeId& node) const {
  for (PeerNumber number = 0; number < simulation_.size(); ++number)
    if (simulation_.peer(number).node_id() == node) return number;
  return 0;
}

}  // namespace ringway::sim
