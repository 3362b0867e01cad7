// From where a request comes and whereto it may go: the words in which the proxy and its driver speak of
// phones' flows, of peers of the overlay and of servers outside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "reload/wire/destination.hpp"
#include "sip-usage/message/name_addr.hpp"
#include "sip-usage/message/uri.hpp"

namespace ringway::sip::proxy {

// How this peer is reached from the other end of a connection: what its Via says there (RFC 3261 §18.1.1).
struct Here {
  std::string transport = "UDP";  // as in Via: UDP, TCP, TLS, WS, WSS
  std::string host;
  std::optional<std::uint16_t> port;
  bool operator==(const Here&) const = default;
};

// A connection, or the two ends between which datagrams go (RFC 5626 §3.2).
struct NetworkFlow {
  std::uint64_t id = 0;  // the driver's; of datagrams it may be another one after a silence
  Here here;
  std::string remote;  // the other end's address and port, as the driver writes them
};
// Is it the same way? (RFC 5626 §5.3 compares addresses and ports.)
inline bool same_flow(const NetworkFlow& a, const NetworkFlow& b) {
  return a.here == b.here && a.remote == b.remote;
}
inline bool operator==(const NetworkFlow& a, const NetworkFlow& b) { return same_flow(a, b); }

enum class Side { phone, overlay, outside };

// The sender of a request. Who may call itself a user of this peer is for the registrar to say (§16.3 step
// 6).
struct Source {
  Side side = Side::outside;  // phone: of a user of this peer
  NetworkFlow flow;
  std::string
      user{};  // "alice@example.org", where that is known: of this peer, or of another peer's certificate
  std::string sender{};  // what counts as one sender outside: an address; empty: the flow's other end
  // This peer stands between two others (element/intermediary.hpp): the request may go on within the overlay.
  bool passes_here = false;
  // The user here whose request it is, or to whom it goes, stays unknown to the other side
  // (element/anonymity.hpp): within the dialog everything goes by the Route that was recorded.
  bool hides_user = false;
  bool must_be_carried = false;  // nobody can be told to call elsewhere (302)
};

// ---- one hop further

struct FlowHop {  // a phone of this peer
  NetworkFlow flow;
  bool operator==(const FlowHop&) const = default;
};
struct PeerHop {  // a device on the overlay, by the destinations of its registration (RFC 7904 §3.2)
  wire::DestinationList destinations;
  bool operator==(const PeerHop&) const = default;
};
struct ServerHop {  // a server outside, found by RFC 3263
  std::string transport;
  std::string host;
  std::uint16_t port = 0;
  std::string server_name{};  // of TLS: the domain that its certificate has to be for (RFC 5922); empty: none
  bool operator==(const ServerHop&) const = default;
};
// Wherever this URI leads: the device of a GRUU of the overlay, otherwise what RFC 3263 says. It comes from a
// Route, or is a Request-URI which this proxy does not answer for. Whether an own user may use the server
// that is found there (a trunk, for one) is for the driver to decide.
struct UriHop {
  Uri uri;
  bool operator==(const UriHop& other) const { return equivalent(uri, other.uri); }
};
// A caller from outside, to where its request came from. It is nobody's phone here: what it answers counts as
// a stranger's.
struct CallerHop {
  NetworkFlow flow;
  bool operator==(const CallerHop&) const = default;
};
using Hop = std::variant<FlowHop, PeerHop, ServerHop, UriHop, CallerHop>;

// One of those who may be called (§16.5).
struct Target {
  Uri uri;  // the Request-URI that it gets
  Hop hop;
  std::vector<Hop> alternatives;  // tried in this order when the one before cannot be reached (RFC 3263 §4.3)
  unsigned q_thousandths = 1000;  // the highest are called first
  std::size_t depth = 0;          // how often the location service was sent on: nearest first
  std::string instance;           // RFC 5626 §4.1: only one flow of an instance is used at a time
  std::vector<NameAddr> path;     // of the binding (RFC 3327 §5.4): Routes to it
  // Requests within the dialog go to the same hop, whatever their Request-URI says: to a phone of this peer,
  // to a trunk.
  bool is_fixed = false;
  std::string user{};                 // of this peer, whose phone it is
  std::optional<NetworkFlow> over{};  // the connection with another peer by which it has answered

  bool is_same(const Target& other) const { return equivalent(uri, other.uri) && hop == other.hop; }
};

}  // namespace ringway::sip::proxy
