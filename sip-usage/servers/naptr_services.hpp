// What a domain's NAPTR records say about SIP: by which transports it is reached, and under which names its
// servers are (RFC 3263 §4.1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sip-usage/lookup/resolution.hpp"
#include "sip-usage/servers/names.hpp"

namespace ringway::sip::servers {

// A transport and the name of the SRV records for it.
struct Service {
  ServerTransport transport = ServerTransport::udp;
  std::string name;
  std::uint16_t order = 0;  // of the NAPTR record that names it
  bool operator==(const Service&) const = default;
};

// "SIP+D2U" and its likes, whatever their case; of TLS over TCP only "SIPS+D2T" is one.
std::optional<ServerTransport> transport_of_service(std::string_view service);

// The applicable ones, the preferred first. Others are discarded: of transports that are not in `usable`, of
// other protocols, and all records that are no pointers to SRV records (flag "s", no regular expression).
std::vector<Service> services_of(std::vector<Naptr> records, const std::vector<ServerTransport>& usable);

// Without NAPTR: "_sip._udp.example.com".
std::string name_of_service(ServerTransport transport, std::string_view domain);

}  // namespace ringway::sip::servers
