#include "net/dtls/cookies.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <stdexcept>

namespace ringway::net::dtls {

namespace {
constexpr std::size_t k_cookie_size_bytes = 32;
}  // namespace

Cookies::Cookies() {
  if (RAND_bytes(secret_.data(), static_cast<int>(secret_.size())) != 1)
    throw std::runtime_error("the system has no random bytes");
}

Bytes Cookies::compute(std::int64_t period, std::string_view client) const {
  Bytes input;
  for (unsigned shift = 0; shift < 64; shift += 8)
    input.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(period) >> shift));
  append(input, view_of(client));
  Bytes cookie(k_cookie_size_bytes);
  unsigned size_bytes = 0;
  if (HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()), input.data(), input.size(),
           cookie.data(), &size_bytes) == nullptr)
    return {};
  return cookie;
}

Bytes Cookies::make(MonoTime now, std::string_view client) {
  return compute(now.ms / k_cookie_period.count(), client);
}

bool Cookies::good(MonoTime now, std::string_view client, BytesView cookie) {
  for (std::int64_t ago = 0; ago <= 1; ++ago) {
    const Bytes wanted = compute(now.ms / k_cookie_period.count() - ago, client);
    if (!wanted.empty() && cookie.size() == wanted.size() &&
        CRYPTO_memcmp(cookie.data(), wanted.data(), wanted.size()) == 0)
      return true;
  }
  return false;
}

void Cookies::spend(MonoTime now, std::string_view client) {
  forget_old(now);
  if (!spent_clients_.emplace(client).second) return;
  spent_.emplace_back(now, client);
  if (spent_.size() <= k_max_spent_cookies) return;
  spent_clients_.erase(spent_.front().second);
  spent_.pop_front();
}

bool Cookies::spent(MonoTime now, std::string_view client) {
  forget_old(now);
  return spent_clients_.contains(client);
}

void Cookies::forget_old(MonoTime now) {
  while (!spent_.empty() && now - spent_.front().first >= 2 * k_cookie_period) {
    spent_clients_.erase(spent_.front().second);
    spent_.pop_front();
  }
}

}  // namespace ringway::net::dtls
