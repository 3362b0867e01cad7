#include "net/relay/host_addresses.hpp"

#include <ifaddrs.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

#include "net/relay/udp_batch.hpp"

namespace ringway::net::relay {
namespace {

bool is_link_local(const stun::IpAddress& ip) {
  return ip.family == stun::Family::ipv6 && ip.octets[0] == 0xFE && (ip.octets[1] & 0xC0U) == 0x80;
}

}  // namespace

Result<std::vector<stun::IpAddress>> addresses_of_host() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0)
    return Failure{"the addresses of this host cannot be read: " + std::generic_category().message(errno)};
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> all(first, &::freeifaddrs);
  std::vector<stun::IpAddress> out;
  for (const auto* each = first; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr) continue;
    const auto family = each->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    sockaddr_storage storage{};
    std::memcpy(&storage, each->ifa_addr, family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    const auto ip = from_socket_address(storage).ip;
    if (!is_link_local(ip)) out.push_back(ip);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace ringway::net::relay
