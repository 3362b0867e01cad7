// From octets to a Message, or to the answer that RFC 3261 has for what is none.
//
// Everything that RFC 3261 and RFC 4475 have an element check before it acts is checked here, once; whoever
// has a Message need not look again: mandatory fields are there once, CSeq names the method, numbers are in
// range, addresses can be read, the body is as long as Content-Length says.
//
// Taken although newer grammar would not have it (RFC 4475 §3.4.1, RFC 2543): no tag in From, no branch in
// Via, no Max-Forwards, no Content-Length in a datagram. Not taken although one may: white space where the
// grammar has none in start lines and addresses (§3.1.2.8 to 3.1.2.10, 3.1.2.14), lines that end in a bare
// LF.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reload/bytes.hpp"
#include "reload/result.hpp"
#include "sip-usage/message/message.hpp"

namespace ringway::sip {

// Why octets are no message, and to whom one says so. Nothing is kept for it: the answer is stateless
// (§16.3).
struct Refusal {
  unsigned status = 400;
  std::string reason;  // for the log, and the reason phrase of the answer
  // The fields that an answer repeats (§8.2.6.2), as they came; empty when there can be no answer: to a
  // response, to an ACK, to what has no Via.
  std::vector<HeaderField> echoed;
  std::optional<Via>
      top_via;  // where the answer goes when it goes back over UDP; perhaps without its parameters

  bool can_be_answered() const { return !echoed.empty(); }
};

enum class Framing {
  datagram,  // the body ends with the datagram, octets behind Content-Length are noise (§18.3)
  stream,    // exactly one message, cut by StreamFramer
};

Result<Message, Refusal> parse_message(BytesView octets, Framing framing);

// The octets of the answer; `to_tag` is the answering element's (§8.2.6.2).
std::string answer_to(const Refusal& refusal, std::string_view to_tag);

// The methods of RFC 3261 and its extensions: of these, a CSeq with another method is a mistake (400); of
// others, the request is one that nobody here knows (501, RFC 4475 §3.1.2.18).
bool is_known_method(std::string_view method);

}  // namespace ringway::sip
