// From an entry of a mailbox to the letter in it: opened with the user's keys, and compared with where it was
// found.
#pragma once

#include <string>
#include <variant>

#include "reload/ids.hpp"
#include "sip-usage/messages/calls.hpp"
#include "sip-usage/messages/letter.hpp"
#include "sip-usage/messages/mailbox.hpp"

namespace ringway::sip::messages {

enum class NotOpened {
  for_others,  // closed for other devices, or changed
  forged,      // another's letter, or none
};

// `writer` and `node`: of the value in which it was.
std::variant<Letter, NotOpened> open_letter(const OwnUser& user, const std::string& writer,
                                            const NodeId& node, const KeptMessage& kept);

}  // namespace ringway::sip::messages
