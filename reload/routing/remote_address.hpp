// The address at the other end of a link: IPv4 or IPv6, since it is connected. Without the bytes that a
// wire::IpAddressPort has for addresses of types not known; there is one of these for each link.
#pragma once

#include <array>

#include "reload/wire/bodies.hpp"

namespace ringway::routing {

class RemoteAddress {
 public:
  RemoteAddress() = default;
  RemoteAddress(const wire::IpAddressPort& from)  // NOLINT(google-explicit-constructor): the same value
      : address_(from.address), port_(from.port), type_(from.type) {}
  wire::IpAddressPort full() const {
    wire::IpAddressPort address;
    address.type = type_;
    address.address = address_;
    address.port = port_;
    return address;
  }

 private:
  std::array<std::uint8_t, 16> address_{};
  std::uint16_t port_ = 0;
  wire::AddressType type_ = wire::AddressType::invalid;
};

}  // namespace ringway::routing
