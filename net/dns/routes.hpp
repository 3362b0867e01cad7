// What this machine can do with an address that DNS gives. Asks the system, sends nothing.
#pragma once

#include <string>

namespace ringway::net::dns {

// Of no machine: unspecified (which would be this one), multicast, broadcast, or no address at all.
bool is_of_no_host(const std::string& address);

// There is a way to it and an own address of its family (RFC 6724 §6, rule 1).
bool has_route_to(const std::string& address);

}  // namespace ringway::net::dns
