#include "reload/security/scheme.hpp"

#include "reload/security/verify.hpp"

namespace ringway::security {

Result<CertificatePtr> read_certificate(const SchemePtr& scheme, const SharedBytes& der) {
  return scheme ? scheme->read_certificate(der) : Certificate::parse(der);
}

bool signature_good(const SchemePtr& scheme, const wire::Signature& signature, const Certificate& certificate,
                    BytesView signed_bytes) {
  return scheme ? scheme->signature_good(signature, certificate, signed_bytes)
                : signature_good(signature, certificate, signed_bytes);
}

}  // namespace ringway::security
