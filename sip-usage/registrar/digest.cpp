#include "sip-usage/registrar/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <utility>

#include "reload/bytes.hpp"
#include "sip-usage/message/grammar.hpp"

namespace ringway::sip::registrar {
namespace {

std::size_t digest_bytes(Algorithm algorithm) { return algorithm == Algorithm::md5 ? 16 : 32; }

// The parts with ":" between them. They are not put together first: one of them may be a secret, and what
// OpenSSL has of it is zeroed with its context.
std::string hash(Algorithm algorithm, std::initializer_list<std::string_view> parts) {
  const EVP_MD* type = algorithm == Algorithm::md5 ? EVP_md5() : EVP_sha256();
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  bool good = context != nullptr && EVP_DigestInit_ex(context.get(), type, nullptr) == 1;
  bool first = true;
  for (const std::string_view part : parts) {
    if (!std::exchange(first, false)) good = good && EVP_DigestUpdate(context.get(), ":", 1) == 1;
    good = good && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  }
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  if (!good || EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) != 1)
    throw std::runtime_error("this OpenSSL has no " + std::string(name_of(algorithm)));
  return to_hex(BytesView(digest).first(digest_bytes(algorithm)));
}

}  // namespace

std::string_view name_of(Algorithm algorithm) { return algorithm == Algorithm::md5 ? "MD5" : "SHA-256"; }

std::optional<Algorithm> algorithm_of(std::string_view name) {
  if (name.empty()) return Algorithm::md5;
  for (const Algorithm each : {Algorithm::md5, Algorithm::sha256})
    if (same_ignoring_case(name, name_of(each))) return each;
  return std::nullopt;
}

Ha1::Ha1(Algorithm algorithm, std::string_view hex) : algorithm_(algorithm), size_(hex.size()) {
  std::copy(hex.begin(), hex.end(), hex_.begin());
}

Ha1::Ha1(Ha1&& other) noexcept : algorithm_(other.algorithm_), hex_(other.hex_), size_(other.size_) {
  other.wipe();
}

Ha1& Ha1::operator=(Ha1&& other) noexcept {
  if (this == &other) return *this;
  algorithm_ = other.algorithm_;
  hex_ = other.hex_;
  size_ = other.size_;
  other.wipe();
  return *this;
}

void Ha1::wipe() noexcept {
  OPENSSL_cleanse(hex_.data(), hex_.size());
  size_ = 0;
}

Result<Ha1> Ha1::of_hex(Algorithm algorithm, std::string_view hex) {
  Bytes bytes;
  const bool good = hex.size() == 2 * digest_bytes(algorithm) && from_hex(hex, bytes);
  if (!bytes.empty()) OPENSSL_cleanse(bytes.data(), bytes.size());
  if (!good)
    return Failure{std::string(name_of(algorithm)) + " has " + std::to_string(2 * digest_bytes(algorithm)) +
                   " hexadecimal digits"};
  Ha1 out(algorithm, hex);
  std::transform(out.hex_.begin(), out.hex_.end(), out.hex_.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

Ha1 Ha1::of_password(Algorithm algorithm, std::string_view user_name, std::string_view realm,
                     std::string_view password) {
  std::string hex = hash(algorithm, {user_name, realm, password});
  Ha1 out(algorithm, hex);
  OPENSSL_cleanse(hex.data(), hex.size());
  return out;
}

std::string digest_response(const Ha1& ha1, const Credentials& credentials, std::string_view method) {
  const std::string ha2 = hash(ha1.algorithm(), {method, credentials.uri});
  return hash(ha1.algorithm(), {ha1.reveal(), credentials.nonce, credentials.nonce_count, credentials.cnonce,
                                credentials.qop, ha2});
}

}  // namespace ringway::sip::registrar
