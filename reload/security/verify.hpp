// The two questions behind every signature check (RFC 6940 §6.3.4): does the identity name this certificate,
// and is the signature over these bytes good? Chains and validity are trust.hpp's.
#pragma once

#include <optional>

#include "reload/bytes.hpp"
#include "reload/ids.hpp"
#include "reload/security/certificate.hpp"
#include "reload/wire/message.hpp"

namespace ringway::security {

// As which of the certificate's Node-IDs the identity names it; nothing when it does not, or in the wrong
// form for the certificate (SEC-06, SEC-07, SEC-08).
std::optional<NodeId> identity_names(const wire::SignerIdentity& identity, const Certificate& certificate);

// RSA-PKCS1-v1_5 or ECDSA, both with SHA-256; any other algorithm is a failure (SEC-39).
bool signature_good(const wire::Signature& signature, const Certificate& certificate, BytesView signed_bytes);

}  // namespace ringway::security
