// What a datagram is, by its first byte (RFC 7983 §7): several protocols share the port of links.
#pragma once

#include "reload/bytes.hpp"

namespace ringway::net::dtls {

enum class Datagram { stun, dtls, channel_data, other };

inline Datagram kind_of(BytesView datagram) {
  if (datagram.empty()) return Datagram::other;
  const std::uint8_t first = datagram.front();
  if (first <= 3) return Datagram::stun;
  if (first >= 20 && first <= 63) return Datagram::dtls;
  if (first >= 64 && first <= 79) return Datagram::channel_data;
  return Datagram::other;
}

}  // namespace ringway::net::dtls
