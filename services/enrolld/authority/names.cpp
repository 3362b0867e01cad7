#include "services/enrolld/authority/names.hpp"

#include <algorithm>
#include <string>

namespace ringway::services {
namespace {

constexpr std::size_t k_max_name_size_bytes = 253;       // of a domain (RFC 1035 §2.3.4)
constexpr std::size_t k_max_local_part_size_bytes = 64;  // RFC 5321 §4.5.3.1.1
constexpr std::size_t k_max_label_size_bytes = 63;
// atext of RFC 5322 §3.2.3, less "/", which ends the owner part of a key (docs/extensions.md).
constexpr std::string_view k_local_part_marks = "!#$%&'*+-=?^_`{|}~.";

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= k_max_label_size_bytes && label.front() != '-' &&
         label.back() != '-' &&
         std::all_of(label.begin(), label.end(), [](char c) { return is_letter_or_digit(c) || c == '-'; });
}

bool is_domain(std::string_view name) {
  if (name.empty() || name.size() > k_max_name_size_bytes) return false;
  for (;;) {
    const std::size_t dot = name.find('.');
    if (!is_label(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

bool is_local_part(std::string_view part) {
  if (part.empty() || part.size() > k_max_local_part_size_bytes) return false;
  if (part.front() == '.' || part.back() == '.' || part.find("..") != std::string_view::npos) return false;
  return std::all_of(part.begin(), part.end(), [](char c) {
    return is_letter_or_digit(c) || k_local_part_marks.find(c) != std::string_view::npos;
  });
}

}  // namespace

Outcome<> check_user_name(std::string_view user_name) {
  const std::size_t at = user_name.find('@');
  if (at == std::string_view::npos) return Failure{"a user name has the form user@domain"};
  if (!is_local_part(user_name.substr(0, at)))
    return Failure{"the part before the @ may have letters, digits and " + std::string(k_local_part_marks)};
  if (!is_domain(user_name.substr(at + 1))) return Failure{"the part after the @ is not a domain name"};
  return Done{};
}

std::string normal_user_name(std::string_view user_name) {
  std::string out(user_name);
  const auto at = out.find('@');
  if (at == std::string::npos) return out;
  std::transform(out.begin() + static_cast<std::ptrdiff_t>(at), out.end(),
                 out.begin() + static_cast<std::ptrdiff_t>(at),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

Outcome<> check_overlay_name(std::string_view overlay_name) {
  if (!is_domain(overlay_name)) return Failure{"an overlay's name is a domain name, as overlay.example.org"};
  return Done{};
}

std::string enrollment_server_name(std::string_view overlay_name) {
  return normal_user_name("enrollment@" + std::string(overlay_name));
}

}  // namespace ringway::services
