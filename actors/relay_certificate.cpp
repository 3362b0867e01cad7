#include "actors/relay_certificate.hpp"

#include <openssl/ssl.h>

#include <utility>

namespace ringway::actors {
namespace {

int show_present(SSL* handshake, void* certificate) {
  const auto present = static_cast<const RelayCertificate*>(certificate)->present();
  SSL_CTX* const native = present->native_handle();
  STACK_OF(X509)* chain = nullptr;
  if (SSL_CTX_get0_chain_certs(native, &chain) != 1) return 0;
  constexpr int k_in_place_of_others = 1;
  return SSL_use_cert_and_key(handshake, SSL_CTX_get0_certificate(native), SSL_CTX_get0_privatekey(native),
                              chain, k_in_place_of_others);
}

}  // namespace

Result<std::shared_ptr<RelayCertificate>> RelayCertificate::make(std::string_view private_key_pem,
                                                                 std::string_view certificates_pem) {
  auto made = std::make_shared<RelayCertificate>();
  if (auto done = made->replace(private_key_pem, certificates_pem); !done) return done.error();
  auto listening = net::make_bare_tls_context();
  if (!listening) return listening.error();
  SSL_CTX* const native = (*listening)->native_handle();
  SSL_CTX_set_verify(native, SSL_VERIFY_NONE, nullptr);  // clients show who they are by TURN's means
  SSL_CTX_set_cert_cb(native, &show_present, made.get());
  made->listening_ = *std::move(listening);
  return made;
}

Outcome<> RelayCertificate::replace(std::string_view private_key_pem, std::string_view certificates_pem) {
  auto context = net::make_bare_tls_context();
  if (!context) return context.error();
  if (auto used = net::use_credentials(**context, private_key_pem, certificates_pem); !used)
    return used.error();
  const std::lock_guard lock(mutex_);
  present_ = *std::move(context);
  return Done{};
}

net::TlsContextPtr RelayCertificate::present() const {
  const std::lock_guard lock(mutex_);
  return present_;
}

}  // namespace ringway::actors
