// The value of SIP-REGISTRATION (RFC 7904 §3.2): how a user's device can be reached, or at which other
// address the user is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "reload/bytes.hpp"
#include "reload/ids.hpp"
#include "reload/result.hpp"
#include "reload/wire/codec.hpp"
#include "reload/wire/destination.hpp"

namespace ringway::sip {

// A destination list that a caller writes into the header of each request.
inline constexpr std::size_t k_max_route_destinations = 16;
inline constexpr std::size_t k_min_route_bytes = 3;  // destination_list<3..2^16-1>

enum class SipRegistrationType : std::uint8_t { uri = 1, route = 2 };

// "In order to contact me, dereference this AOR."
struct UriRegistration {
  std::string uri;
  bool operator==(const UriRegistration&) const = default;
};
// "In order to contact me, form a connection with this peer": the list's last entry.
struct RouteRegistration {
  std::string contact_prefs;  // contact_preferences.hpp; empty: nothing is said
  wire::DestinationList destinations;
  bool operator==(const RouteRegistration&) const = default;
};
// Of a type that was defined later: skippable by its length, kept as it came.
struct UnknownRegistration {
  std::uint8_t type = 0;
  Bytes data;
  bool operator==(const UnknownRegistration&) const = default;
};
using SipRegistration = std::variant<UriRegistration, RouteRegistration, UnknownRegistration>;

void read(wire::Reader& in, SipRegistration& out);
void write(wire::Writer& out, const SipRegistration& registration);

// Whether it can be what somebody wants to be called by: an address that can be read, preferences, a list
// that ends at one peer.
Outcome<> check_registration(const SipRegistration& registration, std::string_view overlay_name);
// Ends at a peer, by its Node-ID or by what another peer has compressed; never "whoever receives it".
Outcome<> check_route(const wire::DestinationList& destinations);

// The registration of a device that is reached directly.
SipRegistration registration_of_node(const NodeId& node, std::string contact_prefs);

}  // namespace ringway::sip
