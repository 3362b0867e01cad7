// How `ringwayd` is started with credentials that have just been made.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reload/config/configuration.hpp"

namespace ringway::services {

// The program, then its arguments. `more`: the user's own, which come last; what they say is not said twice.
// Without an address in them the peer listens on all of this machine's, at a port that is free now, and tells
// others the one from which the first of the bootstrap nodes is reached.
std::vector<std::string> peer_command(const std::string& credentials,
                                      const std::vector<config::BootstrapNode>& bootstrap_nodes,
                                      const std::vector<std::string>& more);
// 6084 (RFC 6940 §14.2) or the next one that nobody listens at, at any of the addresses of this machine.
std::uint16_t free_port(bool v6);
// Whether nobody listens at that port of this machine.
bool is_free(std::uint16_t port, bool v6);
// Whether the bootstrap node's address is one of this machine's.
bool is_own_address(const config::BootstrapNode& node);
// Becomes that program; what is returned is why it could not.
std::string become(const std::vector<std::string>& command);

}  // namespace ringway::services
