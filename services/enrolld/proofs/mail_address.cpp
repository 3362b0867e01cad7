#include "services/enrolld/proofs/mail_address.hpp"

#include <sodium.h>

#include <algorithm>

#include "services/enrolld/proofs/sodium.hpp"

namespace ringway::enrolld {

namespace {

constexpr std::size_t k_longest_address = 254;
constexpr std::size_t k_longest_local_part = 64;
constexpr std::size_t k_longest_label = 63;
constexpr std::size_t k_longest_header_text = 200;
constexpr std::size_t k_encoded_word_bytes =
    45;  // 60 characters of base64 and 12 around: below the 75 of RFC 2047

bool letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool atom_character(char c) {  // RFC 5322 §3.2.3
  return letter_or_digit(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}
bool is_atom(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), atom_character);
}
bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= k_longest_label && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(), [](char c) { return letter_or_digit(c) || c == '-'; });
}

// Whether each part between dots is one.
template <typename Predicate>
bool each_part(std::string_view text, Predicate is_part) {
  for (;;) {
    const auto dot = text.find('.');
    if (!is_part(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }  // of UTF-8

std::string encoded_words(std::string_view text) {
  require_sodium();
  std::string words;
  while (!text.empty()) {
    std::size_t count = std::min(text.size(), k_encoded_word_bytes);
    // A word holds whole characters (RFC 2047 §5). None is longer than 4 bytes.
    for (int i = 0; i < 3 && count < text.size() && continues_character(text[count]); ++i) --count;
    std::string base64(sodium_base64_encoded_len(count, sodium_base64_VARIANT_ORIGINAL), '\0');
    sodium_bin2base64(base64.data(), base64.size(), reinterpret_cast<const unsigned char*>(text.data()),
                      count, sodium_base64_VARIANT_ORIGINAL);
    base64.pop_back();  // the NUL
    words += words.empty() ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?";
    words += base64 + "?=";
    text.remove_prefix(count);
  }
  return words;
}

}  // namespace

Result<MailAddress> MailAddress::read(std::string_view text) {
  const auto at = text.find('@');
  // The text itself stays out of the reasons: they go to logs.
  if (at == std::string_view::npos || text.find('@', at + 1) != std::string_view::npos)
    return Failure{"a mail address has one @"};
  const auto local = text.substr(0, at);
  const auto domain = text.substr(at + 1);
  if (text.size() > k_longest_address || local.size() > k_longest_local_part)
    return Failure{"the mail address is too long"};
  if (!each_part(local, is_atom)) return Failure{"the part of the mail address before the @ is not allowed"};
  if (!each_part(domain, is_label)) return Failure{"the domain of the mail address is not a host name"};
  return MailAddress(text);
}

std::string_view MailAddress::domain() const { return std::string_view(text_).substr(text_.find('@') + 1); }

Result<HeaderText> HeaderText::read(std::string_view utf8) {
  if (utf8.size() > k_longest_header_text) return Failure{"a text in a mail's header is too long"};
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20U || c == '\x7f'; };
  if (std::any_of(utf8.begin(), utf8.end(), control))
    return Failure{"a text in a mail's header has a control character"};
  const bool ascii =
      std::all_of(utf8.begin(), utf8.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80U; });
  // "=?" would be read as the beginning of an encoded word.
  const bool plain = ascii && utf8.find("=?") == std::string_view::npos;
  return HeaderText(plain ? std::string(utf8) : encoded_words(utf8), plain);
}

std::string HeaderText::as_display_name() const {
  if (!plain_) return encoded_;
  std::string quoted = "\"";
  for (const char c : encoded_) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace ringway::enrolld
