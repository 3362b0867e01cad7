#include "services/enrolld/proofs/mail_texts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "services/enrolld/html/escape.hpp"
#include "services/enrolld/proofs/tokens.hpp"

namespace ringway::enrolld {

namespace {

constexpr std::string_view k_plain =
    "Somebody, probably you, wants to use the overlay {overlay}\r\n"
    "as {user}.\r\n"
    "\r\n"
    "If it was you, open this link:\r\n"
    "\r\n"
    "{link}\r\n"
    "\r\n"
    "or type this code where you were asked for it:\r\n"
    "\r\n"
    "    {code}\r\n"
    "\r\n"
    "Both are good for {minutes} minutes and for one use. Give them to nobody:\r\n"
    "who has them can speak as you in the overlay.\r\n"
    "\r\n"
    "If it was not you, do nothing. Without the link or the code nobody can use\r\n"
    "your name.\r\n";

constexpr std::string_view k_html =
    "<!DOCTYPE html>\r\n"
    "<html lang=\"en\">\r\n"
    "<head><meta charset=\"utf-8\"><title>Confirm your name</title></head>\r\n"
    "<body>\r\n"
    "<p>Somebody, probably you, wants to use the overlay <b>{overlay}</b> as <b>{user}</b>.</p>\r\n"
    "<p>If it was you, open this link:<br>\r\n"
    "<a href=\"{link}\">{link}</a></p>\r\n"
    "<p>or type this code where you were asked for it:</p>\r\n"
    "<p><code style=\"font-size:150%\">{code}</code></p>\r\n"
    "<p>Both are good for {minutes} minutes and for one use. Give them to nobody: who has them can speak as "
    "you in "
    "the overlay.</p>\r\n"
    "<p>If it was not you, do nothing. Without the link or the code nobody can use your name.</p>\r\n"
    "</body>\r\n"
    "</html>\r\n";

constexpr std::size_t k_longest_name = 254;  // of an overlay: a host name; of a user: an address
constexpr std::size_t k_longest_subject = 120;

// Printable ASCII: RFC 6940 §11.3 leaves user names no more, and an overlay's name is a host name.
bool printable(std::string_view text) {
  return !text.empty() && text.size() <= k_longest_name &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

Result<MailText> confirmation_mail(const Confirmation& confirmation) {
  const std::string& overlay = confirmation.overlay_name;
  const std::string& user = confirmation.user_name;
  if (!printable(overlay) || !printable(user))
    return Failure{"a name in the mail is empty, too long, or not printable"};
  const std::string about = fmt::format("Confirm {}", user);
  auto subject = HeaderText::read(about.size() <= k_longest_subject ? about : "Confirm your name");
  if (!subject) return subject.error();

  const Secret code = spoken(confirmation.code);
  const auto fill = [&](std::string_view form, std::string_view overlay_text, std::string_view user_text,
                        std::string_view link_text) {
    using fmt::arg;
    std::string text;
    text.reserve(form.size() + overlay_text.size() + user_text.size() + 2 * link_text.size() + 64);
    fmt::format_to(std::back_inserter(text), fmt::runtime(form), arg("overlay", overlay_text),
                   arg("user", user_text), arg("link", link_text), arg("code", code.reveal()),
                   arg("minutes", confirmation.valid_minutes));
    return Secret::take(text);
  };
  std::string safe_link = escape_html(confirmation.link.reveal());
  MailText mail{std::move(*subject), fill(k_plain, overlay, user, confirmation.link.reveal()),
                fill(k_html, escape_html(overlay), escape_html(user), safe_link)};
  wipe(safe_link);
  return mail;
}

}  // namespace ringway::enrolld
