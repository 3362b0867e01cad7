// What peers of one network tell each other before they have a link: which overlay, and where they listen. An
// extension of ours (docs/extensions.md); RFC 6940 leaves discovery out. Nothing of it is ever trusted.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/result.hpp"
#include "reload/wire/bodies.hpp"

namespace ringway::discovery {

inline constexpr std::size_t k_max_datagram_size_bytes = 512;
inline constexpr std::size_t k_max_announced_addresses = 8;

// The first bytes of SHA-256 of the overlay's name in lower case: which overlay it is tells only who knows.
using OverlayTag = std::array<std::uint8_t, 16>;
OverlayTag overlay_tag(std::string_view overlay_name);

struct Announcement {
  bool asks = false;  // the sender wants to hear of the others
  OverlayTag overlay{};
  std::vector<wire::IpAddressPort> addresses;  // where the sender listens for links
  bool operator==(const Announcement&) const = default;
};

Bytes encode(const Announcement& announcement);
// Refuses whatever encode() does not write.
Result<Announcement> decode(SharedBytes datagram);

// Could a peer of the same network be there? No port 0, no multicast, nobody's and everybody's address, and
// no IPv6 address that means something only with the name of an interface.
bool can_be_a_peer(const wire::IpAddressPort& address);
bool is_loopback(const wire::IpAddressPort& address);

}  // namespace ringway::discovery
