// A certificate that an enrollment server has handed out, checked before anyone uses it (RFC 6940 §11.3).
#pragma once

#include <string>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/result.hpp"
#include "reload/security/certificate.hpp"
#include "reload/security/trust.hpp"

namespace ringway::services {

struct EnrolledCertificate {
  security::CertificatePtr certificate;
  security::ChainPtr intermediates;  // between it and the root; null when there are none

  // node.crt: the node's own, then the others, in PEM.
  std::string pem() const;
};

// `chain_der`: the node's own first. It leads to a root of `trust`, at `now_ms`, and is for the request's key
// (ENROLL-19).
Result<EnrolledCertificate> check_issued(const Bytes& csr_der, std::vector<SharedBytes> chain_der,
                                         const security::Trust& trust, WallMs now_ms);

}  // namespace ringway::services
