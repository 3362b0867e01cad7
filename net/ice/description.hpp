// What ICE (RFC 8445) needs to know, as values: the servers that an agent asks, what one end tells the other
// in an Attach (RFC 6940 §6.5.1), and which path came of it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "net/ice/secret_text.hpp"
#include "reload/wire/bodies.hpp"

namespace ringway::net::ice {

enum class Role { controlling, controlled };

// Each costs memory here, and one that is told makes us send checks wherever it says (ICE-34, RFC 8445
// §19.5.1).
inline constexpr std::size_t k_max_candidates = 16;
inline constexpr std::size_t k_max_turn_servers = 4;
inline constexpr std::size_t k_max_local_addresses = 16;

// libnice has no TLS towards relays.
struct TurnServer {
  enum class Over { udp, tcp };
  wire::IpAddressPort at;
  Over over = Over::udp;
  std::string username;
  SecretText password;
};

struct Gathering {
  Role role = Role::controlling;
  std::vector<wire::IpAddressPort> local_addresses;  // none: all of the machine's but loopback. Without ports
  std::optional<wire::IpAddressPort> stun_server;
  std::vector<TurnServer> turn_servers;
  bool only_relayed = false;  // the other end shall not learn our addresses
};

// Of one end. The candidates are of the link type DTLS-UDP-SR.
struct Description {
  std::string ufrag;
  SecretText password;
  std::vector<wire::IceCandidate> candidates;
};

// Empty when it can be used (RFC 8445 §5.3, §5.4).
std::string why_unusable(const Description& remote);

enum class EndKind { host, server_reflexive, peer_reflexive, relayed };
const char* to_text(EndKind kind);
struct SelectedPair {
  EndKind local = EndKind::host, remote = EndKind::host;
  wire::IpAddressPort local_address, remote_address;
};

}  // namespace ringway::net::ice
