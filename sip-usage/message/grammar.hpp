// The smallest words of SIP's grammar (RFC 3261 §25.1): tokens, quoted strings, numbers, lists. What is made
// of them is read by libosip2 (osip.hpp); these are for what it leaves to the caller, and for checks of what
// it has read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringway::sip {

bool is_digit(char c);
constexpr char lower_letter(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_token_char(char c);
bool is_token(std::string_view text);          // 1*( alphanum / "-" / "." / "!" / … )
bool is_quoted_string(std::string_view text);  // with its quotes, and nothing behind them
// Only characters of `more`, letters, digits, unreserved marks, and escapes of two hexadecimal digits.
bool is_escaped_text(std::string_view text, std::string_view more);
// A host as RFC 3261 writes it, an IPv6 address without its brackets.
bool is_host(std::string_view text);

bool same_ignoring_case(std::string_view a, std::string_view b);
std::string lower_case(std::string_view text);
std::string_view trimmed(std::string_view text);  // without SP and HTAB at the ends

// Decimal digits, leading zeros allowed, at most `max`; otherwise nothing.
std::optional<std::uint32_t> parse_number(std::string_view digits, std::uint32_t max = 0xffffffff);

// The elements of a list, trimmed; what is inside quotes or <> does not separate. Nothing when quotes or
// brackets do not close; empty elements stay, for the caller to refuse.
std::optional<std::vector<std::string_view>> split_list(std::string_view text, char separator = ',');

std::string to_quoted_string(std::string_view text);  // a quoted string of it
std::string from_quoted_string(
    std::string_view quoted_string);  // what a quoted string says; other text as it is

}  // namespace ringway::sip
