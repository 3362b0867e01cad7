// What is in the envelope of a kept message: a MESSAGE request's content (RFC 3428) with the names of who has
// sent it to whom, so that nobody can take another's envelope for one of his own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reload/ids.hpp"
#include "reload/time.hpp"
#include "reload/wire/codec.hpp"
#include "sip-usage/message/message.hpp"
#include "sip-usage/registration/address.hpp"

namespace ringway::sip::messages {

// RFC 3428 §8 has the whole request within 1300 bytes unless the sender knows better.
inline constexpr std::size_t k_max_body_bytes = 4096;
inline constexpr std::size_t k_max_letter_fields = 16;
inline constexpr std::size_t k_max_letter_field_bytes = 512;  // the value of one

struct Letter {
  std::string sender;  // user names, as certificates have them
  NodeId sender_node;
  std::string recipient;
  std::uint64_t id = 0;
  WallMs sent_ms = 0, until_ms = 0;
  std::vector<HeaderField> fields;  // those that say what the body is and what for
  std::string body;
};
void read(wire::Reader& in, Letter& out);
void write(wire::Writer& out, const Letter& letter);

// Whether that request is for keeping when nobody is there: a message to the user at large, of some use
// later, by somebody who does not hide.
bool is_for_keeping(const Message& request);
// Whether the answer says that nobody is there now.
bool means_absence(unsigned status);

// Of a request that is for keeping, without an id. Nothing when it is too large.
std::optional<Letter> letter_of(const Message& request, WallMs now_ms);

// The request for the recipient's phones. Its Call-ID is always the same, so that a phone can know again what
// it has seen. Nothing when the letter says what no request may: its writer is not to be trusted with lines
// of SIP.
std::optional<Message> message_of(const Letter& letter, const Aor& recipient);

}  // namespace ringway::sip::messages
