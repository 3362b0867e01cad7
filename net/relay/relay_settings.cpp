#include "net/relay/relay_settings.hpp"

#include <algorithm>

namespace ringway::net::relay {
namespace {

bool is_wildcard(const stun::IpAddress& ip) {
  return std::all_of(ip.octets.begin(), ip.octets.end(), [](auto octet) { return octet == 0; });
}

Outcome<> check(const RelayedFrom& from) {
  const auto name = [](const stun::IpAddress& ip) { return stun::to_text({ip, 0}); };
  if (is_wildcard(from.local) || is_wildcard(from.external))
    return Failure{"a relay relays from one address, not from any"};
  if (from.local.family != from.external.family)
    return Failure{name(from.local) + " and " + name(from.external) + " are of two families"};
  return Done{};
}

}  // namespace

Outcome<> check(const RelaySettings& settings) {
  if (settings.udp.empty() && settings.tcp.empty() && settings.tls.empty())
    return Failure{"a relay needs an address to listen at"};
  if (!settings.tls.empty() && !settings.tls_context)
    return Failure{"a relay that listens for TLS needs a certificate"};
  if (settings.relayed_from.empty()) return Failure{"a relay needs an address to relay from"};
  for (const auto& each : settings.relayed_from)
    if (auto done = check(each); !done) return done;
  if (settings.relayed_from.size() > 2 ||
      (settings.relayed_from.size() == 2 &&
       settings.relayed_from[0].local.family == settings.relayed_from[1].local.family))
    return Failure{"a relay relays from one address of each family"};
  if (settings.first_port == 0 || settings.first_port > settings.last_port)
    return Failure{"no ports from " + std::to_string(settings.first_port) + " to " +
                   std::to_string(settings.last_port)};
  if (settings.threads > k_max_threads)
    return Failure{"more than " + std::to_string(k_max_threads) + " threads"};
  return Done{};
}

}  // namespace ringway::net::relay
