// Documents that only some can read. Injected: encryption draws random numbers, and the private keys are the
// peer's.
#pragma once

#include <vector>

#include "reload/bytes.hpp"
#include "reload/result.hpp"
#include "reload/security/certificate.hpp"
#include "sip-usage/registration/address.hpp"

namespace ringway::sip::presence {

class Envelope {
 public:
  virtual ~Envelope() = default;
  // For the holders of the keys of these certificates; never for none. (CMS EnvelopedData, RFC 5652 §6.)
  virtual Result<Bytes> seal(BytesView text, const std::vector<security::CertificatePtr>& recipients) = 0;
  // With the key of one of this peer's users; a failure when it is not for that user.
  virtual Result<Bytes> open(const Aor& user, BytesView sealed) = 0;
};

}  // namespace ringway::sip::presence
