// Message bodies of overlay maintenance: Error, Join, Leave, Update, RouteQuery, Probe, Ping, Attach,
// AppAttach, ConfigUpdate (RFC 6940 §6.3.3.1, §6.4.2, §6.5, §10.7–§10.9). Those of data storage are in
// storage_bodies.hpp.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/ids.hpp"
#include "reload/wire/codec.hpp"
#include "reload/wire/destination.hpp"

namespace ringway::wire {

struct ErrorResponse {
  ErrorCode code = ErrorCode::invalid;
  Bytes info;  // UTF-8, but a StoreAns for 0x05 and Kind-IDs for 0x0C (RFC 6940 §6.3.3.1, §7.4.1.2)
};

struct IpAddressPort {
  AddressType type = AddressType::invalid;
  std::array<std::uint8_t, 16> address{};  // IPv4 in the first four bytes
  std::uint16_t port = 0;
  Bytes unknown{};  // of another address type: skipped by its length, kept as it came
  bool operator==(const IpAddressPort&) const = default;
};

struct JoinReq {
  NodeId joining_peer_id;
  Bytes overlay_specific_data;
};
struct JoinAns {
  Bytes overlay_specific_data;
};
struct LeaveReq {
  NodeId leaving_peer_id;
  Bytes overlay_specific_data;
};
struct LeaveAns {};
struct ChordLeaveData {
  ChordLeaveType type = ChordLeaveType::invalid;
  std::vector<NodeId> nodes;
};

struct ChordUpdate {
  std::uint32_t uptime_s = 0;
  ChordUpdateType type = ChordUpdateType::invalid;
  std::vector<NodeId> predecessors;  // type neighbors and full
  std::vector<NodeId> successors;    // type neighbors and full
  std::vector<NodeId> fingers;       // type full
};
struct UpdateAns {};

struct RouteQueryReq {
  bool send_update = false;
  Destination destination;
  Bytes overlay_specific_data;
};
struct ChordRouteQueryAns {
  NodeId next_peer;
};

struct ProbeReq {
  std::vector<ProbeInformationType> requested;
};
struct ProbeInformation {
  ProbeInformationType type = ProbeInformationType::invalid;
  Bytes value;
};
struct ProbeAns {
  std::vector<ProbeInformation> information;
};

struct PingReq {
  Bytes padding;
};
struct PingAns {
  std::uint64_t response_id = 0;
  std::uint64_t time_ms = 0;
};

struct IceExtension {
  Bytes name;
  Bytes value;
};
struct IceCandidate {
  IpAddressPort address;
  OverlayLinkType link = OverlayLinkType::invalid;
  Bytes foundation;
  std::uint32_t priority = 0;
  CandidateType type = CandidateType::invalid;
  std::optional<IpAddressPort> related_address;  // exactly for server_reflexive and relayed
  std::vector<IceExtension> extensions;
};
// Request and answer share the layout (RFC 6940 §6.5.1.1).
struct AttachBody {
  Bytes ufrag;
  Bytes password;
  std::string role;  // "passive" in the request, "active" in the answer
  std::vector<IceCandidate> candidates;
  bool send_update = false;
};
struct AppAttachBody {
  Bytes ufrag;
  Bytes password;
  std::uint16_t application = 0;
  std::string role;
  std::vector<IceCandidate> candidates;
};

struct ConfigUpdateReq {
  ConfigUpdateType type = ConfigUpdateType::invalid;
  Bytes configuration;       // type config: the document as received
  std::vector<Bytes> kinds;  // type kind: kind-block elements
  Bytes unknown;             // of another type: kept as it came
};
struct ConfigUpdateAns {};

inline constexpr std::size_t k_max_unknown_kinds = 63;  // what its length byte has room for
struct UnknownKinds {
  std::vector<KindId> kinds;
};  // error_info of 0x0C

// For each structure above: void read(Reader&, T&); void write(Writer&, const T&).
#define RINGWAY_WIRE_STRUCTURE(T) \
  void read(Reader& in, T& out);  \
  void write(Writer& out, const T& value)
RINGWAY_WIRE_STRUCTURE(ErrorResponse);
RINGWAY_WIRE_STRUCTURE(IpAddressPort);
RINGWAY_WIRE_STRUCTURE(JoinReq);
RINGWAY_WIRE_STRUCTURE(JoinAns);
RINGWAY_WIRE_STRUCTURE(LeaveReq);
RINGWAY_WIRE_STRUCTURE(LeaveAns);
RINGWAY_WIRE_STRUCTURE(ChordLeaveData);
RINGWAY_WIRE_STRUCTURE(ChordUpdate);
RINGWAY_WIRE_STRUCTURE(UpdateAns);
RINGWAY_WIRE_STRUCTURE(RouteQueryReq);
RINGWAY_WIRE_STRUCTURE(ChordRouteQueryAns);
RINGWAY_WIRE_STRUCTURE(ProbeReq);
RINGWAY_WIRE_STRUCTURE(ProbeInformation);
RINGWAY_WIRE_STRUCTURE(ProbeAns);
RINGWAY_WIRE_STRUCTURE(PingReq);
RINGWAY_WIRE_STRUCTURE(PingAns);
RINGWAY_WIRE_STRUCTURE(IceExtension);
RINGWAY_WIRE_STRUCTURE(IceCandidate);
RINGWAY_WIRE_STRUCTURE(AttachBody);
RINGWAY_WIRE_STRUCTURE(AppAttachBody);
RINGWAY_WIRE_STRUCTURE(ConfigUpdateReq);
RINGWAY_WIRE_STRUCTURE(ConfigUpdateAns);
RINGWAY_WIRE_STRUCTURE(UnknownKinds);

}  // namespace ringway::wire
