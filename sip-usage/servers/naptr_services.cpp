#include "sip-usage/servers/naptr_services.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "sip-usage/message/grammar.hpp"

namespace ringway::sip::servers {
namespace {

bool is_among(ServerTransport transport, const std::vector<ServerTransport>& usable) {
  return std::find(usable.begin(), usable.end(), transport) != usable.end();
}

bool leads_to_srv(const Naptr& record) {
  return same_ignoring_case(record.flags, "s") && record.regexp.empty();
}

}  // namespace

std::optional<ServerTransport> transport_of_service(std::string_view service) {
  if (same_ignoring_case(service, "SIPS+D2T")) return ServerTransport::tls;
  if (same_ignoring_case(service, "SIP+D2T")) return ServerTransport::tcp;
  if (same_ignoring_case(service, "SIP+D2U")) return ServerTransport::udp;
  return std::nullopt;
}

std::vector<Service> services_of(std::vector<Naptr> records, const std::vector<ServerTransport>& usable) {
  const auto rank = [](const Naptr& one) { return std::tie(one.order, one.preference); };
  std::stable_sort(records.begin(), records.end(),
                   [&](const Naptr& a, const Naptr& b) { return rank(a) < rank(b); });
  std::vector<Service> services;
  for (const Naptr& record : records) {
    const auto transport = transport_of_service(record.services);
    if (!transport || !is_among(*transport, usable) || !leads_to_srv(record)) continue;
    auto name = to_name(record.replacement);
    if (name) services.push_back({*transport, std::move(*name), record.order});
  }
  return services;
}

std::string name_of_service(ServerTransport transport, std::string_view domain) {
  const std::string_view service = transport == ServerTransport::udp   ? "_sip._udp."
                                   : transport == ServerTransport::tcp ? "_sip._tcp."
                                                                       : "_sips._tcp.";
  return std::string(service).append(domain);
}

}  // namespace ringway::sip::servers
