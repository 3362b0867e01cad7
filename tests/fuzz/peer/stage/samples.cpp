#include "tests/fuzz/peer/stage/samples.hpp"

#include <map>

#include "reload/data/resource_names.hpp"
#include "tests/fuzz/wire/check/check.hpp"
#include "tests/support/signed_message.hpp"

namespace ringway::fuzz {
namespace {

using wire::MessageCode;

constexpr std::uint64_t k_storage_time_ms = test::k_now_ms;

// ---- the ring

std::vector<NodeId> everyone_else(std::size_t speaker) {
  std::vector<NodeId> nodes{cast().peer.node};
  for (std::size_t i = 0; i < k_neighbors; ++i)
    if (i != speaker) nodes.push_back(cast().neighbors[i].node);
  return nodes;
}

wire::AttachBody attach(const Role& me, const std::string& role, bool reachable) {
  wire::AttachBody body;
  body.role = role;
  body.send_update = role == "passive";
  if (!reachable) return body;
  wire::IceCandidate candidate;
  candidate.address = me.address;
  candidate.link = wire::OverlayLinkType::tls_tcp_fh_no_ice;
  candidate.foundation = copy_of(view_of("1"));
  candidate.type = wire::CandidateType::host;
  body.candidates = {candidate};
  return body;
}

wire::LeaveReq leave(const Role& me, wire::ChordLeaveType type, std::vector<NodeId> nodes) {
  return {me.node, wire::encode(wire::ChordLeaveData{type, std::move(nodes)})};
}

wire::ChordUpdate update(wire::ChordUpdateType type, std::vector<NodeId> predecessors,
                         std::vector<NodeId> successors) {
  wire::ChordUpdate out;
  out.uptime_s = 60;
  out.type = type;
  if (type == wire::ChordUpdateType::peer_ready) return out;
  out.predecessors = std::move(predecessors);
  out.successors = std::move(successors);
  if (type == wire::ChordUpdateType::full) out.fingers = out.successors;
  return out;
}

// Nodes that nobody has ever seen, all close to the peer.
std::vector<NodeId> strangers() {
  std::vector<NodeId> nodes;
  for (std::uint8_t i = 1; i <= 40; ++i)
    nodes.push_back(test::node_id(0x80, static_cast<std::uint8_t>(i + 1)));
  return nodes;
}

bool ring_words(std::size_t speaker, Sample sample, Words& out) {
  const Role& me = cast().neighbors[speaker];
  const auto others = everyone_else(speaker);
  using Type = wire::ChordUpdateType;
  const auto say = [&out](MessageCode code, Bytes body) {
    out.code = code;
    out.body = std::move(body);
    return true;
  };
  switch (sample) {
    case Sample::ping:
      return say(MessageCode::ping_req, wire::encode(wire::PingReq{Bytes(8, 0)}));
    case Sample::probe:
      return say(MessageCode::probe_req,
                 wire::encode(wire::ProbeReq{{wire::ProbeInformationType::responsible_set,
                                              wire::ProbeInformationType::num_resources,
                                              wire::ProbeInformationType::uptime}}));
    case Sample::attach:
      return say(MessageCode::attach_req, wire::encode(attach(me, "passive", true)));
    case Sample::attach_nowhere:
      return say(MessageCode::attach_req, wire::encode(attach(me, "passive", false)));
    case Sample::join:
      return say(MessageCode::join_req, wire::encode(wire::JoinReq{me.node, {}}));
    case Sample::leave_as_successor:
      return say(MessageCode::leave_req, wire::encode(leave(me, wire::ChordLeaveType::from_succ, others)));
    case Sample::leave_as_predecessor:
      return say(MessageCode::leave_req, wire::encode(leave(me, wire::ChordLeaveType::from_pred, others)));
    case Sample::update_ready:
      return say(MessageCode::update_req, wire::encode(update(Type::peer_ready, {}, {})));
    case Sample::update_neighbors:
      return say(MessageCode::update_req, wire::encode(update(Type::neighbors, {others[1]}, {others[2]})));
    case Sample::update_full:
      return say(MessageCode::update_req, wire::encode(update(Type::full, others, others)));
    case Sample::update_admits:
      return say(MessageCode::update_req, wire::encode(update(Type::neighbors, {cast().peer.node}, {})));
    case Sample::update_strangers:
      return say(MessageCode::update_req, wire::encode(update(Type::full, strangers(), strangers())));
    case Sample::route_query:
      return say(MessageCode::route_query_req,
                 wire::encode(wire::RouteQueryReq{true, wire::to_node(me.node), {}}));
    case Sample::route_query_resource:
      return say(MessageCode::route_query_req,
                 wire::encode(wire::RouteQueryReq{false, wire::to_resource(others[1]), {}}));
    case Sample::app_attach:
      return say(MessageCode::app_attach_req,
                 wire::encode(
                     wire::AppAttachBody{{}, {}, 61442, "passive", attach(me, "passive", true).candidates}));
    case Sample::path_track:
      return say(MessageCode::path_track_req, Bytes(8, 0));
    case Sample::config_update: {
      wire::ConfigUpdateReq request;
      request.type = wire::ConfigUpdateType::config;
      request.configuration = cast().usual.next_document;
      return say(MessageCode::config_update_req, wire::encode(request));
    }
    case Sample::config_update_kind: {
      wire::ConfigUpdateReq request;
      request.type = wire::ConfigUpdateType::kind;
      const auto& block = cast().usual.present->kind_blocks.front();
      request.kinds = {copy_of(block.element)};
      return say(MessageCode::config_update_req, wire::encode(request));
    }
    default:
      return false;
  }
}

bool ring_answer_words(std::size_t speaker, Sample sample, Words& out) {
  const Role& me = cast().neighbors[speaker];
  const auto say = [&out](MessageCode code, Bytes body) {
    out.code = code;
    out.body = std::move(body);
    return true;
  };
  const auto fail = [&](wire::ErrorCode code, Bytes info) {
    return say(MessageCode::error, wire::encode(wire::ErrorResponse{code, std::move(info)}));
  };
  switch (sample) {
    case Sample::ping_ans:
      return say(MessageCode::ping_ans, wire::encode(wire::PingAns{1, test::k_now_ms}));
    case Sample::probe_ans:
      return say(MessageCode::probe_ans,
                 wire::encode(wire::ProbeAns{{{wire::ProbeInformationType::uptime, Bytes(4, 1)}}}));
    case Sample::attach_ans:
      return say(MessageCode::attach_ans, wire::encode(attach(me, "active", true)));
    case Sample::join_ans:
      return say(MessageCode::join_ans, wire::encode(wire::JoinAns{}));
    case Sample::leave_ans:
      return say(MessageCode::leave_ans, {});
    case Sample::update_ans:
      return say(MessageCode::update_ans, {});
    case Sample::route_query_ans:
      return say(MessageCode::route_query_ans, wire::encode(wire::ChordRouteQueryAns{me.node}));
    case Sample::config_update_ans:
      return say(MessageCode::config_update_ans, {});
    case Sample::error:
      return fail(wire::ErrorCode::not_found, {});
    case Sample::error_in_progress:
      return fail(wire::ErrorCode::in_progress, {});
    case Sample::error_config_too_new:
      return fail(wire::ErrorCode::config_too_new, {});
    default:
      return false;
  }
}

// ---- values

std::string name_of_speaker(std::size_t speaker) { return cast().neighbors[speaker].user + "/a"; }

wire::StoreKindData kind_data(const Role& me, const ResourceId& resource, KindId kind,
                              wire::StoredDataValue value) {
  wire::StoreKindData out;
  out.kind = kind;
  out.values = {
      test::signed_value(*me.signer, resource, kind, std::move(value), k_storage_time_ms, 24 * 3600)};
  return out;
}

wire::StoreKindData owner_value(const Role& me, const std::string& key, bool exists = true) {
  const auto name = data::parse_resource_name(key);
  require(name.ok(), "a key is refused");
  const Bytes entry = name->shared() ? copy_of(me.node.view()) : Bytes{};
  auto value = test::dictionary_value(text_of(data::dictionary_key_of(*name, entry)), "value");
  if (!exists) value.data = {};
  return kind_data(me, name->resource(), name->kind(), std::move(value));
}

ResourceId resource_of_node(const NodeId& node) { return resource_id_of(node.view()); }

wire::StoreKindData certificate_value(const Role& me) {
  return kind_data(me, resource_of_node(me.node), config::k_certificate_by_node,
                   test::array_value(wire::k_array_end, "certificate"));
}

wire::StoreReq store(const ResourceId& resource, std::vector<wire::StoreKindData> data,
                     std::uint8_t replica_number = 0) {
  return {copy_of(resource.view()), replica_number, std::move(data)};
}

wire::StoredDataSpecifier specifier(KindId kind) {
  wire::StoredDataSpecifier out;
  out.kind = kind;
  cast().usual.present->kinds.model_of(kind, out.model);
  if (out.model == wire::DataModel::array) out.indices = {{0, wire::k_array_end}};
  return out;
}

std::vector<wire::StoredDataSpecifier> every_kind() {
  std::vector<wire::StoredDataSpecifier> all;
  for (const auto& named : cast().usual.present->kinds.all()) all.push_back(specifier(named.first));
  return all;
}

bool store_words(std::size_t speaker, Sample sample, Words& out) {
  const Role& me = cast().neighbors[speaker];
  const auto say = [&](const ResourceId& resource, std::vector<wire::StoreKindData> data,
                       std::uint8_t replica_number = 0) {
    out.code = MessageCode::store_req;
    out.resource = resource;
    out.body = wire::encode(store(resource, std::move(data), replica_number));
    return true;
  };
  const ResourceId own = resource_id_of(name_of_speaker(speaker));
  const ResourceId user = resource_id_of(me.user);
  switch (sample) {
    case Sample::store_owner:
      return say(own, {owner_value(me, name_of_speaker(speaker))});
    case Sample::store_shared:
      return say(resource_id_of(key_of(1)), {owner_value(me, key_of(1))});
    case Sample::store_registration:
      return say(user, {kind_data(me, user, config::k_sip_registration,
                                  test::dictionary_value(text_of(me.node.view()), "sip"))});
    case Sample::store_certificate:
      return say(resource_of_node(me.node), {certificate_value(me)});
    case Sample::store_turn: {
      Bytes numbered = copy_of(me.node.view());
      numbered.push_back(1);
      const ResourceId resource = resource_id_of(numbered);
      return say(resource, {kind_data(me, resource, config::k_turn_service, test::single_value("turn"))});
    }
    case Sample::store_replica:
      return say(own, {owner_value(me, name_of_speaker(speaker))}, 1);
    case Sample::store_removal:
      return say(own, {owner_value(me, name_of_speaker(speaker), false)});
    case Sample::store_two_kinds:
      return say(user, {kind_data(me, user, config::k_sip_registration,
                                  test::dictionary_value(text_of(me.node.view()), "sip")),
                        kind_data(me, user, config::k_certificate_by_user, test::array_value(0, "der"))});
    case Sample::store_unknown_kind: {
      auto value = owner_value(me, name_of_speaker(speaker));
      value.kind = 0xF000FFFF;
      value.unknown_kind = true;
      value.undecoded_values = SharedBytes(Bytes(20, 1));
      return say(own, {value});
    }
    default:
      return false;
  }
}

bool lookup_words(std::size_t speaker, Sample sample, Words& out) {
  const ResourceId own = resource_id_of(name_of_speaker(speaker));
  const Bytes resource = copy_of(own.view());
  out.resource = own;
  const auto say = [&out](MessageCode code, Bytes body) {
    out.code = code;
    out.body = std::move(body);
    return true;
  };
  switch (sample) {
    case Sample::fetch_owner:
      return say(MessageCode::fetch_req,
                 wire::encode(wire::FetchReq{resource, {specifier(config::k_owner_value)}}));
    case Sample::fetch_all:
      return say(MessageCode::fetch_req, wire::encode(wire::FetchReq{resource, every_kind()}));
    case Sample::stat_all:
      return say(MessageCode::stat_req, wire::encode(wire::StatReq{resource, every_kind()}));
    case Sample::find:
      return say(MessageCode::find_req,
                 wire::encode(wire::FindReq{resource, {config::k_owner_value, config::k_turn_service}}));
    default:
      out.resource.reset();
      return false;
  }
}

bool value_answer_words(std::size_t speaker, Sample sample, Words& out) {
  const Role& me = cast().neighbors[speaker];
  const auto say = [&out](MessageCode code, Bytes body) {
    out.code = code;
    out.body = std::move(body);
    return true;
  };
  const wire::StoreAns stored{{{config::k_owner_value, 5, {me.node}}}};
  const auto value = owner_value(me, name_of_speaker(speaker));
  switch (sample) {
    case Sample::store_ans:
      return say(MessageCode::store_ans, wire::encode(stored));
    case Sample::fetch_ans:
      return say(MessageCode::fetch_ans,
                 wire::encode(wire::FetchAns{{{value.kind, 5, value.values, false, {}}}}));
    case Sample::fetch_ans_empty:
      return say(MessageCode::fetch_ans, wire::encode(wire::FetchAns{}));
    case Sample::stat_ans: {
      wire::StatKindResponse response;
      response.kind = config::k_owner_value;
      response.generation_counter = 5;
      wire::StoredMetaData meta;
      meta.storage_time_ms = k_storage_time_ms;
      meta.lifetime_s = 60;
      meta.model = wire::DataModel::dictionary;
      meta.key = copy_of(value.values.front().value.key);
      meta.metadata = {true, 5, wire::HashAlgorithm::sha256, Bytes(32, 1)};
      response.values = {meta};
      return say(MessageCode::stat_ans, wire::encode(wire::StatAns{{response}}));
    }
    case Sample::find_ans:
      return say(MessageCode::find_ans, wire::encode(wire::FindAns{{{config::k_owner_value, Bytes(16, 9)}}}));
    case Sample::error_generation:
      return say(MessageCode::error, wire::encode(wire::ErrorResponse{
                                         wire::ErrorCode::generation_counter_too_low, wire::encode(stored)}));
    default:
      return false;
  }
}

Words make(std::size_t speaker, Sample sample) {
  Words out;
  const bool known = ring_words(speaker, sample, out) || ring_answer_words(speaker, sample, out) ||
                     store_words(speaker, sample, out) || lookup_words(speaker, sample, out) ||
                     value_answer_words(speaker, sample, out);
  require(known, "a sample without words");
  return out;
}

}  // namespace

const Words& words(std::size_t speaker, Sample sample) {
  static std::map<std::pair<std::size_t, Sample>, Words> made;
  const std::pair key{speaker, sample};
  auto found = made.find(key);
  if (found == made.end()) found = made.emplace(key, make(speaker, sample)).first;
  return found->second;
}

Sample answer_sample(MessageCode code) {
  for (auto i = static_cast<std::uint8_t>(Sample::ping_ans); i < static_cast<std::uint8_t>(Sample::count);
       ++i)
    if (words(0, static_cast<Sample>(i)).code == code) return static_cast<Sample>(i);
  return Sample::error;
}

std::string key_of(std::size_t number) {
  switch (number % 4) {
    case 0:
      return cast().peer.user + "/a";
    case 1:
      return "shared/a";
    case 2:
      return name_of_speaker(0);
    default:
      return name_of_speaker(1);
  }
}

}  // namespace ringway::fuzz
