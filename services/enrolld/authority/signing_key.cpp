#include "services/enrolld/authority/signing_key.hpp"

#include <openssl/x509.h>

#include "services/enrolld/authority/openssl_failure.hpp"

namespace ringway::enrolld {
namespace {

class KeyInMemory : public SigningKey {
 public:
  explicit KeyInMemory(services::Key key) : key_(std::move(key)) {}
  const services::Key& public_key() const override { return key_; }
  Outcome<> sign(X509* certificate) const override {
    if (X509_sign(certificate, key_.get(), EVP_sha256()) <= 0) return openssl_failure("cannot sign");
    return Done{};
  }

 private:
  services::Key key_;
};

}  // namespace

SigningKeyPtr signing_key(services::Key key) { return std::make_shared<KeyInMemory>(std::move(key)); }

}  // namespace ringway::enrolld
