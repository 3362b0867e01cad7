#include "services/enroll_client/signing_request.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace ringway::services {

namespace {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using BioPtr = std::unique_ptr<BIO, Freed<&BIO_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<&EVP_PKEY_free>>;
using RequestPtr = std::unique_ptr<X509_REQ, Freed<&X509_REQ_free>>;

// OpenSSL's reasons hold no secrets.
Failure failed(const std::string& what) {
  const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return {reason == nullptr ? what : what + ": " + reason};
}

int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*context*/) { return 0; }

}  // namespace

Result<enrolld::Secret> make_node_key() {
  const KeyPtr key(EVP_EC_gen("P-256"));
  const BioPtr out(BIO_new(BIO_s_secmem()));  // cleared when it goes
  if (!key || !out ||
      PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return failed("no key could be made");
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return enrolld::Secret(std::string_view(text, static_cast<std::size_t>(size)));
}

Result<Bytes> write_signing_request(std::string_view private_key_pem) {
  const BioPtr in(BIO_new_mem_buf(private_key_pem.data(), static_cast<int>(private_key_pem.size())));
  const KeyPtr key(in ? PEM_read_bio_PrivateKey(in.get(), nullptr, &no_passphrase, nullptr) : nullptr);
  if (!key) return failed("the node's key cannot be read");
  const RequestPtr request(X509_REQ_new());
  if (!request || X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
      X509_REQ_set_pubkey(request.get(), key.get()) != 1 ||
      X509_REQ_sign(request.get(), key.get(), EVP_sha256()) <= 0)
    return failed("no signing request could be made");
  const int size = i2d_X509_REQ(request.get(), nullptr);
  if (size <= 0) return failed("no signing request could be made");
  Bytes der(static_cast<std::size_t>(size));
  unsigned char* out = der.data();
  i2d_X509_REQ(request.get(), &out);
  return der;
}

bool is_for_key_of(const Bytes& csr_der, const security::Certificate& certificate) {
  const unsigned char* in = csr_der.data();
  const RequestPtr request(d2i_X509_REQ(nullptr, &in, static_cast<long>(csr_der.size())));
  EVP_PKEY* const asked = request ? X509_REQ_get0_pubkey(request.get()) : nullptr;
  const bool same = asked != nullptr && EVP_PKEY_eq(asked, certificate.public_key()) == 1;
  ERR_clear_error();
  return same;
}

}  // namespace ringway::services
