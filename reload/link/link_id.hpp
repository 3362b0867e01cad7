// Names for links, and what opening one needs; shared by routing, the network and the simulator.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "reload/wire/bodies.hpp"

namespace ringway::link {

// One link of one peer, never reused while the process lives.
struct LinkId {
  std::uint64_t number = 0;
  auto operator<=>(const LinkId&) const = default;
};

// An address as applications write it: "192.0.2.1:6084", "[2001:db8::1]:6084".
std::string to_text(const wire::IpAddressPort& address);
bool parse_address(std::string_view text, wire::IpAddressPort& out);

}  // namespace ringway::link

template <>
struct std::hash<ringway::link::LinkId> {
  std::size_t operator()(const ringway::link::LinkId& id) const noexcept {
    return std::hash<std::uint64_t>{}(id.number);
  }
};
