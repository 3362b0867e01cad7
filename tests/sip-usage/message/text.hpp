// Messages for tests, written as lines.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "sip-usage/message/parse.hpp"

namespace ringway::sip::test {

// The lines with CRLF, an empty line, the body.
inline std::string octets(const std::vector<std::string>& lines, std::string_view body = "") {
  std::string out;
  for (const auto& line : lines) out += line + "\r\n";
  out += "\r\n";
  out += body;
  return out;
}

inline std::vector<std::string> invite_lines() {
  return {"INVITE sip:bob@biloxi.com SIP/2.0",
          "Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds",
          "Max-Forwards: 70",
          "To: Bob <sip:bob@biloxi.com>",
          "From: Alice <sip:alice@atlanta.com>;tag=1928301774",
          "Call-ID: a84b4c76e66710@pc33.atlanta.com",
          "CSeq: 314159 INVITE",
          "Contact: <sip:alice@pc33.atlanta.com>"};
}

inline Result<Message, Refusal> parse(std::string_view text, Framing framing = Framing::datagram) {
  return parse_message(view_of(text), framing);
}

inline Message message(const std::vector<std::string>& lines, std::string_view body = "") {
  auto parsed = parse(octets(lines, body));
  EXPECT_TRUE(parsed.ok()) << (parsed ? "" : parsed.error().reason);
  return parsed ? std::move(*parsed) : Message{};
}

}  // namespace ringway::sip::test
