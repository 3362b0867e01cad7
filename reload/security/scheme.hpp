// How an overlay's certificates are read and vouched for, and its signatures checked. RELOAD's own way is
// X.509 and OpenSSL (certificate.hpp, trust.hpp, verify.hpp), and it is what everybody has who names no
// scheme. A simulation of very many peers names one (sim/stand_in.hpp), since real keys would take all its
// time.
//
// No document can name a scheme: it is a matter of the program that makes the configuration.
#pragma once

#include "reload/bytes.hpp"
#include "reload/result.hpp"
#include "reload/security/certificate.hpp"
#include "reload/wire/message.hpp"

namespace ringway::security {

class Scheme {
 public:
  virtual ~Scheme() = default;
  virtual Result<CertificatePtr> read_certificate(const SharedBytes& der) const = 0;
  // Does the overlay's authority stand behind it? Its overlay, its time and bad nodes have been looked at.
  virtual Outcome<> vouched_for(const Certificate& certificate) const = 0;
  virtual bool signature_good(const wire::Signature& signature, const Certificate& certificate,
                              BytesView signed_bytes) const = 0;
};
// Null: X.509.
using SchemePtr = std::shared_ptr<const Scheme>;

// These ask the scheme, or do it the real way when there is none.
Result<CertificatePtr> read_certificate(const SchemePtr& scheme, const SharedBytes& der);
bool signature_good(const SchemePtr& scheme, const wire::Signature& signature, const Certificate& certificate,
                    BytesView signed_bytes);

}  // namespace ringway::security
