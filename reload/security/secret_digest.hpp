// Digests over several parts one of which may be secret: nothing is put together first, and what OpenSSL has
// of them is zeroed with its context. For SIP's Digest authentication (RFC 7616).
#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string_view>

#include "reload/bytes.hpp"

namespace ringway::security {

enum class SecretDigest { md5, sha256 };  // MD5 is what many phones know; it secures nothing else here

inline std::size_t size_bytes_of(SecretDigest digest) { return digest == SecretDigest::md5 ? 16 : 32; }
Bytes digest_of(SecretDigest digest, std::initializer_list<std::string_view> parts);

// Where a secret was; compilers do not leave it out.
void zero(std::span<char> secret);
void zero(std::span<std::uint8_t> secret);

}  // namespace ringway::security
