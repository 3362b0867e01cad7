#include "net/relay/relay_settings.hpp"

#include <algorithm>
#include <cstdlib>

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

// The system's choice is nobody else's.
Outcome<> check_apart(const std::vector<stun::Address>& all, std::size_t relays) {
  for (std::size_t first = 0; first < all.size(); ++first) {
    const auto& one = all[first];
    if (one.port != 0 && one.port + relays - 1 > 65'535)
      return Failure{"the ports of " + std::to_string(relays) + " relays from " + stun::to_text(one) +
                     " on would go beyond 65535"};
    for (std::size_t second = first + 1; second < all.size(); ++second) {
      const auto& other = all[second];
      const auto apart = static_cast<std::size_t>(std::abs(int{one.port} - int{other.port}));
      if (one.port == 0 || other.port == 0 || one.ip.family != other.ip.family || apart >= relays) continue;
      if (one.ip == other.ip || is_wildcard(one.ip) || is_wildcard(other.ip))
        return Failure{stun::to_text(one) + " and " + stun::to_text(other) +
                       (relays == 1 ? " are one address" : " are one address for two of the relays")};
    }
  }
  return Done{};
}

}  // namespace

Outcome<> check_listening(const RelaySettings& settings, std::size_t relays) {
  if (auto done = check_apart(settings.udp, relays); !done) return done;
  auto streams = settings.tcp;
  streams.insert(streams.end(), settings.tls.begin(), settings.tls.end());
  return check_apart(streams, relays);
}

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
  return check_listening(settings, 1);
}

}  // namespace ringway::net::relay
