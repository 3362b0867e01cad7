#include "reload/security/secret_digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <memory>
#include <stdexcept>

namespace ringway::security {

Bytes digest_of(SecretDigest digest, std::initializer_list<std::string_view> parts) {
  const EVP_MD* type = digest == SecretDigest::md5 ? EVP_md5() : EVP_sha256();
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  bool good = context != nullptr && EVP_DigestInit_ex(context.get(), type, nullptr) == 1;
  for (const std::string_view part : parts)
    good = good && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  Bytes out(size_bytes_of(digest));
  if (!good || EVP_DigestFinal_ex(context.get(), out.data(), nullptr) != 1)
    throw std::runtime_error("this OpenSSL has no MD5 or SHA-256");  // zeros would be known to everybody
  return out;
}

void zero(std::span<char> secret) { OPENSSL_cleanse(secret.data(), secret.size()); }
void zero(std::span<std::uint8_t> secret) { OPENSSL_cleanse(secret.data(), secret.size()); }

}  // namespace ringway::security
