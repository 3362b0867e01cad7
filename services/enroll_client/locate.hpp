// Where an overlay's configuration server is: the DNS SRV record _reload-config._tcp (RFC 6940 §11.2).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "reload/result.hpp"

namespace ringway::services {

struct DnsSettings {
  std::string servers;  // "address:port,…"; empty: those of the system
  std::chrono::milliseconds timeout{10'000};
};

struct ServerPlace {
  std::string host;
  std::uint16_t port = 443;
};

inline constexpr std::size_t k_max_server_places = 8;

// In the order to be tried (RFC 2782). An overlay without the record is served by the host of its own name;
// one whose record says that there is no such service is a failure, and so is a DNS that does not answer.
Result<std::vector<ServerPlace>> locate_configuration_server(const DnsSettings& settings,
                                                             const std::string& overlay_name);

}  // namespace ringway::services
