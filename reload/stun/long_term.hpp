// The key of long-term credentials (RFC 8489 §9.2.2): what MESSAGE-INTEGRITY is made with. It is as good as
// the password in its realm.
#pragma once

#include <cstdint>
#include <string_view>

#include "reload/bytes.hpp"

namespace ringway::stun {

// §18.5.1. Clients that know RFC 5389 only have MD5.
enum class PasswordAlgorithm : std::uint16_t { md5 = 1, sha256 = 2 };

// The three as they are on the wire: who has other letters than ASCII prepares them before (RFC 8265).
Bytes long_term_key(PasswordAlgorithm algorithm, std::string_view user_name, std::string_view realm,
                    std::string_view password);

}  // namespace ringway::stun
