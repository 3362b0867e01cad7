#include "net/peer_check.hpp"

#include <openssl/x509.h>

#include <exception>
#include <utility>

#include "net/sockets.hpp"

namespace ringway::net {

namespace {

int check_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

std::optional<SharedBytes> der_of(X509* certificate) {
  const int size = certificate == nullptr ? -1 : i2d_X509(certificate, nullptr);
  if (size <= 0) return std::nullopt;
  Bytes der(static_cast<std::size_t>(size));
  unsigned char* out = der.data();
  i2d_X509(certificate, &out);
  return SharedBytes(std::move(der));
}

// What came along with the leaf, which is the first of the list.
std::vector<SharedBytes> others_of(const STACK_OF(X509) * sent) {
  std::vector<SharedBytes> others;
  for (int i = 1; i < sk_X509_num(sent); ++i)
    if (auto der = der_of(sk_X509_value(sent, i))) others.push_back(*std::move(der));
  return others;
}

bool judge(PeerCheck& check, X509* leaf, const STACK_OF(X509) * sent) {
  const auto der = der_of(leaf);
  if (!der) {
    check.refusal = "no certificate";
    return false;
  }
  return judge_certificate(check, *der, others_of(sent));
}

extern "C" int ringway_check_peer(X509_STORE_CTX* store, void*) {
  const auto* const ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* const check = ssl == nullptr ? nullptr : static_cast<PeerCheck*>(SSL_get_ex_data(ssl, check_index()));
  bool accepted = false;
  try {
    accepted = check != nullptr &&
               judge(*check, X509_STORE_CTX_get0_cert(store), X509_STORE_CTX_get0_untrusted(store));
  } catch (const std::exception&) {
    accepted = false;  // out of memory; nothing may be thrown through OpenSSL
  }
  X509_STORE_CTX_set_error(store, accepted ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
  return accepted ? 1 : 0;
}

}  // namespace

bool judge_certificate(PeerCheck& check, const SharedBytes& leaf_der, std::vector<SharedBytes> others_der) {
  auto certificate = security::Certificate::parse(leaf_der);
  if (!certificate) {
    check.refusal = "not a RELOAD certificate: " + certificate.error().reason;
    return false;
  }
  if (const auto verdict = check.trust->check(**certificate, others_der, wall_now()); !verdict) {
    check.refusal = "certificate not trusted: " + verdict.error().reason;
    return false;
  }
  if (check.expected && !(*certificate)->has_node_id(*check.expected)) {
    check.refusal = "another node than the expected " + check.expected->hex();
    return false;
  }
  check.certificate = *std::move(certificate);
  check.chain_der = std::move(others_der);
  return true;
}

void install_peer_check(SSL_CTX* context) {
  SSL_CTX_set_cert_verify_callback(context, &ringway_check_peer, nullptr);
}

void set_peer_check(SSL* ssl, PeerCheck* check) { SSL_set_ex_data(ssl, check_index(), check); }

}  // namespace ringway::net
