// A node's key and the certificate signing request for it (PKCS#10, RFC 2986), as enrolment and renewal send
// it.
#pragma once

#include <string_view>

#include "reload/bytes.hpp"
#include "reload/result.hpp"
#include "reload/security/certificate.hpp"
#include "services/enrolld/secret/secret.hpp"

namespace ringway::services {

// A new key on P-256; PKCS#8 in PEM, not encrypted.
Result<enrolld::Secret> make_node_key();

// In DER, signed by the key (PEM, not encrypted). It asks for nothing but a certificate for this key: names
// and Node-IDs are the server's to say.
Result<Bytes> write_signing_request(std::string_view private_key_pem);

// Is the certificate for the key in the request?
bool is_for_key_of(const Bytes& csr_der, const security::Certificate& certificate);

}  // namespace ringway::services
