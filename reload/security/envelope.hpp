// Content that only the holders of certificates can read: CMS AuthEnvelopedData (RFC 5652, RFC 5083) with
// AES-256-GCM (RFC 5084), by OpenSSL. The content's key goes to each of them by the key of the certificate:
// by ECDH on P-256 with a key made for it (RFC 5753), or by RSA-OAEP (RFC 3560), with SHA-256 both.
//
// An envelope says nothing of who has closed it. Whoever opens one needs to know that otherwise, and should
// find the same name inside.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/result.hpp"
#include "reload/security/certificate.hpp"

namespace ringway::security {

inline constexpr std::size_t k_max_envelope_recipients = 32;
inline constexpr std::size_t k_max_envelope_bytes = 65'535;

// For all of these at once. Fails when there are none or too many, for a certificate without a key, for no
// content, and for more than would fit.
Result<Bytes> close_envelope(BytesView content, const std::vector<CertificatePtr>& recipients);

// Whoever can open envelopes. Safe to call from several threads at once.
class EnvelopeKey {
 public:
  virtual ~EnvelopeKey() = default;
  // Nothing when it was closed for others, changed on the way, or is no envelope.
  virtual std::optional<Bytes> open(BytesView envelope) const = 0;
};
using EnvelopeKeyPtr = std::shared_ptr<const EnvelopeKey>;

// A private key in memory with its certificate, both PEM, as load_signer() reads them.
Result<EnvelopeKeyPtr> load_envelope_key(std::string_view private_key_pem, std::string_view certificates_pem);

}  // namespace ringway::security
