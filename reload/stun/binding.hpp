// Who asks where it is seen to come from, is told: Binding requests without authentication (RFC 8489 §12.1's
// method) from phones that keep a flow over UDP alive (RFC 5626 §3.5.2), from other peers, from the clients
// of a relay. Octets in, octets out; nothing is remembered, and an answer is small.
#pragma once

#include <cstddef>
#include <optional>

#include "reload/bytes.hpp"
#include "reload/stun/address.hpp"

namespace ringway::stun {

inline constexpr std::size_t k_max_binding_request_bytes = 548;  // RFC 8489 §6.1, for IPv4 of unknown MTU
inline constexpr std::size_t k_max_unknown_named = 8;            // that a 420 names

// Nothing for what has no answer: anything but a Binding request, and what is malformed.
std::optional<Bytes> answer_binding(BytesView request, const Address& from);
// The same for a request of RFC 3489, without the cookie and without attributes, which has the answer of
// then: libnice asks STUN servers that way.
std::optional<Bytes> answer_bare_binding(BytesView request, const Address& from);

}  // namespace ringway::stun
