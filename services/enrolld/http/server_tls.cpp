#include "services/enrolld/http/server_tls.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

namespace ringway::enrolld_http {

namespace {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using BioPtr = std::unique_ptr<BIO, Freed<&BIO_free>>;
using X509Ptr = std::unique_ptr<X509, Freed<&X509_free>>;

// Who made the client's certificate is for the handler to judge; TLS has proved that the client has the key.
extern "C" int ringway_accept_any_client(X509_STORE_CTX* store, void*) {
  X509_STORE_CTX_set_error(store, X509_V_OK);
  return 1;
}

// HTTP/1.1 is what is spoken (RFC 7301); who offers only other protocols is told so.
extern "C" int ringway_select_http(SSL*, const unsigned char** chosen, unsigned char* size,
                                   const unsigned char* offered, unsigned offered_size, void*) {
  static constexpr std::array<unsigned char, 9> k_http11{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* match = nullptr;
  const int found =
      SSL_select_next_proto(&match, size, k_http11.data(), k_http11.size(), offered, offered_size);
  *chosen = match;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

// The names that a browser picks a certificate by.
bool name_authorities(SSL_CTX* context, std::string_view pem) {
  const BioPtr in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  bool good = true;
  while (const X509Ptr authority{PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)})
    good = good && SSL_CTX_add_client_CA(context, authority.get()) == 1;
  // The end of the text is no error.
  good = good && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  return good;
}

std::optional<SharedBytes> der_of(const X509* certificate) {
  const int size = certificate == nullptr ? -1 : i2d_X509(certificate, nullptr);
  if (size <= 0) return std::nullopt;
  Bytes der(static_cast<std::size_t>(size));
  unsigned char* out = der.data();
  i2d_X509(certificate, &out);
  return SharedBytes(std::move(der));
}

}  // namespace

Result<net::TlsContextPtr> make_server_tls(const ServerSettings& settings,
                                           const ServerCredentials& credentials) {
  auto made = net::make_tls_context(credentials.private_key_pem, credentials.certificates_pem);
  if (!made) return made.error();
  SSL_CTX* const context = (*made)->native_handle();
  // The links' rules for clients are another overlay's business: here a certificate is optional.
  SSL_CTX_set_cert_verify_callback(context, &ringway_accept_any_client, nullptr);
  SSL_CTX_set_verify(context, settings.ask_for_client_certificate ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
                     nullptr);
  SSL_CTX_set_alpn_select_cb(context, &ringway_select_http, nullptr);
  ERR_clear_error();
  if (!settings.client_authorities_pem.empty() && !name_authorities(context, settings.client_authorities_pem))
    return Failure{"the authorities of client certificates cannot be read"};
  return made;
}

std::vector<SharedBytes> client_certificates(const SSL* ssl) {
  const X509Ptr leaf(SSL_get1_peer_certificate(ssl));
  auto der = der_of(leaf.get());
  if (!der) return {};
  std::vector<SharedBytes> chain{*std::move(der)};
  const STACK_OF(X509)* const sent = SSL_get_peer_cert_chain(ssl);  // on a server without the leaf
  for (int i = 0; i < sk_X509_num(sent); ++i)
    if (auto other = der_of(sk_X509_value(sent, i))) chain.push_back(*std::move(other));
  return chain;
}

}  // namespace ringway::enrolld_http
