// Credentials that a relay gives the nodes of its overlay (AMB-28). A node connects to the relay with its
// certificate, so who it is is known, and is sent what it needs to use the relay for a time: nothing has to
// be asked for, and nothing is remembered but how often. Without sockets.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "relay/credentials.hpp"
#include "relay/events.hpp"
#include "reload/ids.hpp"
#include "reload/result.hpp"
#include "reload/time.hpp"
#include "reload/wire/bodies.hpp"
#include "reload/wire/codec.hpp"

namespace ringway::relay {

inline constexpr Duration k_node_access_lifetime{3'600'000};
inline constexpr std::size_t k_node_access_of_period = 4;  // of one node; more are not answered
inline constexpr Duration k_node_access_period{60'000};
inline constexpr std::size_t k_max_nodes_in_period = 4096;  // others wait for the next
inline constexpr std::size_t k_max_relay_addresses = 16;

struct RelayAddress {
  Transport transport = Transport::udp;
  wire::IpAddressPort at;
  bool operator==(const RelayAddress&) const = default;
};

// As it goes over the connection:
//   struct { uint8 version = 1; opaque user_name<0..2^16-1>; opaque password<0..2^16-1>; uint64 ends_ms;
//            RelayAddress addresses<0..2^16-1>; } NodeAccess;
//   struct { uint8 transport (udp(1), tcp(2), tls(3)); IpAddressPort at; } RelayAddress;
struct NodeAccess {
  Credential credential;
  std::vector<RelayAddress> addresses;
};
void read(wire::Reader& in, NodeAccess& out);
void write(wire::Writer& out, const NodeAccess& value);

// The relay's side.
class NodeAccessDesk {
 public:
  // `credentials` outlive it.
  NodeAccessDesk(const Credentials& credentials, std::vector<RelayAddress> addresses);

  // What is sent to this node, which has just connected; nothing when it comes too often.
  std::optional<Bytes> give(Now now, const NodeId& node);
  std::uint64_t refused() const { return refused_; }

 private:
  const Credentials& credentials_;
  std::vector<RelayAddress> addresses_;
  MonoTime period_began_;
  std::map<NodeId, std::size_t> given_;  // within the period
  std::uint64_t refused_ = 0;
};

// The node's side: what a relay has sent, if it can be used. Only what can be connected to is kept of the
// addresses: numeric ones of IPv4 and IPv6 with a port.
Result<NodeAccess> read_node_access(WallMs now_ms, SharedBytes octets);
// When to connect again: at half of what is left.
WallMs renew_at_ms(WallMs now_ms, const NodeAccess& access);

}  // namespace ringway::relay
