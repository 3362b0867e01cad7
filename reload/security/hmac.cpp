#include "reload/security/hmac.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <stdexcept>

namespace ringway::security {

Hmac hmac_sha256(BytesView key, BytesView message) {
  Hmac out{};
  unsigned size_bytes = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), message.data(), message.size(), out.data(),
           &size_bytes) == nullptr ||
      size_bytes != out.size())
    throw std::runtime_error("this OpenSSL has no HMAC-SHA-256");  // zeros would be known to everybody
  return out;
}

bool equal_in_constant_time(BytesView a, BytesView b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace ringway::security
