#include "net/node_means.hpp"

#include <openssl/crypto.h>

#include <utility>

#include "net/dtls/dtls_session.hpp"
#include "net/shared_key.hpp"

namespace ringway::net {

namespace {

// Our copy is of no more use once OpenSSL has the key.
void wipe(std::string& secret) {
  OPENSSL_cleanse(secret.data(), secret.size());
  secret.clear();
}

}  // namespace

Result<NodeMeans> NodeMeans::make(std::string& private_key_pem, const std::string& certificates_pem) {
  NodeMeans means;
  auto tls = make_tls_context(private_key_pem, certificates_pem);
  auto datagrams = dtls::make_dtls_context(private_key_pem, certificates_pem);
  auto signer = security::load_signer(private_key_pem, certificates_pem);
  wipe(private_key_pem);
  if (!tls) return tls.error();
  if (!datagrams) return datagrams.error();
  if (!signer) return signer.error();
  means.certificates = *std::move(tls);
  means.datagrams = *std::move(datagrams);
  means.signer = *std::move(signer);
  return means;
}

Outcome<> NodeMeans::key_with(const std::string& overlay_name, std::optional<std::string> secret) {
  if (!secret) {
    shared_key = nullptr;
    return Done{};
  }
  auto context = make_shared_key_context(overlay_name, *secret);
  wipe(*secret);
  if (!context) return context.error();
  shared_key = *std::move(context);
  return Done{};
}

}  // namespace ringway::net
