// HMAC (RFC 2104) by OpenSSL. SHA-256 is for what a peer hands out and wants to know again, such as SIP's
// flow tokens; SHA-1 is STUN's MESSAGE-INTEGRITY (RFC 8489 §14.5) and nothing else. The key is the caller's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "reload/bytes.hpp"

namespace ringway::security {

inline constexpr std::size_t k_hmac_bytes = 32;
inline constexpr std::size_t k_hmac_key_bytes = 32;  // of a key that is drawn for it
using Hmac = std::array<std::uint8_t, k_hmac_bytes>;

Hmac hmac_sha256(BytesView key, BytesView message);

inline constexpr std::size_t k_hmac_sha1_bytes = 20;
std::array<std::uint8_t, k_hmac_sha1_bytes> hmac_sha1(BytesView key, BytesView message);

// Takes as long wherever the two differ, so that nobody can guess one octet after the other.
bool equal_in_constant_time(BytesView a, BytesView b);

}  // namespace ringway::security
