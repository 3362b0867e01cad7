#include "reload/config/values.hpp"

#include <algorithm>

namespace ringway::config {
namespace {

constexpr std::size_t k_max_name_size_bytes = 253;
constexpr std::size_t k_max_label_size_bytes = 63;

bool is_label(std::string_view label) {
  const auto letter_digit_hyphen = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !label.empty() && label.size() <= k_max_label_size_bytes && label.front() != '-' &&
         label.back() != '-' && std::all_of(label.begin(), label.end(), letter_digit_hyphen);
}

}  // namespace

bool parse_boolean(std::string_view text, bool& out) {
  const bool yes = text == "1" || text == "true";
  if (!yes && text != "0" && text != "false") return false;
  out = yes;
  return true;
}

bool parse_node_id(std::string_view text, NodeId& out) {
  Bytes bytes;
  if (!from_hex(text, bytes) || bytes.size() != k_node_id_size_bytes) return false;
  out = as_node(ring_id_from(bytes));
  return out != k_no_node && out != wildcard_node();
}

bool is_domain_name(std::string_view name) {
  if (name.size() > k_max_name_size_bytes) return false;
  for (;;) {
    const std::size_t dot = name.find('.');
    if (!is_label(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

}  // namespace ringway::config
