// What a claimant is given to send back: the token of a link, the code typed by hand, the invitation. All
// come from libsodium's random numbers; only their digests are kept, and digests are compared in constant
// time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "reload/bytes.hpp"
#include "reload/result.hpp"
#include "services/enrolld/secret/secret.hpp"

namespace ringway::enrolld {

using SecretDigest = std::array<std::uint8_t, 32>;  // SHA-256 or HMAC-SHA256

inline constexpr std::size_t k_token_bytes = 32;     // random bytes of a link's token and of an invitation
inline constexpr std::size_t k_code_digits = 8;      // of a typed code
inline constexpr unsigned k_code_attempts = 5;       // guesses at one code: 1 in 20 million
inline constexpr std::size_t k_code_key_bytes = 32;  // least length of the key of code digests

// Names one pending enrolment: 128 random bits, in hexadecimal. It may be shown, and proves nothing.
std::string new_pending_id();

// The link in a mail: `base_url`/`pending id`/`token`, in the path, so that no form encoding touches it.
// `base_url` begins with https:// (RFC 6940 §11.3) and is the operator's.
Secret new_link_token();
Result<Secret> link_for(std::string_view base_url, std::string_view pending_id, const Secret& token);
SecretDigest digest_of_token(std::string_view token);

// The code typed by hand, for people who read their mail on another device.
Secret new_code();
Secret spoken(const Secret& code);                 // "1234 5678", as it is shown
Result<Secret> read_code(std::string_view typed);  // blanks and hyphens are dropped; the reason has no digits
// A code has 27 bits: whoever reads the records could try them all. So its digest is keyed with `key`, at
// least k_code_key_bytes that are not in the records, and bound to the pending enrolment it is for.
SecretDigest digest_of_code(const Secret& key, std::string_view pending_id, const Secret& code);

// An invitation, made by an operator and handed on by any way: "rwi_" and 43 characters.
Secret new_invitation();
Result<Secret> read_invitation(std::string_view typed);  // without the blanks around it
SecretDigest digest_of_invitation(const Secret& invitation);

// In constant time; false when `stored` has another length.
bool same_digest(const SecretDigest& digest, BytesView stored);

}  // namespace ringway::enrolld
