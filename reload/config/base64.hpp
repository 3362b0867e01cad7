// Base64 (RFC 4648 §4) by OpenSSL, as certificates and signatures stand in configuration documents.
#pragma once

#include <string>
#include <string_view>

#include "reload/bytes.hpp"

namespace ringway::config {

std::string to_base64(BytesView bytes);
// White space is skipped; anything else that is not base64 is refused.
bool from_base64(std::string_view text, Bytes& out);

}  // namespace ringway::config
