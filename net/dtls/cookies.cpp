#include "net/dtls/cookies.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <stdexcept>

namespace ringway::net::dtls {

namespace {
constexpr Duration k_period{60'000};
constexpr std::size_t k_cookie_size_bytes = 32;
}  // namespace

Cookies::Cookies() {
  if (RAND_bytes(secret_.data(), static_cast<int>(secret_.size())) != 1)
    throw std::runtime_error("the system has no random bytes");
}

Bytes Cookies::compute(std::int64_t period, std::string_view address) const {
  Bytes input;
  for (unsigned shift = 0; shift < 64; shift += 8)
    input.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(period) >> shift));
  append(input, view_of(address));
  Bytes cookie(k_cookie_size_bytes);
  unsigned size_bytes = 0;
  if (HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()), input.data(), input.size(),
           cookie.data(), &size_bytes) == nullptr)
    return {};
  return cookie;
}

Bytes Cookies::make(MonoTime now, std::string_view address) {
  return compute(now.ms / k_period.count(), address);
}

bool Cookies::good(MonoTime now, std::string_view address, BytesView cookie) {
  for (std::int64_t ago = 0; ago <= 1; ++ago) {
    const Bytes wanted = compute(now.ms / k_period.count() - ago, address);
    if (!wanted.empty() && cookie.size() == wanted.size() &&
        CRYPTO_memcmp(cookie.data(), wanted.data(), wanted.size()) == 0)
      return true;
  }
  return false;
}

}  // namespace ringway::net::dtls
