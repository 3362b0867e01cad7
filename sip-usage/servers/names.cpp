#include "sip-usage/servers/names.hpp"

#include <algorithm>

#include "sip-usage/message/grammar.hpp"

namespace ringway::sip::servers {
namespace {

constexpr std::size_t k_max_name_bytes = 253;  // as text; RFC 1035 §2.3.4
constexpr std::size_t k_max_label_bytes = 63;

bool is_label(std::string_view label) {
  const auto is_allowed = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
  };
  return !label.empty() && label.size() <= k_max_label_bytes &&
         std::all_of(label.begin(), label.end(), is_allowed);
}

bool is_number_of_an_octet(std::string_view text) {
  return !text.empty() && text.size() <= 3 && parse_number(text, 255).has_value();
}

// The text between dots, one after the other; false as soon as `accepts` says so.
template <typename Accepts>
bool each_part(std::string_view text, Accepts accepts) {
  for (;;) {
    const auto dot = text.find('.');
    if (!accepts(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

}  // namespace

std::optional<std::string> to_name(std::string_view text) {
  if (!text.empty() && text.back() == '.') text.remove_suffix(1);
  if (text.empty() || text.size() > k_max_name_bytes) return std::nullopt;
  auto name = lower_case(text);
  if (!each_part(name, is_label)) return std::nullopt;
  return name;
}

bool is_numeric(std::string_view host) {
  if (host.find(':') != std::string_view::npos) return true;
  std::size_t parts = 0;
  return each_part(host,
                   [&](std::string_view part) { return ++parts <= 4 && is_number_of_an_octet(part); }) &&
         parts == 4;
}

}  // namespace ringway::sip::servers
