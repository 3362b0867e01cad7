// The key that an authority signs certificates with. Where it is does not matter to who asks for a signature:
// in this process (from a file), or in a PKCS#11 token that never lets it out.
#pragma once

#include <memory>

#include "reload/result.hpp"
#include "services/enrolld/authority/key.hpp"

using X509 = struct x509_st;

namespace ringway::enrolld {

class SigningKey {
 public:
  virtual ~SigningKey() = default;
  // Whoever gets this asks it for the public part only.
  virtual const services::Key& public_key() const = 0;
  // Signs the certificate as it is now, with SHA-256. Safe to call from several threads at once.
  virtual Outcome<> sign(X509* certificate) const = 0;
};
using SigningKeyPtr = std::shared_ptr<const SigningKey>;

// A key in this process; OpenSSL clears it when nobody holds it any more.
SigningKeyPtr signing_key(services::Key key);

}  // namespace ringway::enrolld
