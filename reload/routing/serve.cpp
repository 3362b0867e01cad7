// Requests for this peer: duplicates, configuration sequence, extensions, options; what routing and topology
// answer themselves, and what goes to storage (RFC 6940 §6.1.1, §6.2.2, §6.3.2.1, §6.4, §6.5).
#include <algorithm>

#include "reload/routing/routing_impl.hpp"

namespace ringway::routing {

using wire::ErrorCode;
using wire::MessageCode;

namespace {

// To read again does no harm, and such answers are large or, of Pings, many.
bool is_answer_to_read(MessageCode code) {
  return code == MessageCode::fetch_ans || code == MessageCode::stat_ans || code == MessageCode::find_ans ||
         code == MessageCode::ping_ans || code == MessageCode::probe_ans;
}

}  // namespace

void RoutingComponent::Impl::request_arrived(
    const Hop& from, const std::shared_ptr<const security::InspectedMessage>& message) {
  const auto& header = message->message.header;
  Served served;
  served.signer = message->signer_node;
  served.arrived_from = from.node;
  served.link = from.link;
  served.transaction_id = header.transaction_id;
  served.via_list = header.via_list;
  served.max_response_length = header.max_response_length;
  for (const auto& option : header.options) {
    if ((option.flags & wire::k_option_response_copy) == 0) continue;
    // FWD-04: without the three flags.
    constexpr std::uint8_t k_kept =
        0xFF & ~(wire::k_option_forward_critical | wire::k_option_destination_critical |
                 wire::k_option_response_copy);
    served.copied_options.push_back(
        {option.type, static_cast<std::uint8_t>(option.flags & k_kept), option.value});
  }
  if (const auto* before = answers().find(now_.mono, message->signer_node, header.transaction_id)) {
    ++counters_.duplicates;
    if (before->answered) return transmit_answer(served, before->payload);
    const auto unanswered = under_way().served.find(before->request);
    if (unanswered != under_way().served.end())
      unanswered->second = std::move(served);  // the answer takes the newest way back
    return;
  }
  if (under_way().served.size() >= limits_->max_served_requests) {
    ++counters_.dropped;  // shed load (ROUTE-34); the sender tries again
    return;
  }
  const std::uint64_t request = next_request_++;
  answers().remember(now_.mono, message->signer_node, header.transaction_id, request);
  if (!answers_check_) answers_check_ = now_.mono + k_max_request_lifetime;
  under_way().served.emplace(request, std::move(served));
  if (request_acceptable(request, *message)) serve(request, message);
}

bool RoutingComponent::Impl::request_acceptable(std::uint64_t request,
                                                const security::InspectedMessage& message) {
  const auto& header = message.message.header;
  const auto code = message.message.contents.code;
  // CONFIG-24, CONFIG-25, CONFIG-28.
  const std::uint16_t theirs = header.configuration_sequence;
  const bool exempt = code == MessageCode::config_update_req && theirs == config::k_any_sequence;
  if (!exempt && theirs != configuration_->sequence) {
    const bool too_old = config::sequence_newer(configuration_->sequence, theirs);
    const Served served = under_way().served.at(request);
    answer_error(request, too_old ? ErrorCode::config_too_old : ErrorCode::config_too_new,
                 "configuration sequence differs");
    if (too_old) {
      bring_up_to_date(served.signer, way_back(served));
    }
    return false;
  }
  for (const auto& extension : message.message.contents.extensions) {
    if (!extension.critical) continue;
    answer_error(request, ErrorCode::unknown_extension, "unknown critical extension");
    return false;
  }
  for (const auto& option : header.options) {
    if ((option.flags & wire::k_option_destination_critical) == 0) continue;
    answer_error(request, ErrorCode::unsupported_forwarding_option, "unknown forwarding option");
    return false;
  }
  // SEC-32: which of its Node-IDs a node uses on a link is only known after an Attach.
  const Served& served = under_way().served.at(request);
  const bool from_neighbor = header.via_list.empty() && served.link != LinkId{};
  if (from_neighbor && message.signer->node_ids().size() > 1 && !links_.attached_to(served.arrived_from) &&
      code != MessageCode::ping_req && code != MessageCode::attach_req) {
    answer_error(request, ErrorCode::forbidden, "attach first");
    return false;
  }
  return true;
}

void RoutingComponent::Impl::serve(std::uint64_t request,
                                   const std::shared_ptr<const security::InspectedMessage>& message) {
  switch (message->message.contents.code) {
    case MessageCode::ping_req:
      return serve_ping(request, *message);
    case MessageCode::probe_req:
      return serve_probe(request, *message);
    case MessageCode::attach_req:
      return serve_attach(request, *message);
    case MessageCode::join_req:
      return serve_join(request, *message);
    case MessageCode::leave_req:
      return serve_leave(request, *message);
    case MessageCode::update_req:
      return serve_update(request, *message);
    case MessageCode::route_query_req:
      return serve_route_query(request, *message);
    case MessageCode::config_update_req:
      return serve_config_update(request, *message);
    case MessageCode::store_req:
    case MessageCode::fetch_req:
    case MessageCode::stat_req:
    case MessageCode::find_req:
      if (!message->body_fault.empty())
        return answer_error(request, ErrorCode::invalid_message, message->body_fault);
      out_->push_back(DeliverRequest{request, message, under_way().served.at(request).arrived_from});
      return;
    case MessageCode::app_attach_req:
      return serve_app_attach(request, *message);
    default:
      return answer_error(request, ErrorCode::invalid_message, "unknown method");
  }
}

// ---- answers
// --------------------------------------------------------------------------------------------------------

void RoutingComponent::Impl::on(SendAnswer& input) {
  answer(input.request, input.code, input.body, input.certificates_der);
}

void RoutingComponent::Impl::answer(std::uint64_t request, MessageCode code, BytesView body,
                                    const std::vector<SharedBytes>& certificates) {
  const auto found = under_way().served.find(request);
  if (found == under_way().served.end()) return;
  const Served served = std::move(found->second);
  under_way().served.erase(found);
  SharedBytes payload = make_payload(served.transaction_id, code, body, certificates);
  const std::size_t size = payload.size() + wire::k_fixed_header_size_bytes;
  const bool too_large = (served.max_response_length != 0 && size > served.max_response_length) ||
                         size > configuration_->max_message_size_bytes;
  if (too_large) {  // WIRE-17, AMB-09
    const Bytes error = wire::encode(wire::ErrorResponse{ErrorCode::response_too_large, {}});
    payload = make_payload(served.transaction_id, MessageCode::error, error, {});
  }
  ++counters_.answered;
  if (is_answer_to_read(code)) {
    answers().forget(served.signer, served.transaction_id);
  } else {
    answers().answered(served.signer, served.transaction_id, payload);
  }
  transmit_answer(served, payload);
}

void RoutingComponent::Impl::answer_error(std::uint64_t request, ErrorCode code, std::string_view reason) {
  answer(request, MessageCode::error, wire::encode(wire::ErrorResponse{code, copy_of(view_of(reason))}));
}

// RFC 6940 §6.1.2, AMB-07: to the node it came from, then along the via list reversed.
wire::DestinationList RoutingComponent::Impl::way_back(const Served& served) {
  wire::DestinationList list{wire::to_node(served.arrived_from)};
  list.insert(list.end(), served.via_list.rbegin(), served.via_list.rend());
  return list;
}

void RoutingComponent::Impl::transmit_answer(const Served& served, const SharedBytes& payload) {
  wire::ForwardingHeader header;
  header.overlay = overlay_hash_;
  header.configuration_sequence = configuration_->sequence;
  header.ttl = configuration_->initial_ttl;
  header.transaction_id = served.transaction_id;
  header.options = served.copied_options;
  header.destination_list = way_back(served);
  if (served.link != LinkId{} && links_.find(served.link) != nullptr)
    return transmit_on(served.link, header, payload);
  route(here(), std::move(header), payload);
}

// ---- what routing answers itself
// ------------------------------------------------------------------------------------

void RoutingComponent::Impl::serve_ping(std::uint64_t request, const security::InspectedMessage& message) {
  if (!wire::decode<wire::PingReq>(message.message.contents.body))
    return answer_error(request, ErrorCode::invalid_message, "malformed Ping");
  answer(request, MessageCode::ping_ans, wire::encode(wire::PingAns{random_->next(), now_.wall_ms}));
}

// WIRE-31: only what was asked and is known here; how much is stored is not routing's to know.
void RoutingComponent::Impl::serve_probe(std::uint64_t request, const security::InspectedMessage& message) {
  const auto probe = wire::decode<wire::ProbeReq>(message.message.contents.body);
  if (!probe) return answer_error(request, ErrorCode::invalid_message, "malformed Probe");
  wire::ProbeAns reply;
  for (const auto type : probe->requested) {
    wire::Writer value;
    if (type == wire::ProbeInformationType::uptime) {
      value.u32(topology_->uptime_s(now_));
    } else if (type == wire::ProbeInformationType::responsible_set) {
      const auto view = topology_->view();
      double share = view->joined ? 1.0 : 0.0;
      if (view->joined && !view->predecessors.empty()) {
        const RingId width = ring_distance(view->predecessors.front(), self());
        share = 0;
        for (std::size_t i = 8; i-- > 0;) share = (share + width.bytes[i]) / 256;
      }
      value.u32(static_cast<std::uint32_t>(share * 1e9));
    } else {
      continue;
    }
    reply.information.push_back({type, value.take()});
  }
  answer(request, MessageCode::probe_ans, wire::encode(reply));
}

void RoutingComponent::Impl::serve_route_query(std::uint64_t request,
                                               const security::InspectedMessage& message) {
  const auto query = wire::decode<wire::RouteQueryReq>(message.message.contents.body);
  if (!query) return answer_error(request, ErrorCode::invalid_message, "malformed RouteQuery");
  RingId point;
  if (const auto* node = std::get_if<wire::NodeDestination>(&query->destination)) {
    point = node->node;
  } else if (const auto* resource = std::get_if<wire::ResourceDestination>(&query->destination);
             resource != nullptr && resource->id.size() == k_node_id_size_bytes) {
    point = ring_id_from(resource->id);
  } else {
    return answer_error(request, ErrorCode::not_found, "no route to that destination");  // ROUTE-32
  }
  NodeId next = self();
  if (!topology_->responsible_for(point))
    if (const auto hop = hop_towards(query->destination)) next = *hop;
  answer(request, MessageCode::route_query_ans, wire::encode(wire::ChordRouteQueryAns{next}));
  if (!query->send_update || !topology_->joined()) return;
  if (!under_way().solicited_updates.insert(message.signer_node).second) return;  // it is on its way already
  tell_topology([&](auto& actions) { topology_->on_update_wanted(now_, message.signer_node, actions); });
}

// Join, Leave and Update come straight from the node they speak of (RFC 6940 §6.4.2.1, SEC-30, FM-05).
bool RoutingComponent::Impl::bound_to_link(std::uint64_t request, const NodeId& claimed) {
  const Served& served = under_way().served.at(request);
  if (served.via_list.empty() && served.arrived_from == claimed && served.signer == claimed &&
      claimed != self())
    return true;
  ++counters_.refused_membership;
  answer_error(request, ErrorCode::forbidden, "not from the node at the other end of the link");
  return false;
}

void RoutingComponent::Impl::serve_join(std::uint64_t request, const security::InspectedMessage& message) {
  const auto join = wire::decode<wire::JoinReq>(message.message.contents.body);
  if (!join) return answer_error(request, ErrorCode::invalid_message, "malformed Join");
  if (!bound_to_link(request, join->joining_peer_id)) return;
  tell_topology([&](auto& actions) {
    const auto error = topology_->on_join(now_, join->joining_peer_id, actions);
    if (error) return answer_error(request, *error, "cannot admit now");
    answer(request, MessageCode::join_ans, wire::encode(wire::JoinAns{}));
  });
}

void RoutingComponent::Impl::serve_leave(std::uint64_t request, const security::InspectedMessage& message) {
  const auto leave = wire::decode<wire::LeaveReq>(message.message.contents.body);
  if (!leave) return answer_error(request, ErrorCode::invalid_message, "malformed Leave");
  if (!bound_to_link(request, leave->leaving_peer_id)) return;
  auto data = wire::decode<wire::ChordLeaveData>(SharedBytes(leave->overlay_specific_data));
  if (!data) data = wire::ChordLeaveData{};  // the leaving itself is clear enough
  answer(request, MessageCode::leave_ans, {});
  drop_bad_nodes(data->nodes);
  tell_topology([&](auto& actions) { topology_->on_leave(now_, leave->leaving_peer_id, *data, actions); });
}

void RoutingComponent::Impl::serve_update(std::uint64_t request, const security::InspectedMessage& message) {
  auto update = wire::decode<wire::ChordUpdate>(message.message.contents.body);
  if (!update) return answer_error(request, ErrorCode::invalid_message, "malformed Update");
  if (!bound_to_link(request, message.signer_node)) return;
  answer(request, MessageCode::update_ans, {});
  drop_bad_nodes(update->predecessors);
  drop_bad_nodes(update->successors);
  drop_bad_nodes(update->fingers);
  tell_topology([&](auto& actions) { topology_->on_update(now_, message.signer_node, *update, actions); });
}

}  // namespace ringway::routing
