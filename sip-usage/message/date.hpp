// SIP-date (RFC 3261 §20.17).
#pragma once

#include <string>

#include "reload/time.hpp"

namespace ringway::sip {

// The value of a Date header field: always GMT, in English, whole seconds.
std::string print_date(WallMs wall_ms);

}  // namespace ringway::sip
