#include "reload/security/hmac.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <stdexcept>

namespace ringway::security {
namespace {

template <std::size_t SizeBytes>
std::array<std::uint8_t, SizeBytes> hmac(const EVP_MD* digest, BytesView key, BytesView message) {
  std::array<std::uint8_t, SizeBytes> out{};
  unsigned size_bytes = 0;
  if (HMAC(digest, key.data(), static_cast<int>(key.size()), message.data(), message.size(), out.data(),
           &size_bytes) == nullptr ||
      size_bytes != out.size())
    throw std::runtime_error("this OpenSSL has no such HMAC");  // zeros would be known to everybody
  return out;
}

}  // namespace

Hmac hmac_sha256(BytesView key, BytesView message) { return hmac<k_hmac_bytes>(EVP_sha256(), key, message); }

std::array<std::uint8_t, k_hmac_sha1_bytes> hmac_sha1(BytesView key, BytesView message) {
  return hmac<k_hmac_sha1_bytes>(EVP_sha1(), key, message);
}

bool equal_in_constant_time(BytesView a, BytesView b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace ringway::security
