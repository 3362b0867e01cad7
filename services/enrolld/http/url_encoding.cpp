#include "services/enrolld/http/url_encoding.hpp"

#include <curl/curl.h>

#include <climits>
#include <memory>

namespace ringway::enrolld_http {

std::optional<std::string> url_decoded(std::string_view text) {
  if (text.empty()) return std::string();
  if (text.size() > INT_MAX) return std::nullopt;
  int size = 0;
  const std::unique_ptr<char, decltype(&curl_free)> plain(
      curl_easy_unescape(nullptr, text.data(), static_cast<int>(text.size()), &size), &curl_free);
  if (!plain) return std::nullopt;
  std::string out(plain.get(), static_cast<std::size_t>(size));
  if (out.find('\0') != std::string::npos) return std::nullopt;
  return out;
}

}  // namespace ringway::enrolld_http
