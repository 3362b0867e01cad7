#include "net/tls_context.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <string>

#include "net/peer_check.hpp"
#include "net/protocol_name.hpp"
#include "reload/security/certificate.hpp"
#include "reload/security/trust.hpp"

namespace ringway::net {

namespace {

// Forward secrecy and authenticated encryption only (RFC 9325 §4.2); the suites of TLS 1.3 are all so.
constexpr const char* k_tls12_suites =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* k_tls13_suites =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* k_groups = "X25519:P-256:P-384";
constexpr int k_security_level = 2;  // 112 bits

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using BioPtr = std::unique_ptr<BIO, Freed<&BIO_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<&EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, Freed<&X509_free>>;

Failure failed(const std::string& what) {
  std::array<char, 256> text{};
  const unsigned long error = ERR_peek_last_error();
  ERR_error_string_n(error, text.data(), text.size());
  ERR_clear_error();
  return {error == 0 ? what : what + ": " + text.data()};
}

BioPtr reader_of(std::string_view text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Nobody is there to be asked for a passphrase.
int no_passphrase(char*, int, int, void*) { return 0; }

bool use_certificates(SSL_CTX* context, std::string_view pem) {
  const BioPtr in = reader_of(pem);
  const X509Ptr own(PEM_read_bio_X509(in.get(), nullptr, &no_passphrase, nullptr));
  if (!own || SSL_CTX_use_certificate(context, own.get()) != 1) return false;
  while (const X509Ptr next{PEM_read_bio_X509(in.get(), nullptr, &no_passphrase, nullptr)})
    if (SSL_CTX_add1_chain_cert(context, next.get()) != 1) return false;
  // The end of the text is no error.
  const bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (ended) ERR_clear_error();
  return ended;
}

bool use_private_key(SSL_CTX* context, std::string_view pem) {
  const KeyPtr key(PEM_read_bio_PrivateKey(reader_of(pem).get(), nullptr, &no_passphrase, nullptr));
  return key && SSL_CTX_use_PrivateKey(context, key.get()) == 1;
}

struct Versions {
  int lowest, highest;
};
constexpr Versions k_tls{TLS1_2_VERSION, TLS1_3_VERSION};
constexpr Versions k_dtls{DTLS1_2_VERSION, DTLS1_2_VERSION};  // OpenSSL 3.0 has no DTLS 1.3

bool restrict_protocol(SSL_CTX* context, const Versions& versions) {
  SSL_CTX_set_security_level(context, k_security_level);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE);
  // A resumed session would carry over a verdict of an earlier time; every handshake shows its certificate.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_cert_list(
      context, static_cast<long>((security::k_max_chain_depth + 1) * security::k_max_certificate_size_bytes));
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return SSL_CTX_set_num_tickets(context, 0) == 1 &&
         SSL_CTX_set_min_proto_version(context, versions.lowest) == 1 &&
         SSL_CTX_set_max_proto_version(context, versions.highest) == 1 &&
         SSL_CTX_set_cipher_list(context, k_tls12_suites) == 1 &&
         SSL_CTX_set_ciphersuites(context, k_tls13_suites) == 1 &&
         SSL_CTX_set1_groups_list(context, k_groups) == 1;
}

Result<TlsContextPtr> make_bare_context(const SSL_METHOD* method, const Versions& versions) {
  ERR_clear_error();
  SSL_CTX* const native = SSL_CTX_new(method);
  if (native == nullptr) return failed("TLS is not available");
  auto context = std::make_shared<boost::asio::ssl::context>(native);  // takes it over
  if (!restrict_protocol(native, versions)) return failed("TLS cannot be set up");
  return context;
}

}  // namespace

Result<TlsContextPtr> make_bare_tls_context() { return make_bare_context(TLS_method(), k_tls); }
Result<TlsContextPtr> make_bare_dtls_context() { return make_bare_context(DTLS_method(), k_dtls); }

Outcome<> use_credentials(boost::asio::ssl::context& context, std::string_view private_key_pem,
                          std::string_view certificates_pem) {
  ERR_clear_error();
  SSL_CTX* const native = context.native_handle();
  if (!use_certificates(native, certificates_pem)) return failed("the certificates cannot be used");
  if (!use_private_key(native, private_key_pem)) return failed("the private key cannot be used");
  if (SSL_CTX_check_private_key(native) != 1) return failed("the private key is not the certificate's");
  return Done{};
}

Result<TlsContextPtr> make_tls_context(std::string_view private_key_pem, std::string_view certificates_pem) {
  auto context = make_bare_tls_context();
  if (!context) return context.error();
  if (auto used = use_credentials(**context, private_key_pem, certificates_pem); !used) return used.error();
  install_peer_check((*context)->native_handle());
  accept_protocol_names((*context)->native_handle());
  return context;
}

}  // namespace ringway::net
