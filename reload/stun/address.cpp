#include "reload/stun/address.hpp"

#include <cstring>

#include "reload/link/link_id.hpp"

namespace ringway::stun {

std::optional<Address> from_wire(const wire::IpAddressPort& address) {
  if (address.type != wire::AddressType::ipv4 && address.type != wire::AddressType::ipv6) return std::nullopt;
  Address out{{address.type == wire::AddressType::ipv4 ? Family::ipv4 : Family::ipv6, {}}, address.port};
  std::memcpy(out.ip.octets.data(), address.address.data(), out.ip.size_bytes());
  return out;
}

wire::IpAddressPort to_wire(const Address& address) {
  wire::IpAddressPort out;
  out.type = address.ip.family == Family::ipv4 ? wire::AddressType::ipv4 : wire::AddressType::ipv6;
  out.address = address.ip.octets;
  out.port = address.port;
  return out;
}

std::optional<Address> address_of(std::string_view ip, std::uint16_t port) {
  const bool is_ipv6 = ip.find(':') != std::string_view::npos;
  const std::string host(ip);
  wire::IpAddressPort out;
  if (!link::parse_address((is_ipv6 ? '[' + host + ']' : host) + ':' + std::to_string(port), out))
    return std::nullopt;
  return from_wire(out);
}

std::string to_text(const Address& address) { return link::to_text(to_wire(address)); }

std::size_t hash_of(const IpAddress& ip, std::uint64_t seed) {
  // Two rounds of the finalizer of MurmurHash3 over both halves: all bits reach all others.
  auto mixed = [](std::uint64_t bits) {
    bits = (bits ^ (bits >> 33U)) * 0xFF51AFD7ED558CCDULL;
    bits = (bits ^ (bits >> 33U)) * 0xC4CEB9FE1A85EC53ULL;
    return bits ^ (bits >> 33U);
  };
  std::array<std::uint64_t, 2> halves{};
  std::memcpy(halves.data(), ip.octets.data(), ip.octets.size());
  const auto family = static_cast<std::uint64_t>(ip.family) << 56U;
  return mixed(halves[1] ^ mixed(halves[0] ^ mixed(seed ^ family)));
}

}  // namespace ringway::stun
