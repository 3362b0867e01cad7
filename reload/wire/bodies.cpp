#include "reload/wire/bodies.hpp"

#include <algorithm>

#include "reload/wire/vectors.hpp"

namespace ringway::wire {
namespace {

constexpr std::uint8_t k_ipv4_size_bytes = 4;
constexpr std::uint8_t k_ipv6_size_bytes = 16;

// A number that must name something: each registry keeps 0 as invalid.
template <typename Enum>
Enum read_type(Reader& in) {
  const std::uint8_t number = in.u8();
  if (in.ok() && number == 0) in.fail("type 0");
  return static_cast<Enum>(number);
}

template <typename Enum>
void write_type(Writer& out, Enum type) {
  out.u8(static_cast<std::uint8_t>(type));
}

void read_address(Reader& in, std::size_t size_bytes, IpAddressPort& out) {
  const SharedBytes address = in.take(size_bytes);
  std::copy(address.view().begin(), address.view().end(), out.address.begin());
  out.port = in.u16();
}

void write_address(Writer& out, std::uint8_t size_bytes, const IpAddressPort& value) {
  out.u8(static_cast<std::uint8_t>(size_bytes + 2));
  out.raw(BytesView(value.address).first(size_bytes));
  out.u16(value.port);
}

bool has_related_address(CandidateType type) {
  return type == CandidateType::server_reflexive || type == CandidateType::relayed;
}

std::vector<IceCandidate> read_candidates(Reader& in) {
  std::vector<IceCandidate> candidates;
  read_vector(in, 2, candidates);
  return candidates;
}

Bytes read_kind_description(Reader& in) { return in.opaque_copy(2); }

}  // namespace

void read(Reader& in, ErrorResponse& out) {
  out.code = static_cast<ErrorCode>(in.u16());
  if (in.ok() && out.code == ErrorCode::invalid) in.fail("error code 0");
  out.info = in.opaque_copy(2);
}
void write(Writer& out, const ErrorResponse& value) {
  out.u16(static_cast<std::uint16_t>(value.code));
  out.opaque(2, value.info);
}

void read(Reader& in, IpAddressPort& out) {
  out.type = read_type<AddressType>(in);
  Reader body = in.vector(1);
  switch (out.type) {
    case AddressType::ipv4:
      read_address(body, k_ipv4_size_bytes, out);
      break;
    case AddressType::ipv6:
      read_address(body, k_ipv6_size_bytes, out);
      break;
    default:
      out.unknown = copy_of(body.take(body.remaining()));
      break;
  }
  in.finish(body);
}
void write(Writer& out, const IpAddressPort& value) {
  write_type(out, value.type);
  switch (value.type) {
    case AddressType::ipv4:
      write_address(out, k_ipv4_size_bytes, value);
      break;
    case AddressType::ipv6:
      write_address(out, k_ipv6_size_bytes, value);
      break;
    default:
      out.opaque(1, value.unknown);
      break;
  }
}

void read(Reader& in, JoinReq& out) {
  out.joining_peer_id = in.node_id();
  out.overlay_specific_data = in.opaque_copy(2);
}
void write(Writer& out, const JoinReq& value) {
  out.raw(value.joining_peer_id.view());
  out.opaque(2, value.overlay_specific_data);
}

void read(Reader& in, JoinAns& out) { out.overlay_specific_data = in.opaque_copy(2); }
void write(Writer& out, const JoinAns& value) { out.opaque(2, value.overlay_specific_data); }

void read(Reader& in, LeaveReq& out) {
  out.leaving_peer_id = in.node_id();
  out.overlay_specific_data = in.opaque_copy(2);
}
void write(Writer& out, const LeaveReq& value) {
  out.raw(value.leaving_peer_id.view());
  out.opaque(2, value.overlay_specific_data);
}

void read(Reader& /*in*/, LeaveAns& /*out*/) {}
void write(Writer& /*out*/, const LeaveAns& /*value*/) {}

void read(Reader& in, ChordLeaveData& out) {
  out.type = read_type<ChordLeaveType>(in);
  if (in.ok() && out.type > ChordLeaveType::from_pred) in.fail("unknown type of leave");
  read_node_ids(in, out.nodes);
}
void write(Writer& out, const ChordLeaveData& value) {
  write_type(out, value.type);
  write_node_ids(out, value.nodes);
}

void read(Reader& in, ChordUpdate& out) {
  out.uptime_s = in.u32();
  out.type = read_type<ChordUpdateType>(in);
  if (in.ok() && out.type > ChordUpdateType::full) in.fail("unknown type of update");
  if (out.type >= ChordUpdateType::neighbors) {
    read_node_ids(in, out.predecessors);
    read_node_ids(in, out.successors);
  }
  if (out.type == ChordUpdateType::full) read_node_ids(in, out.fingers);
}
void write(Writer& out, const ChordUpdate& value) {
  out.u32(value.uptime_s);
  write_type(out, value.type);
  if (value.type >= ChordUpdateType::neighbors) {
    write_node_ids(out, value.predecessors);
    write_node_ids(out, value.successors);
  }
  if (value.type == ChordUpdateType::full) write_node_ids(out, value.fingers);
}

void read(Reader& /*in*/, UpdateAns& /*out*/) {}
void write(Writer& /*out*/, const UpdateAns& /*value*/) {}

void read(Reader& in, RouteQueryReq& out) {
  out.send_update = in.boolean();
  read(in, out.destination);
  out.overlay_specific_data = in.opaque_copy(2);
}
void write(Writer& out, const RouteQueryReq& value) {
  out.boolean(value.send_update);
  write(out, value.destination);
  out.opaque(2, value.overlay_specific_data);
}

void read(Reader& in, ChordRouteQueryAns& out) { out.next_peer = in.node_id(); }
void write(Writer& out, const ChordRouteQueryAns& value) { out.raw(value.next_peer.view()); }

void read(Reader& in, ProbeReq& out) { read_vector(in, 1, out.requested, read_type<ProbeInformationType>); }
void write(Writer& out, const ProbeReq& value) {
  write_vector(out, 1, value.requested, write_type<ProbeInformationType>);
}

void read(Reader& in, ProbeInformation& out) {
  out.type = read_type<ProbeInformationType>(in);
  out.value = in.opaque_copy(1);
  // The three that RFC 6940 §6.4.2.5 defines are 32-bit numbers; what others are is up to their definition.
  if (in.ok() && out.type <= ProbeInformationType::uptime && out.value.size() != 4)
    in.fail("not a 32-bit number");
}
void write(Writer& out, const ProbeInformation& value) {
  write_type(out, value.type);
  out.opaque(1, value.value);
}

void read(Reader& in, ProbeAns& out) { read_vector(in, 2, out.information); }
void write(Writer& out, const ProbeAns& value) { write_vector(out, 2, value.information); }

void read(Reader& in, PingReq& out) { out.padding = in.opaque_copy(2); }
void write(Writer& out, const PingReq& value) { out.opaque(2, value.padding); }

void read(Reader& in, PingAns& out) {
  out.response_id = in.u64();
  out.time_ms = in.u64();
}
void write(Writer& out, const PingAns& value) {
  out.u64(value.response_id);
  out.u64(value.time_ms);
}

void read(Reader& in, IceExtension& out) {
  out.name = in.opaque_copy(2);
  out.value = in.opaque_copy(2);
}
void write(Writer& out, const IceExtension& value) {
  out.opaque(2, value.name);
  out.opaque(2, value.value);
}

// The select on the candidate's type is not extensible: an unknown type fails the message (RFC 6940
// §6.3.1.1).
void read(Reader& in, IceCandidate& out) {
  read(in, out.address);
  out.link = read_type<OverlayLinkType>(in);
  out.foundation = in.opaque_copy(1);
  out.priority = in.u32();
  out.type = read_type<CandidateType>(in);
  if (in.ok() && out.type != CandidateType::host && !has_related_address(out.type))
    in.fail("unknown candidate type");
  if (has_related_address(out.type)) read(in, out.related_address.emplace());
  read_vector(in, 2, out.extensions);
}
void write(Writer& out, const IceCandidate& value) {
  write(out, value.address);
  write_type(out, value.link);
  out.opaque(1, value.foundation);
  out.u32(value.priority);
  write_type(out, value.type);
  if (has_related_address(value.type)) write(out, value.related_address.value_or(IpAddressPort{}));
  write_vector(out, 2, value.extensions);
}

void read(Reader& in, AttachBody& out) {
  out.ufrag = in.opaque_copy(1);
  out.password = in.opaque_copy(1);
  out.role = text_of(in.opaque(1));
  out.candidates = read_candidates(in);
  out.send_update = in.boolean();
}
void write(Writer& out, const AttachBody& value) {
  out.opaque(1, value.ufrag);
  out.opaque(1, value.password);
  out.opaque(1, view_of(value.role));
  write_vector(out, 2, value.candidates);
  out.boolean(value.send_update);
}

void read(Reader& in, AppAttachBody& out) {
  out.ufrag = in.opaque_copy(1);
  out.password = in.opaque_copy(1);
  out.application = in.u16();
  out.role = text_of(in.opaque(1));
  out.candidates = read_candidates(in);
}
void write(Writer& out, const AppAttachBody& value) {
  out.opaque(1, value.ufrag);
  out.opaque(1, value.password);
  out.u16(value.application);
  out.opaque(1, view_of(value.role));
  write_vector(out, 2, value.candidates);
}

void read(Reader& in, ConfigUpdateReq& out) {
  out.type = read_type<ConfigUpdateType>(in);
  Reader body = in.vector(4);
  switch (out.type) {
    case ConfigUpdateType::config:
      out.configuration = body.opaque_copy(3);
      break;
    case ConfigUpdateType::kind:
      read_vector(body, 3, out.kinds, read_kind_description);
      break;
    default:
      out.unknown = copy_of(body.take(body.remaining()));
      break;
  }
  in.finish(body);
}
void write(Writer& out, const ConfigUpdateReq& value) {
  write_type(out, value.type);
  const std::size_t mark = out.begin(4);
  switch (value.type) {
    case ConfigUpdateType::config:
      out.opaque(3, value.configuration);
      break;
    case ConfigUpdateType::kind:
      write_vector(out, 3, value.kinds, [](Writer& to, const Bytes& kind) { to.opaque(2, kind); });
      break;
    default:
      out.raw(value.unknown);
      break;
  }
  out.end(mark, 4);
}

void read(Reader& /*in*/, ConfigUpdateAns& /*out*/) {}
void write(Writer& /*out*/, const ConfigUpdateAns& /*value*/) {}

void read(Reader& in, UnknownKinds& out) { read_kind_ids(in, out.kinds); }
void write(Writer& out, const UnknownKinds& value) { write_kind_ids(out, value.kinds); }

}  // namespace ringway::wire
