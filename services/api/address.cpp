#include "services/api/address.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

namespace ringway::services {
namespace {

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};

std::optional<HostPort> split(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  HostPort out;
  const std::string_view digits = text.substr(colon + 1);
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
  if (digits.empty() || parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size()) {
    return std::nullopt;
  }
  out.host = text.substr(0, colon);
  // With a colon in it it would be an IPv6 address without brackets: where its port starts is a guess.
  if (out.host.find_first_of(":[]") != std::string::npos) return std::nullopt;
  return out;
}

Failure unreadable(std::string_view text, std::string_view expected) {
  return {"'" + std::string(text) + "' is no " + std::string(expected)};
}

}  // namespace

Result<wire::IpAddressPort> parse_address(std::string_view text) {
  wire::IpAddressPort address;
  if (!link::parse_address(text, address)) {
    return unreadable(text, "address with a port, like 192.0.2.1:6084 or [2001:db8::1]:6084");
  }
  return address;
}

Result<std::vector<wire::IpAddressPort>> resolve(std::string_view text) {
  if (const auto address = parse_address(text)) return std::vector{*address};
  const auto parts = split(text);
  if (!parts) return unreadable(text, "host with a port, like peer.example.org:6084 or [2001:db8::1]:6084");

  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int failed = ::getaddrinfo(parts->host.c_str(), nullptr, &hints, &list);
  if (failed != 0) return Failure{"cannot resolve '" + parts->host + "': " + ::gai_strerror(failed)};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> guard(list, &::freeaddrinfo);

  std::vector<wire::IpAddressPort> out;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    wire::IpAddressPort address;
    address.port = parts->port;
    if (entry->ai_family == AF_INET) {
      sockaddr_in v4{};
      std::memcpy(&v4, entry->ai_addr, sizeof v4);
      address.type = wire::AddressType::ipv4;
      std::memcpy(address.address.data(), &v4.sin_addr, 4);
    } else if (entry->ai_family == AF_INET6) {
      sockaddr_in6 v6{};
      std::memcpy(&v6, entry->ai_addr, sizeof v6);
      address.type = wire::AddressType::ipv6;
      std::memcpy(address.address.data(), &v6.sin6_addr, 16);
    } else {
      continue;
    }
    if (std::find(out.begin(), out.end(), address) == out.end()) out.push_back(address);
  }
  if (out.empty()) return Failure{"'" + parts->host + "' has no IPv4 or IPv6 address"};
  return out;
}

bool is_loopback(const wire::IpAddressPort& address) {
  if (address.type == wire::AddressType::ipv4) return address.address[0] == 127;
  std::array<std::uint8_t, 16> loopback{};
  loopback[15] = 1;
  return address.type == wire::AddressType::ipv6 && address.address == loopback;
}

bool is_any(const wire::IpAddressPort& address) {
  return std::all_of(address.address.begin(), address.address.end(),
                     [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace ringway::services
