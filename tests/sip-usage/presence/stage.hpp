// PUBLISHes and SUBSCRIBEs as phones send them, documents, certificates, and an envelope that can be looked
// into.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "reload/random.hpp"
#include "sip-usage/presence/envelope.hpp"
#include "sip-usage/presence/settings.hpp"
#include "sip-usage/presence/value.hpp"
#include "tests/sip-usage/message/text.hpp"

namespace ringway::sip::presence::test {

inline Aor aor(const std::string& name) { return *Aor::of_user_name(name); }
inline const Aor k_alice = aor("alice@example.org");
inline const Aor k_bob = aor("bob@example.org");
inline const Aor k_carol = aor("carol@example.org");

class CountingRandom : public Random {
 public:
  std::uint64_t next() override { return ++last_ * 0x9E3779B97F4A7C15ULL; }

 private:
  std::uint64_t last_ = 0;
};

inline NodeId node(std::uint8_t last) {
  NodeId out;
  out.bytes.back() = last;
  return out;
}

inline Settings settings() {
  Settings out;
  out.overlay_name = "example.org";
  out.contact = *Uri::parse("sip:192.0.2.9:5060");
  return out;
}

inline security::CertificatePtr certificate(const Aor& user, std::uint8_t serial = 1) {
  security::Certificate::Statement statement;
  statement.der = SharedBytes(copy_of(view_of(user.name() + "/" + std::to_string(serial))));
  statement.node = node(serial);
  statement.user_name = user.name();
  return security::Certificate::stating(std::move(statement));
}

// "for alice@… bob@… :" and the text.
class OpenEnvelope : public Envelope {
 public:
  Result<Bytes> seal(BytesView text, const std::vector<security::CertificatePtr>& recipients) override {
    if (fails) return Failure{"cannot"};
    std::string out = "for ";
    for (const auto& each : recipients) out += each->user_name() + " ";
    return copy_of(view_of(out + ":" + std::string(text_of(text))));
  }
  Result<Bytes> open(const Aor& user, BytesView sealed) override {
    ++opened;
    const std::string text(text_of(sealed));
    const auto colon = text.find(':');
    if (colon == std::string::npos ||
        text.substr(0, colon).find(" " + user.name() + " ") == std::string::npos)
      return Failure{"not for " + user.name()};
    return copy_of(view_of(text.substr(colon + 1)));
  }
  bool fails = false;
  unsigned opened = 0;
};

// A document with one tuple.
inline std::string document(const std::string& id, const std::string& note,
                            const std::string& basic = "open") {
  return R"(<?xml version="1.0" encoding="UTF-8"?><presence xmlns="urn:ietf:params:xml:ns:pidf")"
         R"( entity="sip:whoever@example.org"><tuple id=")" +
         id + R"("><status><basic>)" + basic + "</basic></status><note>" + note +
         "</note></tuple></presence>";
}

struct Request {
  std::string method = "PUBLISH";
  std::string user = "alice@example.org";  // of the Request-URI and To
  std::string from = "alice@example.org";
  std::string call_id = "call-1", to_tag{}, from_tag = "f";
  std::uint32_t cseq = 1;
  std::vector<std::string> more{};  // other lines
  std::string body{};
  std::string event = "presence";  // empty: no such field
};

inline Message message_of(const Request& request) {
  std::vector<std::string> lines = {
      request.method + " sip:" + request.user + " SIP/2.0",
      "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK" + request.call_id + std::to_string(request.cseq),
      "Max-Forwards: 70",
      "To: <sip:" + request.user + ">" + (request.to_tag.empty() ? "" : ";tag=" + request.to_tag),
      "From: <sip:" + request.from + ">;tag=" + request.from_tag,
      "Call-ID: " + request.call_id,
      "CSeq: " + std::to_string(request.cseq) + " " + request.method};
  if (!request.event.empty()) lines.push_back("Event: " + request.event);
  if (!request.body.empty()) {
    lines.push_back("Content-Type: application/pidf+xml");
    lines.push_back("Content-Length: " + std::to_string(request.body.size()));
  }
  for (const auto& line : request.more) lines.push_back(line);
  return sip::test::message(lines, request.body);
}

inline std::string field(const Message& message, std::string_view name) {
  const std::string* value = message.field(name);
  return value == nullptr ? "" : *value;
}

}  // namespace ringway::sip::presence::test
