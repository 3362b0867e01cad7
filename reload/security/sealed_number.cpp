#include "reload/security/sealed_number.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <memory>
#include <span>
#include <stdexcept>

#include "reload/bytes.hpp"

namespace ringway::security {
namespace {

constexpr std::size_t k_nonce_bytes = 12, k_number_bytes = 8, k_tag_bytes = 16;
constexpr std::size_t k_sealed_bytes = k_nonce_bytes + k_number_bytes + k_tag_bytes;

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

SealedNumbers::SealedNumbers(Random& random) : random_(random) { fill(key_, random); }
SealedNumbers::~SealedNumbers() { OPENSSL_cleanse(key_.data(), key_.size()); }

std::string SealedNumbers::seal(std::uint64_t number) {
  std::array<std::uint8_t, k_sealed_bytes> out{};
  const std::span<std::uint8_t> nonce = std::span(out).first(k_nonce_bytes);
  fill(nonce, random_);
  std::array<std::uint8_t, k_number_bytes> plain{};
  for (std::size_t at = 0; at < plain.size(); ++at) plain[at] = static_cast<std::uint8_t>(number >> 8 * at);
  const auto context = new_context();
  int written = 0;
  if (!context ||
      EVP_EncryptInit_ex(context.get(), EVP_aes_128_gcm(), nullptr, key_.data(), nonce.data()) != 1 ||
      EVP_EncryptUpdate(context.get(), out.data() + k_nonce_bytes, &written, plain.data(),
                        static_cast<int>(plain.size())) != 1 ||
      EVP_EncryptFinal_ex(context.get(), out.data() + k_nonce_bytes + k_number_bytes, &written) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, k_tag_bytes,
                          out.data() + k_nonce_bytes + k_number_bytes) != 1)
    throw std::runtime_error("this OpenSSL has no AES-128-GCM");
  return to_hex(out);
}

std::optional<std::uint64_t> SealedNumbers::open(std::string_view text) const {
  Bytes sealed;
  if (text.size() != 2 * k_sealed_bytes || !from_hex(text, sealed)) return std::nullopt;
  std::array<std::uint8_t, k_number_bytes> plain{};
  const auto context = new_context();
  int written = 0;
  if (!context ||
      EVP_DecryptInit_ex(context.get(), EVP_aes_128_gcm(), nullptr, key_.data(), sealed.data()) != 1 ||
      EVP_DecryptUpdate(context.get(), plain.data(), &written, sealed.data() + k_nonce_bytes,
                        k_number_bytes) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, k_tag_bytes,
                          sealed.data() + k_nonce_bytes + k_number_bytes) != 1 ||
      EVP_DecryptFinal_ex(context.get(), plain.data(), &written) != 1)
    return std::nullopt;
  std::uint64_t number = 0;
  for (std::size_t at = plain.size(); at-- > 0;) number = number << 8U | plain[at];
  return number;
}

}  // namespace ringway::security
