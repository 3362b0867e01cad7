// What may stand in the header of a mail. Values of these types hold no line break and no character with a
// meaning there, so that nothing a claimant types can add a header or a recipient.
#pragma once

#include <string>
#include <string_view>

#include "reload/result.hpp"

namespace ringway::enrolld {

// local@domain in printable ASCII: a dot-atom (RFC 5322 §3.2.3) and a host name, in the lengths of RFC 5321
// §4.5.3.1. Quoted local parts, comments, address literals and internationalised addresses are refused.
class MailAddress {
 public:
  static Result<MailAddress> read(std::string_view text);
  const std::string& text() const { return text_; }
  std::string_view domain() const;

 private:
  explicit MailAddress(std::string_view text) : text_(text) {}
  std::string text_;
};

// UTF-8 for a subject or a display name, already in the form the header has: itself, or encoded words (RFC
// 2047).
class HeaderText {
 public:
  static Result<HeaderText> read(std::string_view utf8);
  const std::string& encoded() const { return encoded_; }  // may be folded: "\r\n " between encoded words
  std::string as_display_name() const;                     // quoted when it is not encoded

 private:
  HeaderText(std::string encoded, bool is_plain) : encoded_(std::move(encoded)), plain_(is_plain) {}
  std::string encoded_;
  bool plain_;
};

}  // namespace ringway::enrolld
