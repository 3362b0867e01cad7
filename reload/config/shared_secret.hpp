// The secret that the links of an overlay may be keyed with (RFC 6940 §13.4). Links use TLS-PSK, under which
// a guessed secret can be tried against one recorded handshake of a false peer: only keys are good enough, no
// passwords (SEC-35, FM-31).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ringway::config {

inline constexpr std::size_t k_max_shared_secret_size_bytes = 256;
inline constexpr std::size_t k_min_shared_secret_bits = 128;

// Why the text is no key; empty when it may be one. A measure of form, not of how it came about: what a
// person has made up is refused, but for who tries hard.
std::string why_no_key(std::string_view secret);

}  // namespace ringway::config
