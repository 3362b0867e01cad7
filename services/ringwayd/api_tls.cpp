#include "services/ringwayd/api_tls.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <utility>

#include "services/ringwayd/credentials.hpp"

namespace ringway::services {
namespace {

using X509Ptr = std::unique_ptr<::X509, decltype(&X509_free)>;
using KeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

// The first certificate of them.
X509Ptr certificate_of(const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  return {PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), &X509_free};
}

// Nobody is there to be asked for a password.
int no_password(char*, int, int, void*) { return -1; }

KeyPtr key_of(const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  return {PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_password, nullptr), &EVP_PKEY_free};
}

Outcome<> check(const ApiTls& tls, const Settings& settings) {
  const auto certificate = certificate_of(tls.certificate_chain_pem);
  if (!certificate)
    return Failure{"--api-cert: " + settings.api_certificate + " holds no certificate in PEM"};
  const auto key = key_of(tls.private_key_pem);
  if (!key)
    return Failure{"--api-key: " + settings.api_key + " holds no private key in PEM without a password"};
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return Failure{"--api-key: " + settings.api_key + " is not the key of " + settings.api_certificate};
  }
  if (!certificate_of(tls.client_roots_pem)) {
    return Failure{"--api-client-ca: " + settings.api_client_ca + " holds no certificate in PEM"};
  }
  return Done{};
}

}  // namespace

Result<std::optional<ApiTls>> load_api_tls(const Settings& settings) {
  if (settings.api_certificate.empty()) return std::optional<ApiTls>{};
  struct File {
    const char* option;
    const std::string& path;
    std::string& into;
  };
  ApiTls tls;
  for (const File& file : {File{"--api-cert", settings.api_certificate, tls.certificate_chain_pem},
                           File{"--api-key", settings.api_key, tls.private_key_pem},
                           File{"--api-client-ca", settings.api_client_ca, tls.client_roots_pem}}) {
    auto text = read_small_file(file.path);
    if (!text) return Failure{std::string(file.option) + ": " + text.error().reason};
    file.into = std::move(*text);
  }
  const auto good = check(tls, settings);
  ERR_clear_error();  // what did not parse is told; gRPC shall not find it
  if (!good) return good.error();
  return std::optional<ApiTls>{std::move(tls)};
}

}  // namespace ringway::services
