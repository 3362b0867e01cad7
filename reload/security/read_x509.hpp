// An X.509 certificate from its DER bytes, as OpenSSL's type. What RELOAD wants of it is certificate.hpp's.
#pragma once

#include <memory>

#include "reload/bytes.hpp"
#include "reload/security/certificate.hpp"

namespace ringway::security {

// Null unless the bytes are one certificate and nothing more. May be read by several threads at once.
std::shared_ptr<X509> read_x509(BytesView der);

}  // namespace ringway::security
