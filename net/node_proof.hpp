// Who is at the other end of a link whose handshake has shown no certificate (shared-secret mode, AMB-38):
// each side sends, before anything else, its certificates and a signature over what only this handshake's two
// ends know. So a link is bound to a Node-ID as firmly as by certificates in the handshake, and a proof is
// good for one end of one link only. Bytes only; the sockets are Handshake's.
#pragma once

#include <cstdint>
#include <optional>

#include "net/peer_check.hpp"
#include "reload/bytes.hpp"
#include "reload/result.hpp"
#include "reload/security/signer.hpp"

namespace ringway::net {

enum class Side : std::uint8_t { client = 0, server = 1 };
inline Side other(Side side) { return side == Side::client ? Side::server : Side::client; }

// u32 length, then a SecurityBlock (RFC 6940 §6.3.4).
inline constexpr std::size_t k_proof_length_size_bytes = 4;
inline constexpr std::size_t k_max_proof_size_bytes = 32768;

Bytes make_proof(const security::Signer& signer, Side side, BytesView binding);
// The size of what follows the length; nothing when nobody's proof is of that size.
std::optional<std::size_t> proof_size(BytesView length);
// Asks `check` about the certificate; its answer is there when this is true.
bool accept_proof(PeerCheck& check, Side of, BytesView binding, SharedBytes block);

}  // namespace ringway::net
