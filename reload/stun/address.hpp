// A transport address as STUN carries it: small, comparable, without memory of its own. The data path of a
// relay keeps tables of these.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "reload/bytes.hpp"
#include "reload/wire/bodies.hpp"

namespace ringway::stun {

enum class Family : std::uint8_t { ipv4 = 1, ipv6 = 2 };  // RFC 8489 §14.1

struct IpAddress {
  Family family = Family::ipv4;
  std::array<std::uint8_t, 16> octets{};  // IPv4 in the first four, zeros behind
  auto operator<=>(const IpAddress&) const = default;
  std::size_t size_bytes() const { return family == Family::ipv4 ? 4 : 16; }
};

struct Address {
  IpAddress ip;
  std::uint16_t port = 0;
  auto operator<=>(const Address&) const = default;
};

// None of another type than IPv4 and IPv6.
std::optional<Address> from_wire(const wire::IpAddressPort& address);
wire::IpAddressPort to_wire(const Address& address);
// Of an address as text, of IPv6 without brackets.
std::optional<Address> address_of(std::string_view ip, std::uint16_t port);
std::string to_text(const Address& address);  // "192.0.2.1:3478", "[2001:db8::1]:3478"

// A table of addresses that others choose needs a seed which they do not know: `seed` is mixed in.
std::size_t hash_of(const IpAddress& ip, std::uint64_t seed);

}  // namespace ringway::stun
