// SIP that anyone may send: as a datagram, and as a stream in pieces. What is taken is printed and taken
// again, the same; what is refused gets an answer of whole lines.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "sip-usage/message/builders.hpp"
#include "sip-usage/message/credentials.hpp"
#include "sip-usage/message/stream_framer.hpp"

namespace {

using namespace ringway;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_taken(const sip::Message& message) {
  require(!message.vias.empty() && message.vias.size() <= sip::k_max_vias);
  const std::string once = message.print();
  const auto again = sip::parse_message(view_of(once), sip::Framing::stream);
  // Printed it may be longer than it came (names in full, a Content-Length), and too long then.
  if (!again) {
    require(once.size() > sip::k_max_header_bytes);
    return;
  }
  require(again->print() == once && again->body == message.body);
  require(sip::equivalent(again->to.uri, message.to.uri));
  sip::credentials(message, "Authorization");
  sip::challenges(message, "WWW-Authenticate");
  message.addresses("Path");
  message.event();
  if (!message.is_request()) {
    sip::without_top_via(message);
    return;
  }
  const auto answer = sip::make_response(message, 404, "t");
  require(sip::parse_message(view_of(answer.print()), sip::Framing::stream).ok());
  require(sip::parse_message(view_of(sip::make_ack(message, answer).print()), sip::Framing::stream).ok());
  sip::refuse_early(message, {}, "t");
}

void check_refused(const sip::Refusal& refusal) {
  require(refusal.status >= 400 && refusal.status < 600);
  if (!refusal.can_be_answered()) return;
  const auto lines = sip::read_header_lines(sip::answer_to(refusal, "t"));
  require(lines.ok() || refusal.echoed.size() >= sip::k_max_header_fields - 1 ||
          sip::answer_to(refusal, "t").size() > sip::k_max_header_bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  const BytesView octets(data, size_bytes);
  const auto datagram = sip::parse_message(octets, sip::Framing::datagram);
  if (datagram) {
    check_taken(*datagram);
  } else {
    check_refused(datagram.error());
  }
  sip::StreamFramer framer(sip::StreamEnd::accepted);
  const std::size_t piece_bytes = 1 + size_bytes / 3;
  for (std::size_t at = 0; at < size_bytes; at += piece_bytes) {
    framer.receive(octets.subspan(at, std::min(piece_bytes, size_bytes - at)));
    while (const auto event = framer.next()) {
      if (const auto* taken = std::get_if<sip::MessageReceived>(&*event)) check_taken(taken->message);
      if (const auto* malformed = std::get_if<sip::MalformedReceived>(&*event))
        check_refused(malformed->refusal);
    }
  }
  return 0;
}
