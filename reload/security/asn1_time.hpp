// Times as certificates carry them (RFC 5280 §4.1.2.5), in the milliseconds that RELOAD counts.
#pragma once

#include <openssl/asn1.h>

#include <optional>

#include "reload/time.hpp"

namespace ringway::security {

// Nothing for a malformed time, or one before 1970.
std::optional<WallMs> wall_ms_of(const ASN1_TIME* time);

}  // namespace ringway::security
