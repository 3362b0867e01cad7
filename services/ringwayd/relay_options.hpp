// What `ringwayd` can be told of its relay (--role relay, --relay-...), as addresses and numbers. No file is
// opened here.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/relay/relay_settings.hpp"
#include "relay/peer_policy.hpp"
#include "services/options/option_group.hpp"

namespace ringway::services {

struct RelayOptions {
  std::string role = "peer";  // or relay
  std::vector<std::string> listen;
  std::vector<std::string> addresses, external_addresses;
  std::string ports = "49152-65535";
  std::string realm;  // empty: the overlay's name
  std::string static_users, shared_secrets;
  std::size_t max_allocations = 4096, max_of_user = 64;
  std::uint64_t bandwidth_bytes_per_s = 0;
  std::vector<std::string> allowed_peers, denied_peers;
  std::string certificate, key;
  std::size_t threads = 1;
  bool advertise = false;
  double drain_s = 30;

  bool relays() const { return role == "relay"; }

  // Derived: where and from where, and to whom.
  net::relay::RelaySettings sockets{};
  relay::PeerPolicy policy{};
};

void add_relay_options(OptionGroup& group, RelayOptions& options);
// What is wrong, empty when nothing is.
std::string derive_relay(RelayOptions& options, std::size_t peers);

// As peer `index` of several listens, each with ports of its own.
net::relay::RelaySettings relay_sockets_of(const RelayOptions& options, std::size_t index);

}  // namespace ringway::services
