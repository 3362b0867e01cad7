// What goes into and comes out of the storage component about services: those that this peer provides or
// looks for by ReDiR (RFC 7374), and relays that advertise themselves by TURN-SERVICE (RFC 6940 §9).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "reload/data/api.hpp"
#include "reload/redir/lookup.hpp"
#include "reload/wire/bodies.hpp"

namespace ringway::data {

inline constexpr std::string_view k_turn_server_service = "turn-server";  // RFC 7374 §10.4
inline constexpr std::uint32_t k_default_service_lifetime_s = 600;        // RFC 7374 §4.4
inline constexpr std::uint32_t k_least_service_lifetime_s = 60;           // a refresh takes time
inline constexpr std::uint32_t k_most_service_lifetime_s = 24 * 3600;
inline constexpr std::size_t k_max_service_name_bytes = 255;
inline constexpr std::size_t k_max_services = 64;         // that one peer provides
inline constexpr std::size_t k_max_service_waiters = 64;  // orders about one of them, under way
inline constexpr std::size_t k_max_service_lookups = 256;
inline constexpr std::size_t k_max_relay_searches = 64;
inline constexpr std::size_t k_most_relay_probes = 16;  // random points of one search

// ---- in

// This peer provides the service until it is unregistered: its records are refreshed. ServiceDone follows
// when they are stored for the first time, or if that fails; then nothing is kept up.
struct RegisterService {
  std::uint64_t token = 0;
  std::string service;
  std::uint32_t lifetime_s = k_default_service_lifetime_s;
};
struct UnregisterService {
  std::uint64_t token = 0;
  std::string service;
};
// As before leaving: no service and no relay of this peer is to be found any more. ServiceDone follows when
// the records are removed, or could not be.
struct WithdrawServices {
  std::uint64_t token = 0;
};
struct FindService {
  std::uint64_t token = 0;
  std::string service;
  std::optional<NodeId> key;  // whose closest successor is wanted; unset: this peer's
  std::uint64_t random = 0;   // picks one when nobody follows
};
// A relay of this peer can be used at that address, until it is withdrawn: advertised by TURN-SERVICE as
// often as turn-density says, and as the ReDiR service "turn-server" where the overlay has REDIR. Once more
// with another address: that one instead.
struct AdvertiseRelay {
  wire::IpAddressPort address;
};
struct WithdrawRelay {};
// Answered by RelaysFound with the same token. `probes`: random points of the ring, where Find begins;
// `random` as of FindService, for when Find finds none.
struct FindRelays {
  std::uint64_t token = 0;
  std::size_t wanted = 1;
  std::vector<ResourceId> probes;
  std::uint64_t random = 0;
};

// ---- out

struct ServiceChanged {
  std::size_t places = 0;  // tree nodes that have this peer's record
};
struct ServiceFound {
  std::vector<redir::Provider> providers;  // the closest successor of the key, then who follows; at least one
  unsigned fetches = 0;
};
struct ServiceDone {
  std::uint64_t token = 0;
  std::variant<ServiceChanged, ServiceFound, CallFailure> result;
};

struct FoundRelay {
  NodeId node;
  wire::IpAddressPort address;
  bool operator==(const FoundRelay&) const = default;
};
struct RelaysFound {
  std::uint64_t token = 0;
  std::vector<FoundRelay> relays;  // each node once
  std::optional<CallFailure> failure;
};

}  // namespace ringway::data
