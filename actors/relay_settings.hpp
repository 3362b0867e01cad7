// What a peer is told of its relay, and what it tells of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/relay/relay_settings.hpp"
#include "relay/credentials.hpp"
#include "relay/server.hpp"
#include "relay/settings.hpp"
#include "reload/time.hpp"

namespace ringway::actors {

// What may change while the relay runs: who may use it, and the certificate that clients over TLS see.
struct RelaySecrets {
  relay::Credentials::Given users;
  std::string private_key_pem, certificates_pem;  // empty: no TLS
};

struct RelaySettings {
  relay::Settings control;            // families and addresses follow from the sockets and the host
  net::relay::RelaySettings sockets;  // without a TLS context: it is made of the secrets
  RelaySecrets secrets;
  bool is_advertised = false;  // others of the overlay find it (RFC 6940 §9)
  Duration drain_time{0};      // so long a peer that leaves waits for allocations to end
};

// What has passed, and what has not, of all threads.
struct RelayTraffic {
  std::uint64_t packets_to_peers = 0, bytes_to_peers = 0, packets_to_clients = 0, bytes_to_clients = 0;
  std::uint64_t bindings = 0, bindings_dropped = 0, errors_told = 0;
  std::uint64_t not_sent = 0, control_dropped = 0, no_allocation = 0, streams_refused = 0;
  std::uint64_t malformed = 0, no_channel = 0, no_permission = 0, over_rate = 0;
};

struct RelayReport {
  std::vector<std::string> listening_on;  // "udp:192.0.2.1:3478"
  bool is_draining = false;
  std::size_t allocations = 0;
  relay::Counters control;
  RelayTraffic traffic;
};
using RelayReportPtr = std::shared_ptr<const RelayReport>;

}  // namespace ringway::actors
