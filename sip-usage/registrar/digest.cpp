#include "sip-usage/registrar/digest.hpp"

#include <algorithm>
#include <span>

#include "reload/bytes.hpp"
#include "reload/security/secret_digest.hpp"
#include "sip-usage/message/grammar.hpp"

namespace ringway::sip::registrar {
namespace {

using security::SecretDigest;

SecretDigest digest_for(Algorithm algorithm) {
  return algorithm == Algorithm::md5 ? SecretDigest::md5 : SecretDigest::sha256;
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
  security::zero(std::span<char>(hex_));
  size_ = 0;
}

Result<Ha1> Ha1::of_hex(Algorithm algorithm, std::string_view hex) {
  const std::size_t digits = 2 * size_bytes_of(digest_for(algorithm));
  Bytes bytes;
  const bool good = hex.size() == digits && from_hex(hex, bytes);
  security::zero(std::span<std::uint8_t>(bytes));
  if (!good)
    return Failure{std::string(name_of(algorithm)) + " has " + std::to_string(digits) +
                   " hexadecimal digits"};
  Ha1 out(algorithm, hex);
  std::transform(out.hex_.begin(), out.hex_.end(), out.hex_.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

Ha1 Ha1::of_password(Algorithm algorithm, std::string_view user_name, std::string_view realm,
                     std::string_view password) {
  Bytes bytes = digest_of(digest_for(algorithm), {user_name, ":", realm, ":", password});
  std::string hex = to_hex(bytes);
  Ha1 out(algorithm, hex);
  security::zero(std::span<std::uint8_t>(bytes));
  security::zero(std::span<char>(hex));
  return out;
}

std::string digest_response(const Ha1& ha1, const Credentials& credentials, std::string_view method) {
  const auto digest = digest_for(ha1.algorithm());
  const std::string ha2 = to_hex(digest_of(digest, {method, ":", credentials.uri}));
  return to_hex(digest_of(digest, {ha1.reveal(), ":", credentials.nonce, ":", credentials.nonce_count, ":",
                                   credentials.cnonce, ":", credentials.qop, ":", ha2}));
}

}  // namespace ringway::sip::registrar
