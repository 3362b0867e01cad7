// The errors of ICMP that datagrams of a socket have met (Linux: IP_RECVERR), one by one.
#pragma once

#include <optional>

#include "relay/path/lane.hpp"
#include "reload/stun/address.hpp"

namespace ringway::net::relay {

inline constexpr int k_max_errors_at_once = 64;  // read of one socket before others have their turn

struct SocketError {
  stun::Address to;  // where the datagram went
  ringway::relay::IcmpError error;
};
// Nothing when there is none just now. Those that were made on this host are left out.
std::optional<SocketError> next_error(int socket);

}  // namespace ringway::net::relay
