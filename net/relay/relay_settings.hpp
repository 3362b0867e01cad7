// Where a relay listens and from which addresses it relays.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "net/tls_context.hpp"
#include "reload/stun/address.hpp"

namespace ringway::net::relay {

inline constexpr std::uint16_t k_first_port = 49'152, k_last_port = 65'535;  // RFC 8656 §7.2

// An address of this host that relayed sockets have; and what the world calls it, where a NAT one to one
// stands between.
struct RelayedFrom {
  stun::IpAddress local;
  stun::IpAddress external;
};

struct RelaySettings {
  std::vector<stun::Address> udp;  // port 0: any free one
  std::vector<stun::Address> tcp;
  std::vector<stun::Address> tls;
  TlsContextPtr tls_context;              // with the relay's certificate; needed where `tls` is not empty
  std::vector<RelayedFrom> relayed_from;  // one of each family at most
  std::uint16_t first_port = k_first_port, last_port = k_last_port;
  std::uint64_t bytes_per_s_of_allocation = 0;  // each way; 0: without limit
  std::size_t threads = 1;
};

}  // namespace ringway::net::relay
