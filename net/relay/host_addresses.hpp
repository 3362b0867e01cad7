// The addresses that this host has just now, for what may not be reached through a relay (TURN-11), and for
// listening at each of them.
#pragma once

#include <vector>

#include "reload/result.hpp"
#include "reload/stun/address.hpp"

namespace ringway::net::relay {

// Sorted, each once; link-local ones of IPv6, which are nothing without their interface, left out. A
// failure where the system does not say: without them nobody knows what may not be reached.
Result<std::vector<stun::IpAddress>> addresses_of_host();

}  // namespace ringway::net::relay
