#include "tests/wire-vectors/samples.hpp"

namespace ringway::wire_vectors {
namespace {

using namespace wire;

Bytes text(std::string_view words) { return copy_of(view_of(words)); }
std::string hex(std::string_view words) { return to_hex(view_of(words)); }
std::string id(std::uint8_t first_byte) { return sample_node(first_byte).hex(); }

IpAddressPort ipv4() { return {AddressType::ipv4, {192, 0, 2, 1}, 6084}; }
IpAddressPort ipv6() {
  return {AddressType::ipv6, {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7}, 443};
}

std::vector<IceCandidate> candidates() {
  IceCandidate host;
  host.address = ipv4();
  host.link = OverlayLinkType::dtls_udp_sr;
  host.foundation = text("h1");
  host.priority = 0x7E0000FF;
  host.type = CandidateType::host;
  host.extensions = {{text("generation"), text("0")}};
  IceCandidate relayed;
  relayed.address = ipv6();
  relayed.link = OverlayLinkType::dtls_udp_sr;
  relayed.foundation = text("r1");
  relayed.priority = 0x00FFFFFF;
  relayed.type = CandidateType::relayed;
  relayed.related_address = ipv4();
  return {host, relayed};
}

Fields candidate_fields() {
  return {{"reload.ipaddressport.type", {"1", "2", "1"}}, {"reload.ipv4addr", {"192.0.2.1", "192.0.2.1"}},
          {"reload.ipv6addr", {"2001:db8::7"}},           {"reload.port", {"6084", "443", "6084"}},
          {"reload.overlaylink.type", {"1", "1"}},        {"reload.icecandidate.type", {"1", "4"}}};
}

template <typename T>
BodySample sample(std::string name, MessageCode code, const T& structure, Fields fields = {}) {
  return {std::move(name), code, encode(structure), std::move(fields)};
}

void add_attaches(std::vector<BodySample>& out) {
  Fields fields = candidate_fields();
  fields.push_back({"reload.sendupdate", {"1"}});
  fields.push_back({"opaque", {hex("ufrg"), hex("password"), hex("passive"), hex("h1"), hex("generation")}});
  const AttachBody attach{text("ufrg"), text("password"), "passive", candidates(), true};
  out.push_back(sample("attach_req", MessageCode::attach_req, attach, fields));
  const AttachBody answer{text("gfru"), text("drowssap"), "active", {}, false};
  out.push_back(sample("attach_ans", MessageCode::attach_ans, answer,
                       {{"reload.sendupdate", {"0"}}, {"reload.icecandidate.type", {}}}));
  fields = candidate_fields();
  fields.push_back({"reload.application", {"5060"}});
  const AppAttachBody application{text("ufrg"), text("password"), 5060, "passive", candidates()};
  out.push_back(sample("app_attach_req", MessageCode::app_attach_req, application, fields));
  const AppAttachBody accepted{text("gfru"), text("drowssap"), 5061, "active", {}};
  out.push_back(
      sample("app_attach_ans", MessageCode::app_attach_ans, accepted, {{"reload.application", {"5061"}}}));
}

void add_updates(std::vector<BodySample>& out) {
  ChordUpdate update;
  update.uptime_s = 4711;
  update.type = ChordUpdateType::peer_ready;
  out.push_back(sample("update_req peer_ready", MessageCode::update_req, update,
                       {{"reload.uptime", {"4711"}}, {"reload.chordupdate.type", {"1"}}}));
  update.type = ChordUpdateType::neighbors;
  update.predecessors = {sample_node(0x20)};
  update.successors = {sample_node(0x40), sample_node(0x60)};
  out.push_back(sample("update_req neighbors", MessageCode::update_req, update,
                       {{"reload.uptime", {"4711"}},
                        {"reload.chordupdate.type", {"2"}},
                        {"reload.nodeid", {id(0x20), id(0x40), id(0x60)}}}));
  update.type = ChordUpdateType::full;
  update.fingers = {sample_node(0x80)};
  out.push_back(sample(
      "update_req full", MessageCode::update_req, update,
      {{"reload.chordupdate.type", {"3"}}, {"reload.nodeid", {id(0x20), id(0x40), id(0x60), id(0x80)}}}));
  out.push_back(sample("update_ans", MessageCode::update_ans, UpdateAns{}));
}

void add_membership(std::vector<BodySample>& out) {
  const JoinReq join{sample_node(0x50), {}};
  out.push_back(
      sample("join_req", MessageCode::join_req, join, {{"reload.joinreq.joining_peer_id", {id(0x50)}}}));
  out.push_back(sample("join_ans", MessageCode::join_ans, JoinAns{}));
  const ChordLeaveData heirs{ChordLeaveType::from_succ, {sample_node(0x70), sample_node(0x90)}};
  const LeaveReq leave{sample_node(0x50), encode(heirs)};
  out.push_back(sample("leave_req", MessageCode::leave_req, leave,
                       {{"reload.leavereq.leaving_peer_id", {id(0x50)}},
                        {"reload.chordleavedata.type", {"1"}},
                        {"reload.nodeid", {id(0x70), id(0x90)}}}));
  out.push_back(sample("leave_ans", MessageCode::leave_ans, LeaveAns{}));
  const RouteQueryReq query{true, to_resource(sample_node(0x30)), {}};
  out.push_back(
      sample("route_query_req", MessageCode::route_query_req, query, {{"reload.sendupdate", {"1"}}}));
  const ChordRouteQueryAns next{sample_node(0x33)};
  out.push_back(sample("route_query_ans", MessageCode::route_query_ans, next,
                       {{"reload.chordroutequeryans.nodeid", {id(0x33)}}}));
}

void add_probes(std::vector<BodySample>& out) {
  const ProbeReq probe{{ProbeInformationType::responsible_set, ProbeInformationType::num_resources,
                        ProbeInformationType::uptime}};
  out.push_back(sample("probe_req", MessageCode::probe_req, probe,
                       {{"reload.probe_information.type", {"1", "2", "3"}}}));
  const ProbeAns known{{{ProbeInformationType::responsible_set, {0x07, 0x73, 0x59, 0x40}},
                        {ProbeInformationType::num_resources, {0, 0, 1, 0}},
                        {ProbeInformationType::uptime, {0, 0, 0x0E, 0x10}}}};
  out.push_back(sample("probe_ans", MessageCode::probe_ans, known,
                       {{"reload.probe_information.type", {"1", "2", "3"}},
                        {"reload.responsible_set", {"125000000"}},
                        {"reload.num_resources", {"256"}},
                        {"reload.uptime", {"3600"}}}));
  const PingReq ping{{0xAA, 0xBB, 0xCC}};
  out.push_back(sample("ping_req", MessageCode::ping_req, ping, {{"reload.length.16 first", {"3"}}}));
  const PingAns pong{0x0123456789ABCDEF, 1'700'000'000'123};
  out.push_back(
      sample("ping_ans", MessageCode::ping_ans, pong, {{"reload.ping.response_id", {"0x0123456789abcdef"}}}));
}

void add_errors(std::vector<BodySample>& out) {
  const ErrorResponse too_large{ErrorCode::message_too_large, text("5001 bytes")};
  out.push_back(sample("error text", MessageCode::error, too_large,
                       {{"reload.error_response.code", {"0x0b"}}, {"reload.opaque.string", {"5001 bytes"}}}));
  const StoreAns current{{{0xF0000001, 9, {}}}};
  const ErrorResponse too_low{ErrorCode::generation_counter_too_low, encode(current)};
  out.push_back(
      sample("error generation", MessageCode::error, too_low, {{"reload.error_response.code", {"5"}}}));
  const ErrorResponse unknown{ErrorCode::unknown_kind, encode(UnknownKinds{{0xF0000009, 0xF000000A}})};
  out.push_back(
      sample("error kinds", MessageCode::error, unknown, {{"reload.error_response.code", {"0x0c"}}}));
}

void add_configuration(std::vector<BodySample>& out) {
  ConfigUpdateReq document;
  document.type = ConfigUpdateType::config;
  document.configuration = text("<overlay><configuration/></overlay>");
  out.push_back(sample("config_update_req config", MessageCode::config_update_req, document,
                       {{"reload.configupdatereq.type", {"1"}}, {"reload.length.24", {"35"}}}));
  ConfigUpdateReq kinds;
  kinds.type = ConfigUpdateType::kind;
  kinds.kinds = {text("<kind-block/>"), text("<kind-block><kind/></kind-block>")};
  out.push_back(sample("config_update_req kind", MessageCode::config_update_req, kinds,
                       {{"reload.configupdatereq.type", {"2"}}}));
  out.push_back(sample("config_update_ans", MessageCode::config_update_ans, ConfigUpdateAns{}));
}

}  // namespace

std::vector<BodySample> overlay_bodies() {
  std::vector<BodySample> out;
  add_attaches(out);
  add_updates(out);
  add_membership(out);
  add_probes(out);
  add_errors(out);
  add_configuration(out);
  return out;
}

}  // namespace ringway::wire_vectors
