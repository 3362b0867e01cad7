// What OpenSSL said last, as a Failure. Its reasons hold no secrets.
#pragma once

#include <string>

#include "reload/result.hpp"

namespace ringway::enrolld {

// `what`, and OpenSSL's reason if it left one; the reasons left are forgotten.
Failure openssl_failure(const std::string& what);

}  // namespace ringway::enrolld
