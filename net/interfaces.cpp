#include "net/interfaces.hpp"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>

#include "reload/discovery/announcement.hpp"

namespace ringway::net {

namespace {

std::optional<wire::IpAddressPort> address_of(const sockaddr* address) {
  if (address == nullptr) return std::nullopt;
  wire::IpAddressPort out;
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    out.type = wire::AddressType::ipv4;
    std::memcpy(out.address.data(), &v4.sin_addr, sizeof v4.sin_addr);
    return out;
  }
  if (address->sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6{};
  std::memcpy(&v6, address, sizeof v6);
  out.type = wire::AddressType::ipv6;
  std::memcpy(out.address.data(), &v6.sin6_addr, sizeof v6.sin6_addr);
  return out;
}

Interface& entry_of(std::vector<Interface>& all, const ifaddrs& one) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Interface& i) { return i.name == one.ifa_name; });
  if (found != all.end()) return *found;
  Interface fresh;
  fresh.name = one.ifa_name;
  fresh.index = ::if_nametoindex(one.ifa_name);
  fresh.loopback = (one.ifa_flags & IFF_LOOPBACK) != 0;
  return all.emplace_back(std::move(fresh));
}

}  // namespace

std::vector<Interface> interfaces() {
  ifaddrs* raw = nullptr;
  if (::getifaddrs(&raw) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> list(raw, ::freeifaddrs);
  std::vector<Interface> all;
  for (const ifaddrs* one = raw; one != nullptr; one = one->ifa_next) {
    const auto address = address_of(one->ifa_addr);
    const bool usable =
        (one->ifa_flags & IFF_UP) != 0 && (one->ifa_flags & (IFF_MULTICAST | IFF_LOOPBACK)) != 0;
    if (address && usable) entry_of(all, *one).addresses.push_back(*address);
  }
  return all;
}

std::vector<wire::IpAddressPort> reachable_addresses(const wire::IpAddressPort& any) {
  std::vector<wire::IpAddressPort> out;
  for (const Interface& interface : interfaces()) {
    for (wire::IpAddressPort address : interface.addresses) {
      address.port = any.port;
      const bool family = address.type == wire::AddressType::ipv4 || any.type == wire::AddressType::ipv6;
      if (!interface.loopback && family && discovery::can_be_a_peer(address)) out.push_back(address);
    }
  }
  return out;
}

}  // namespace ringway::net
