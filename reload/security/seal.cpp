#include "reload/security/seal.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cassert>
#include <memory>
#include <span>
#include <stdexcept>

namespace ringway::security {
namespace {

constexpr std::size_t k_nonce_bytes = 12, k_tag_bytes = 16;

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;
Context new_context() { return {EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free}; }

void fill(std::span<std::uint8_t> out, Random& random) {
  std::uint64_t bits = 0;
  for (std::size_t at = 0; at < out.size(); ++at) {
    if (at % 8 == 0) bits = random.next();
    out[at] = static_cast<std::uint8_t>(bits >> 8 * (at % 8));
  }
}

}  // namespace

Seal::Seal(Random& random) : random_(random) { fill(key_, random); }

Seal::Seal(BytesView key, Random& random) : random_(random) {
  assert(key.size() == key_.size());
  std::copy(key.begin(), key.end(), key_.begin());
}

Seal::~Seal() { OPENSSL_cleanse(key_.data(), key_.size()); }

Bytes Seal::close(BytesView plain) {
  assert(plain.size() <= k_max_sealed_bytes);
  Bytes out(k_nonce_bytes + plain.size() + k_tag_bytes);
  fill(std::span(out).first(k_nonce_bytes), random_);
  std::uint8_t* const content = out.data() + k_nonce_bytes;
  const auto context = new_context();
  int written = 0;
  if (!context ||
      EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key_.data(), out.data()) != 1 ||
      EVP_EncryptUpdate(context.get(), content, &written, plain.data(), static_cast<int>(plain.size())) !=
          1 ||
      EVP_EncryptFinal_ex(context.get(), content + plain.size(), &written) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, k_tag_bytes, content + plain.size()) != 1)
    throw std::runtime_error("this OpenSSL has no AES-256-GCM");
  return out;
}

std::optional<Bytes> Seal::open(BytesView sealed) const {
  constexpr std::size_t overhead = k_nonce_bytes + k_tag_bytes;
  if (sealed.size() < overhead || sealed.size() > k_max_sealed_bytes + overhead) return std::nullopt;
  Bytes plain(sealed.size() - overhead);
  Bytes tag(sealed.end() - k_tag_bytes, sealed.end());
  const auto context = new_context();
  int written = 0;
  if (!context ||
      EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key_.data(), sealed.data()) != 1 ||
      EVP_DecryptUpdate(context.get(), plain.data(), &written, sealed.data() + k_nonce_bytes,
                        static_cast<int>(plain.size())) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, k_tag_bytes, tag.data()) != 1 ||
      EVP_DecryptFinal_ex(context.get(), plain.data() + plain.size(), &written) != 1)
    return std::nullopt;
  return plain;
}

}  // namespace ringway::security
