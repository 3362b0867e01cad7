// The network interfaces of this machine, as discovery needs them: those that are up, and their addresses.
#pragma once

#include <string>
#include <vector>

#include "reload/wire/bodies.hpp"

namespace ringway::net {

struct Interface {
  std::string name;
  unsigned index = 0;
  bool loopback = false;
  std::vector<wire::IpAddressPort> addresses;  // port 0
};

// Up, and able to send to groups (or loopback). Empty when the system does not tell.
std::vector<Interface> interfaces();

// Where others of the network reach a socket that listens at `any` (0.0.0.0, or :: for both families): each
// address of this machine but loopback's and link-local IPv6, with that port.
std::vector<wire::IpAddressPort> reachable_addresses(const wire::IpAddressPort& any);

}  // namespace ringway::net
