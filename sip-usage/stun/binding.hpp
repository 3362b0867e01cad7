// The keep-alives of phones over UDP (RFC 5626 §3.5.2): Binding requests of STUN (RFC 8489), answered with
// where they came from. Octets in, octets out; nothing is remembered, nobody is authenticated, and an answer
// is small.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "reload/bytes.hpp"

namespace ringway::stun {

inline constexpr std::size_t k_max_request_bytes = 548;  // RFC 8489 §6.1, for IPv4 of unknown MTU
inline constexpr std::size_t k_max_attributes = 32;
inline constexpr std::size_t k_max_unknown_attributes = 8;  // that a 420 names

// By the first octet, as RFC 5626 §8 tells it from SIP on the same port.
bool is_stun(BytesView datagram);

// To a Binding request that came from there: the address as text, of IPv6 without brackets. Nothing for what
// has no answer: anything else, and what is malformed.
std::optional<Bytes> answer(BytesView request, std::string_view address, std::uint16_t port);

}  // namespace ringway::stun
