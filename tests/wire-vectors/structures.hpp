// The names of all structures on the wire, once: the fuzz target `wire_structure` and its corpus follow this
// list.
#pragma once

// X(name of the seed, type in ringway::wire)
#define RINGWAY_WIRE_STRUCTURES(X)       \
  X(destination, Destination)            \
  X(message_contents, MessageContents)   \
  X(signer_identity, SignerIdentity)     \
  X(signature, Signature)                \
  X(security_block, SecurityBlock)       \
  X(error_response, ErrorResponse)       \
  X(ip_address_port, IpAddressPort)      \
  X(join_req, JoinReq)                   \
  X(join_ans, JoinAns)                   \
  X(leave_req, LeaveReq)                 \
  X(leave_ans, LeaveAns)                 \
  X(chord_leave_data, ChordLeaveData)    \
  X(chord_update, ChordUpdate)           \
  X(update_ans, UpdateAns)               \
  X(route_query_req, RouteQueryReq)      \
  X(route_query_ans, ChordRouteQueryAns) \
  X(probe_req, ProbeReq)                 \
  X(probe_ans, ProbeAns)                 \
  X(ping_req, PingReq)                   \
  X(ping_ans, PingAns)                   \
  X(ice_candidate, IceCandidate)         \
  X(attach, AttachBody)                  \
  X(app_attach, AppAttachBody)           \
  X(config_update_req, ConfigUpdateReq)  \
  X(config_update_ans, ConfigUpdateAns)  \
  X(unknown_kinds, UnknownKinds)         \
  X(store_req, StoreReq)                 \
  X(store_ans, StoreAns)                 \
  X(fetch_req, FetchReq)                 \
  X(fetch_ans, FetchAns)                 \
  X(stat_req, StatReq)                   \
  X(stat_ans, StatAns)                   \
  X(find_req, FindReq)                   \
  X(find_ans, FindAns)
