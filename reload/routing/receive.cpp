// What arrives on a link, and forwarding (RFC 6940 §6.1). A message that is only passed on is never decoded
// behind its header, never re-encoded and never signed again.
#include <algorithm>

#include "reload/routing/routing_impl.hpp"

namespace ringway::routing {

using wire::ErrorCode;
using wire::MessageCode;

namespace {

// The message code stands first in MessageContents; only a first fragment has it.
MessageCode code_of(const wire::ForwardingHeader& header, BytesView payload) {
  if (header.fragment_offset() != 0 || payload.size() < 2) return MessageCode::invalid;
  return static_cast<MessageCode>((payload[0] << 8) | payload[1]);
}

// Longer lists are no way through any ring (ttl ends at 100 by default), and cost whoever looks for
// repetitions.
constexpr std::size_t k_max_list_entries = 256;

bool repeats_an_entry(const wire::DestinationList& list) {
  for (std::size_t i = 0; i < list.size(); ++i)
    if (std::find(list.begin() + static_cast<std::ptrdiff_t>(i) + 1, list.end(), list[i]) != list.end())
      return true;
  return false;
}

std::optional<RingId> point_of(const wire::Destination& destination) {
  if (const auto* node = std::get_if<wire::NodeDestination>(&destination)) return node->node;
  if (const auto* resource = std::get_if<wire::ResourceDestination>(&destination))
    if (resource->id.size() == k_node_id_size_bytes) return ring_id_from(resource->id);
  return std::nullopt;
}

}  // namespace

void RoutingComponent::Impl::on(LinkMessage& input) {
  auto* link = links_.find(input.link);
  if (link == nullptr) {
    if (channels_)
      if (const auto channel = channels_->by_link.find(input.link); channel != channels_->by_link.end())
        return channel_message(channel->second, std::move(input.bytes));
    ++counters_.dropped;
    return;
  }
  links_.heard(*link, now_.mono);
  receive({link->id, link->node}, input.bytes);
}

void RoutingComponent::Impl::receive(const Hop& from, const SharedBytes& bytes) {
  auto parsed = wire::parse_header(bytes);
  if (!parsed) {
    const auto& header = parsed.error().header;  // of another version, but read all the same
    if (header)
      return refuse(from, *header, bytes.from(wire::header_size_bytes(*header)),
                    ErrorCode::incompatible_with_overlay, "another version");
    ++counters_.dropped;  // nothing trustworthy to answer to
    return;
  }
  const SharedBytes payload = bytes.from(parsed->size_bytes);
  if (!acceptable(from, parsed->header, payload)) return;
  route(from, std::move(parsed->header), payload);
}

// The checks of RFC 6940 §6.1 and §6.3.2 that come before everything else; each failure has its answer.
bool RoutingComponent::Impl::acceptable(const Hop& from, const wire::ForwardingHeader& header,
                                        BytesView payload) {
  if (header.overlay != overlay_hash_) {
    refuse(from, header, payload, ErrorCode::incompatible_with_overlay, "another overlay");
  } else if (header.length > configuration_->max_message_size_bytes) {
    refuse(from, header, payload, ErrorCode::message_too_large, "above max-message-size");
    out_->push_back(CloseLink{from.link, "message above max-message-size"});  // WIRE-32
  } else if (header.ttl > configuration_->initial_ttl) {
    refuse(from, header, payload, ErrorCode::ttl_exceeded, "ttl above initial-ttl");  // ROUTE-20
  } else if (header.destination_list.empty()) {
    refuse(from, header, payload, ErrorCode::invalid_message, "empty destination list");
  } else if (header.destination_list.size() > k_max_list_entries ||
             header.via_list.size() > k_max_list_entries) {
    refuse(from, header, payload, ErrorCode::invalid_message, "a list of too many entries");
  } else if (repeats_an_entry(header.destination_list)) {
    refuse(from, header, payload, ErrorCode::invalid_message, "repeated destination-list entry");  // ROUTE-21
  } else {
    return true;
  }
  return false;
}

// RFC 6940 §6.1: only the first entry decides. `from` is this peer itself for what it originates.
void RoutingComponent::Impl::route(const Hop& from, wire::ForwardingHeader header,
                                   const SharedBytes& payload) {
  auto& list = header.destination_list;
  while (true) {
    if (!expand_opaque(list)) {
      ++counters_.dropped;  // stale or foreign: silent (RFC 6940 §6.3.2.2)
      return;
    }
    const auto* node = std::get_if<wire::NodeDestination>(&list.front());
    if (node == nullptr || node->node != self()) break;
    if (list.size() == 1) return for_us(from, header, payload);
    list.erase(list.begin());
  }
  const wire::Destination first = list.front();
  if (const auto* node = std::get_if<wire::NodeDestination>(&first);
      node != nullptr && node->node == wildcard_node()) {
    if (from.link != LinkId{}) return for_us(from, header, payload);
    return forward(from, std::move(header), payload, first);
  }
  const auto point = point_of(first);
  if (!point) {
    ++counters_.dropped;
    return;
  }
  if (std::holds_alternative<wire::ResourceDestination>(first)) {
    if (topology_->responsible_for(*point)) return for_us(from, header, payload);
    // The admitting peer may already send us what will be ours in a moment (TOPO-18).
    if (topology_->waiting_to_be_admitted() && from.link != LinkId{} &&
        under_way().deferred.size() < k_max_deferred) {
      Bytes whole = wire::encode_header(header, payload.size());
      append(whole, payload);
      under_way().deferred.emplace_back(from, SharedBytes(std::move(whole)));
      return;
    }
  } else if (topology_->responsible_for(*point) && links_.to(as_node(*point)) == nullptr) {
    ++counters_.dropped;  // a node of our range that is not connected: silent (RFC 6940 §6.1.1)
    return;
  }
  forward(from, std::move(header), payload, first);
}

bool RoutingComponent::Impl::expand_opaque(wire::DestinationList& list) const {
  while (!list.empty()) {
    if (std::holds_alternative<wire::OpaqueDestination>(list.front()) ||
        std::holds_alternative<wire::UnknownDestination>(list.front()))
      return false;  // we hand out the two-byte form only
    const auto* id = std::get_if<wire::CompressedDestination>(&list.front());
    if (id == nullptr) return true;
    const auto original = opaque_.find(now_.mono, *id);
    if (!original) return false;
    list.erase(list.begin());
    list.insert(list.begin(), original->begin(), original->end());
  }
  return false;
}

// RFC 6940 §6.1.2: a direct link if there is one, else the topology's next hop.
std::optional<NodeId> RoutingComponent::Impl::hop_towards(const wire::Destination& first) {
  if (const auto* node = std::get_if<wire::NodeDestination>(&first))
    if (links_.to(node->node) != nullptr) return node->node;
  const auto point = point_of(first);
  return point ? topology_->next_hop(*point) : std::nullopt;
}

// A request of ours that was to take a way of its own, or go over one link: the peer at its first hop has
// none but through us. (The answer would not come: on its way back it would name this peer twice, ROUTE-21.)
// So ends each check for partitions in a ring that is one (RFC 6940 §10.7.4.4): its point lies behind this
// very peer.
bool RoutingComponent::Impl::has_come_back(const wire::ForwardingHeader& header) const {
  const auto ours = under_way().transactions.find(header.transaction_id);
  return ours != under_way().transactions.end() && (ours->second.way || ours->second.first_link);
}

void RoutingComponent::Impl::forward(const Hop& from, wire::ForwardingHeader header,
                                     const SharedBytes& payload, const wire::Destination& first) {
  const bool ours = from.link == LinkId{};
  if (!ours) {
    // ROUTE-27: who has not joined forwards nothing. Who bootstraps through us shall not have to wait to find
    // out.
    if (!topology_->joined() && topology_->phase() != "leaving") {
      if (code_of(header, payload) == MessageCode::attach_req && header.via_list.empty())
        return refuse(from, header, payload, ErrorCode::not_found, "has not joined");
      ++counters_.dropped;
      return;
    }
    if (has_come_back(header)) {
      const std::string_view reason = "this way leads back here";
      return finish(header.transaction_id,
                    RequestFailure{ErrorCode::loop_detected, copy_of(view_of(reason)), true, k_no_node});
    }
    if (header.ttl == 0) return refuse(from, header, payload, ErrorCode::ttl_exceeded, "ttl is used up");
    for (const auto& option : header.options)
      if ((option.flags & wire::k_option_forward_critical) != 0)
        return refuse(from, header, payload, ErrorCode::unsupported_forwarding_option,
                      "unknown forwarding option");
    --header.ttl;
    // Answers need no record of their way; of a later fragment nobody knows which it is.
    if (!wire::is_answer(code_of(header, payload))) {
      header.via_list.push_back(wire::to_node(from.node));
      if (compress_via_lists_ && header.via_list.size() > 1) {
        wire::DestinationList reversed(header.via_list.rbegin(), header.via_list.rend());
        if (const auto id = opaque_.keep(now_.mono, std::move(reversed))) header.via_list = {*id};
      }
    }
  }
  const auto next = hop_towards(first);
  if (next && transmit(*next, header, payload)) {
    if (!ours) ++counters_.forwarded;
    return;
  }
  ++counters_.dropped;
}

bool RoutingComponent::Impl::transmit(const NodeId& to, const wire::ForwardingHeader& header,
                                      const SharedBytes& payload) {
  const auto* link = links_.to(to);
  if (link == nullptr) return false;
  transmit_on(link->id, header, payload);
  return true;
}

void RoutingComponent::Impl::transmit_on(LinkId link, const wire::ForwardingHeader& header,
                                         const SharedBytes& payload) {
  out_->push_back(Transmit{link, wire::encode_header(header, payload.size()), payload});
}

// The message has arrived where it is going. Fragments are joined first; the signature is checked on the
// pool.
void RoutingComponent::Impl::for_us(const Hop& from, const wire::ForwardingHeader& header,
                                    const SharedBytes& payload) {
  if (header.is_whole()) return inspect(from, header, payload);
  auto joined = reassembler().add(now_.mono, header, payload, from.link.number);
  reassembly_check_ = now_.mono + wire::k_fragment_timeout;
  if (!joined) {
    ++counters_.dropped;
    return;
  }
  if (*joined) inspect(from, (*joined)->header, (*joined)->payload);
}

wire::Reassembler& RoutingComponent::Impl::reassembler() {
  if (!reassembler_)
    reassembler_ = std::make_unique<wire::Reassembler>(wire::ReassemblyLimits{
        configuration_->max_message_size_bytes, k_max_reassembled, limits_->max_reassembly_bytes});
  return *reassembler_;
}

void RoutingComponent::Impl::inspect(const Hop& from, const wire::ForwardingHeader& header,
                                     const SharedBytes& payload) {
  std::optional<ResourceId> fetch_resource;
  if (wire::is_answer(code_of(header, payload))) {
    const auto known = under_way().transactions.find(header.transaction_id);
    if (known == under_way().transactions.end()) {
      ++counters_.unknown_answers;  // ROUTE-36; not worth a signature check
      return;
    }
    fetch_resource = known->second.fetch_resource;
  }
  // A document may be the last that is said over a link: to a node that it shuts out.
  const bool last_words = code_of(header, payload) == MessageCode::config_update_req;
  const std::uint64_t ticket = under_way().inspections.add(from.link, from.node, payload, last_words);
  if (ticket == 0) {
    ++counters_.dropped;
    return;
  }
  out_->push_back(Inspect{ticket, wire::ParsedHeader{header, 0}, payload, fetch_resource});
}

void RoutingComponent::Impl::on(Inspected& input) {
  for (auto& ready : under_way().inspections.settle(input.ticket, std::move(input.verdict))) process(ready);
}

void RoutingComponent::Impl::process(InspectionQueue::Ready& ready) {
  if (!ready.verdict->ok()) {
    ++counters_.bad_signatures;  // dropped, never answered (RFC 6940 §6.3.4)
    if (security::is_revocation(ready.verdict->error())) ++counters_.refused_revoked;
    return;
  }
  const auto message = std::make_shared<const security::InspectedMessage>(std::move(*ready.verdict).value());
  if (configuration_->is_revoked(*message->signer)) {  // it was checked by the document before
    ++counters_.bad_signatures;
    ++counters_.refused_revoked;
    return;
  }
  const Hop from{ready.link, ready.arrived_from};
  const auto code = message->message.contents.code;
  if (wire::is_answer(code)) return answer_arrived(from, message);
  // The range may have changed hands while the signature was checked (TOPO-18).
  const auto& list = message->message.header.destination_list;
  if (const auto* resource = std::get_if<wire::ResourceDestination>(&list.front())) {
    if (resource->id.size() != k_node_id_size_bytes) return;
    if (!topology_->responsible_for(ring_id_from(resource->id)))
      return route(from, message->message.header, ready.bytes);
  }
  ++counters_.delivered;
  request_arrived(from, message);
}

// An error from a node that is not the destination: on a request only, back the way it came.
void RoutingComponent::Impl::refuse(const Hop& from, const wire::ForwardingHeader& header, BytesView payload,
                                    ErrorCode code, std::string_view reason) {
  ++counters_.dropped;
  if (from.link == LinkId{} || !wire::is_request(code_of(header, payload))) return;
  const Bytes body = wire::encode(wire::ErrorResponse{code, copy_of(view_of(reason))});
  Served served;
  served.arrived_from = from.node;
  served.link = from.link;
  served.transaction_id = header.transaction_id;
  served.via_list = header.via_list;
  transmit_answer(served, make_payload(header.transaction_id, MessageCode::error, body, {}));
}

}  // namespace ringway::routing
