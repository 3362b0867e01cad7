// The lexical forms of values in configuration documents (XML Schema datatypes, RFC 6940 §11.1.1). White
// space around a value has been taken away before.
#pragma once

#include <charconv>
#include <string_view>

#include "reload/ids.hpp"

namespace ringway::config {

// A decimal number from `low` to `high`.
template <typename Number>
bool parse_number(std::string_view text, Number& out, Number low, Number high) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || text.front() == '+') return false;
  Number parsed{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (error != std::errc{} || end != text.data() + text.size() || parsed < low || high < parsed) return false;
  out = parsed;
  return true;
}

bool parse_boolean(std::string_view text, bool& out);    // 1, true, 0, false
bool parse_node_id(std::string_view text, NodeId& out);  // 32 hex digits, not a reserved one
bool is_domain_name(std::string_view name);              // RFC 1035 §2.3.1, as WIRE-11 asks

}  // namespace ringway::config
