// Percent-encoding, read by libcurl.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ringway::enrolld_http {

// None when the text holds a NUL, encoded or not: no name or code has one.
std::optional<std::string> url_decoded(std::string_view text);

}  // namespace ringway::enrolld_http
