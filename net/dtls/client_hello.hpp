// What DtlsPort must know of a ClientHello before OpenSSL sees it (RFC 6347 §4.1, §4.2.2; RFC 5246
// §7.4.1.2): whose it is. Nothing here is believed; the cookie is judged elsewhere.
#pragma once

#include <cstddef>
#include <optional>

#include "reload/bytes.hpp"

namespace ringway::net::dtls {

struct ClientHello {
  BytesView random;  // that of the first is in the second, too, with the cookie (RFC 6347 §4.2.1)
  bool has_cookie = false;
};

// None: not a record of epoch 0 with a ClientHello at its start. Only who begins sends these. A part of one
// has no cookie: OpenSSL answers no parts.
inline std::optional<ClientHello> client_hello(BytesView datagram) {
  constexpr std::size_t k_epoch_at = 3, k_handshake_type_at = 13, k_body_at = 25;
  constexpr std::size_t k_random_at = k_body_at + 2, k_random_size_bytes = 32;
  constexpr std::size_t k_session_size_at = k_random_at + k_random_size_bytes;
  constexpr std::uint8_t k_handshake = 22, k_client_hello = 1;
  if (datagram.size() <= k_session_size_at || datagram[0] != k_handshake || datagram[k_epoch_at] != 0 ||
      datagram[k_epoch_at + 1] != 0 || datagram[k_handshake_type_at] != k_client_hello)
    return std::nullopt;
  ClientHello hello;
  hello.random = datagram.subspan(k_random_at, k_random_size_bytes);
  const std::size_t cookie_size_at = k_session_size_at + 1 + datagram[k_session_size_at];
  hello.has_cookie = cookie_size_at < datagram.size() && datagram[cookie_size_at] > 0;
  return hello;
}

}  // namespace ringway::net::dtls
