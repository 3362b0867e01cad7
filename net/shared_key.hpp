// Links of an overlay in shared-secret mode (RFC 6940 §13.4): TLS-PSK with forward secrecy (RFC 5489, RFC
// 5487), TLS 1.2, where these suites are. They show no certificates; who is at the other end is proved right
// after the handshake (node_proof.hpp).
#pragma once

#include <string>
#include <string_view>

#include "net/tls_context.hpp"
#include "reload/bytes.hpp"
#include "reload/result.hpp"

namespace ringway::net {

// The identity that goes with the key is the overlay's name: there is one key.
Result<TlsContextPtr> make_shared_key_context(std::string_view overlay_name, std::string_view secret);

// What both ends of a finished handshake know, and nobody else: different for each handshake (RFC 5705). A
// failure when the handshake is not bound to its key exchange (RFC 7627).
Result<Bytes> handshake_binding(SSL* ssl);

}  // namespace ringway::net
