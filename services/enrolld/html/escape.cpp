#include "services/enrolld/html/escape.hpp"

namespace ringway::enrolld {

namespace {

constexpr std::size_t k_longest_entity = 6;  // &quot;

std::string_view entity(char letter) {
  switch (letter) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size() * k_longest_entity);
  for (const char letter : text) {
    if (const std::string_view escaped = entity(letter); !escaped.empty())
      out += escaped;
    else
      out += letter;
  }
  return out;
}

}  // namespace ringway::enrolld
