#include "services/decode/bodies.hpp"

#include "services/decode/names.hpp"
#include "services/decode/parts.hpp"

namespace ringway::services {
namespace {

Json nothing() { return Json::object(); }

Json to_json(const wire::JoinReq& body) {
  return {{"joining_peer_id", body.joining_peer_id.hex()},
          {"overlay_specific_data", hex(body.overlay_specific_data)}};
}
Json to_json(const wire::JoinAns& body) {
  return {{"overlay_specific_data", hex(body.overlay_specific_data)}};
}
Json to_json(const wire::LeaveAns&) { return nothing(); }
Json to_json(const wire::UpdateAns&) { return nothing(); }
Json to_json(const wire::ConfigUpdateAns&) { return nothing(); }

Json to_json(const wire::ChordLeaveData& data) {
  const bool from_successor = data.type == wire::ChordLeaveType::from_succ;
  return {{"type", name_of_leave(data.type)},
          {from_successor ? "successors" : "predecessors", services::to_json(data.nodes)}};
}

Json to_json(const wire::LeaveReq& body) {
  Json out{{"leaving_peer_id", body.leaving_peer_id.hex()}};
  // CHORD-RELOAD's data (RFC 6940 §10.9); of another topology plug-in it would be bytes.
  const auto chord = wire::decode<wire::ChordLeaveData>(SharedBytes(body.overlay_specific_data));
  out["overlay_specific_data"] = chord ? to_json(*chord) : hex(body.overlay_specific_data);
  return out;
}

Json to_json(const wire::ChordUpdate& body) {
  Json out{{"uptime", body.uptime_s}, {"type", name_of_update(body.type)}};
  if (body.type == wire::ChordUpdateType::peer_ready) return out;
  out["predecessors"] = services::to_json(body.predecessors);
  out["successors"] = services::to_json(body.successors);
  if (body.type == wire::ChordUpdateType::full) out["fingers"] = services::to_json(body.fingers);
  return out;
}

Json to_json(const wire::RouteQueryReq& body) {
  return {{"send_update", body.send_update},
          {"destination", services::to_json(body.destination)},
          {"overlay_specific_data", hex(body.overlay_specific_data)}};
}
Json to_json(const wire::ChordRouteQueryAns& body) { return {{"next_peer", body.next_peer.hex()}}; }

Json to_json(const wire::ProbeReq& body) {
  Json requested = Json::array();
  for (const auto type : body.requested) requested.push_back(name_of_probe(type));
  return {{"requested_info", std::move(requested)}};
}

Json to_json(const wire::ProbeAns& body) {
  Json items = Json::array();
  for (const auto& item : body.information) {
    Json out{{"type", name_of_probe(item.type)}, {"length", item.value.size()}};
    if (item.type <= wire::ProbeInformationType::uptime && item.value.size() == 4) {
      wire::Reader reader{SharedBytes(item.value)};
      const bool share = item.type == wire::ProbeInformationType::responsible_set;
      out[share ? "responsible_ppb" : name_of_probe(item.type).get<std::string>()] = reader.u32();
    } else {
      out["value"] = hex(item.value);
    }
    items.push_back(std::move(out));
  }
  return {{"probe_info", std::move(items)}};
}

Json to_json(const wire::PingReq& body) { return {{"padding", hex(body.padding)}}; }
Json to_json(const wire::PingAns& body) {
  return {{"response_id", body.response_id}, {"time", body.time_ms}};
}

Json candidates_json(const std::vector<wire::IceCandidate>& candidates) {
  Json out = Json::array();
  for (const auto& candidate : candidates) {
    Json one{{"addr_port", services::to_json(candidate.address)},
             {"overlay_link", name_of_link(candidate.link)},
             {"foundation", text_or_hex(candidate.foundation)},
             {"priority", candidate.priority},
             {"type", name_of_candidate(candidate.type)}};
    if (candidate.related_address) one["rel_addr_port"] = services::to_json(*candidate.related_address);
    Json extensions = Json::array();
    for (const auto& extension : candidate.extensions) {
      extensions.push_back({{"name", text_or_hex(extension.name)}, {"value", hex(extension.value)}});
    }
    one["extensions"] = std::move(extensions);
    out.push_back(std::move(one));
  }
  return out;
}

Json to_json(const wire::AttachBody& body) {
  return {{"ufrag", text_or_hex(body.ufrag)},
          {"password", text_or_hex(body.password)},
          {"role", text_or_hex(view_of(body.role))},
          {"candidates", candidates_json(body.candidates)},
          {"send_update", body.send_update}};
}

Json to_json(const wire::AppAttachBody& body) {
  return {{"ufrag", text_or_hex(body.ufrag)},
          {"password", text_or_hex(body.password)},
          {"application", body.application},
          {"role", text_or_hex(view_of(body.role))},
          {"candidates", candidates_json(body.candidates)}};
}

Json to_json(const wire::ConfigUpdateReq& body) {
  Json out{{"type", name_of_config_update(body.type)}};
  if (body.type == wire::ConfigUpdateType::config) {
    out["config_data"] = text_or_hex(body.configuration);
    return out;
  }
  Json kinds = Json::array();
  for (const auto& kind : body.kinds) kinds.push_back(text_or_hex(kind));
  out["kinds"] = std::move(kinds);
  return out;
}

Json to_json(const wire::ErrorResponse& body) {
  Json out{{"error_code", static_cast<unsigned>(body.code)}, {"error_name", wire::name_of(body.code)}};
  // Two codes carry a structure instead of text (RFC 6940 §7.4.1.2).
  if (body.code == wire::ErrorCode::generation_counter_too_low) {
    if (const auto answer = wire::decode<wire::StoreAns>(SharedBytes(body.info))) {
      out["error_info"] = services::to_json(*answer);
      return out;
    }
  }
  if (body.code == wire::ErrorCode::unknown_kind) {
    if (const auto unknown = wire::decode<wire::UnknownKinds>(SharedBytes(body.info))) {
      out["error_info"] = {{"kinds", unknown->kinds}};
      return out;
    }
  }
  out["error_info"] = text_or_hex(body.info);
  return out;
}

// Brings the overloads of the header into the same set as those above.
using services::to_json;

template <typename Body>
Result<Json> decoded(const SharedBytes& body, const wire::KindModels& kinds) {
  const auto structure = wire::decode<Body>(body, &kinds);
  if (!structure) return structure.error();
  return to_json(*structure);
}

}  // namespace

Result<Json> body_json(wire::MessageCode code, const SharedBytes& body, const wire::KindModels& kinds) {
  using wire::MessageCode;
  switch (code) {
    case MessageCode::probe_req:
      return decoded<wire::ProbeReq>(body, kinds);
    case MessageCode::probe_ans:
      return decoded<wire::ProbeAns>(body, kinds);
    case MessageCode::attach_req:
    case MessageCode::attach_ans:
      return decoded<wire::AttachBody>(body, kinds);
    case MessageCode::store_req:
      return decoded<wire::StoreReq>(body, kinds);
    case MessageCode::store_ans:
      return decoded<wire::StoreAns>(body, kinds);
    case MessageCode::fetch_req:
      return decoded<wire::FetchReq>(body, kinds);
    case MessageCode::fetch_ans:
      return decoded<wire::FetchAns>(body, kinds);
    case MessageCode::find_req:
      return decoded<wire::FindReq>(body, kinds);
    case MessageCode::find_ans:
      return decoded<wire::FindAns>(body, kinds);
    case MessageCode::join_req:
      return decoded<wire::JoinReq>(body, kinds);
    case MessageCode::join_ans:
      return decoded<wire::JoinAns>(body, kinds);
    case MessageCode::leave_req:
      return decoded<wire::LeaveReq>(body, kinds);
    case MessageCode::leave_ans:
      return decoded<wire::LeaveAns>(body, kinds);
    case MessageCode::update_req:
      return decoded<wire::ChordUpdate>(body, kinds);
    case MessageCode::update_ans:
      return decoded<wire::UpdateAns>(body, kinds);
    case MessageCode::route_query_req:
      return decoded<wire::RouteQueryReq>(body, kinds);
    case MessageCode::route_query_ans:
      return decoded<wire::ChordRouteQueryAns>(body, kinds);
    case MessageCode::ping_req:
      return decoded<wire::PingReq>(body, kinds);
    case MessageCode::ping_ans:
      return decoded<wire::PingAns>(body, kinds);
    case MessageCode::stat_req:
      return decoded<wire::StatReq>(body, kinds);
    case MessageCode::stat_ans:
      return decoded<wire::StatAns>(body, kinds);
    case MessageCode::app_attach_req:
    case MessageCode::app_attach_ans:
      return decoded<wire::AppAttachBody>(body, kinds);
    case MessageCode::config_update_req:
      return decoded<wire::ConfigUpdateReq>(body, kinds);
    case MessageCode::config_update_ans:
      return decoded<wire::ConfigUpdateAns>(body, kinds);
    case MessageCode::error:
      return decoded<wire::ErrorResponse>(body, kinds);
    case MessageCode::path_track_req:
    case MessageCode::path_track_ans:
    case MessageCode::invalid:
      break;
  }
  return hex(body);
}

}  // namespace ringway::services
