// What the mails say: plain text, and the same as HTML without pictures, scripts or anything to load. Nothing
// a stranger can choose stands in them but the user name, so that they are no use for sending somebody a
// message.
#pragma once

#include <string>

#include "reload/result.hpp"
#include "services/enrolld/proofs/mail_address.hpp"
#include "services/enrolld/secret/secret.hpp"

namespace ringway::enrolld {

struct MailText {
  HeaderText subject;
  Secret plain;  // CRLF at line ends
  Secret html;
};

struct Confirmation {
  std::string overlay_name;
  std::string user_name;
  Secret link;  // link_for()
  Secret code;
  unsigned valid_minutes = 30;
};

// The mail that proves a mailbox.
Result<MailText> confirmation_mail(const Confirmation& confirmation);

}  // namespace ringway::enrolld
