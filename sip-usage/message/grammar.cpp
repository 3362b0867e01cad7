#include "sip-usage/message/grammar.hpp"

#include <algorithm>

namespace ringway::sip {
namespace {

bool is_alphanum(char c) {
  const char l = lower_letter(c);
  return is_digit(c) || (l >= 'a' && l <= 'z');
}
bool is_hex_digit(char c) {
  const char l = lower_letter(c);
  return is_digit(c) || (l >= 'a' && l <= 'f');
}
bool is_one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

constexpr std::string_view k_marks = "-_.!~*'()";  // `mark` of RFC 3261 §25.1

}  // namespace

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_token_char(char c) { return is_alphanum(c) || is_one_of(c, "-.!%*_+`'~"); }
bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

bool is_quoted_string(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return false;
  const std::string_view inside = text.substr(1, text.size() - 2);
  for (std::size_t at = 0; at < inside.size(); ++at) {
    if (inside[at] == '"') return false;
    if (inside[at] == '\0') return false;  // only a quoted pair may have it
    if (inside[at] == '\\' && ++at == inside.size()) return false;
  }
  return true;
}

bool is_escaped_text(std::string_view text, std::string_view more) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '%') {
      if (text.size() - at < 3 || !is_hex_digit(text[at + 1]) || !is_hex_digit(text[at + 2])) return false;
      at += 2;
    } else if (!is_alphanum(text[at]) && !is_one_of(text[at], k_marks) && !is_one_of(text[at], more)) {
      return false;
    }
  }
  return true;
}

bool is_host(std::string_view text) {
  if (text.empty()) return false;
  if (is_one_of(':', text)) {
    const auto of_address = [](char c) { return is_hex_digit(c) || c == ':' || c == '.'; };
    return std::all_of(text.begin(), text.end(), of_address);
  }
  // "_" is in no host name of RFC 3261, but in names that are in use.
  const auto of_name = [](char c) { return is_alphanum(c) || c == '-' || c == '.' || c == '_'; };
  return std::all_of(text.begin(), text.end(), of_name) && text.front() != '.';
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return lower_letter(x) == lower_letter(y);
         });
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower_letter);
  return out;
}

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<std::uint32_t> parse_number(std::string_view digits, std::uint32_t max) {
  if (digits.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : digits) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
    if (value > max) return std::nullopt;
  }
  return static_cast<std::uint32_t>(value);
}

std::optional<std::vector<std::string_view>> split_list(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  bool in_quotes = false, in_brackets = false;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (in_quotes) {
      if (c == '\\') ++at;
      if (c == '"') in_quotes = false;
    } else if (in_brackets) {
      if (c == '>') in_brackets = false;
    } else if (c == '"') {
      in_quotes = true;
    } else if (c == '<') {
      in_brackets = true;
    } else if (c == separator) {
      out.push_back(trimmed(text.substr(begin, at - begin)));
      begin = at + 1;
    }
  }
  if (in_quotes || in_brackets) return std::nullopt;
  out.push_back(trimmed(text.substr(begin)));
  return out;
}

std::string to_quoted_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\r' || c == '\n') continue;  // no quoted pair has them
    if (c == '"' || c == '\\' || c == '\0') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string from_quoted_string(std::string_view quoted_string) {
  if (!is_quoted_string(quoted_string)) return std::string(quoted_string);
  const std::string_view inside = quoted_string.substr(1, quoted_string.size() - 2);
  std::string out;
  for (std::size_t at = 0; at < inside.size(); ++at) {
    if (inside[at] == '\\') ++at;
    out += inside[at];
  }
  return out;
}

}  // namespace ringway::sip
