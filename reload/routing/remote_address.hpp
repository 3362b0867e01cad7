// An address that one can connect to: IPv4 or IPv6. Without the bytes that a wire::IpAddressPort has for
// addresses of types not known; there is one of these for each link, and some more at each peer.
#pragma once

#include <array>
#include <compare>
#include <cstdint>

#include "reload/wire/bodies.hpp"

namespace ringway::routing {

class RemoteAddress {
 public:
  RemoteAddress() = default;
  RemoteAddress(const wire::IpAddressPort& from)  // NOLINT(google-explicit-constructor): the same value
      : type_(from.type), address_(from.address), port_(from.port) {}
  wire::IpAddressPort full() const {
    wire::IpAddressPort address;
    address.type = type_;
    address.address = address_;
    address.port = port_;
    return address;
  }
  auto operator<=>(const RemoteAddress&) const = default;

 private:
  wire::AddressType type_ = wire::AddressType::invalid;
  std::array<std::uint8_t, 16> address_{};
  std::uint16_t port_ = 0;
};

}  // namespace ringway::routing
