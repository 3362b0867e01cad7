// What the tests of the machines share: messages of one call, and a step as a word.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sip-usage/message/builders.hpp"
#include "sip-usage/transaction/machine.hpp"
#include "tests/sip-usage/message/text.hpp"

namespace ringway::sip::test {

inline Message request(const std::string& method, const std::string& branch = "z9hG4bK1") {
  return message({method + " sip:bob@biloxi.com SIP/2.0",
                  "Via: SIP/2.0/UDP pc33.atlanta.com;branch=" + branch, "Max-Forwards: 70",
                  "To: <sip:bob@biloxi.com>", "From: <sip:alice@atlanta.com>;tag=a", "Call-ID: c1",
                  "CSeq: 7 " + method});
}

inline Message response(unsigned status, const std::string& method = "INVITE") {
  return make_response(request(method), status, "b");
}

// What was sent: the method, or the status.
inline std::string word(BytesView octets) {
  const auto text = text_of(octets);
  return std::string(text.substr(0, 8) == "SIP/2.0 " ? text.substr(8, 3) : text.substr(0, text.find(' ')));
}

// "send INVITE, tell 180, timeout".
inline std::string said(const Step& step) {
  std::string out;
  const auto add = [&](const std::string& more) { out += (out.empty() ? "" : ", ") + more; };
  for (const auto& octets : step.transmit) add("send " + word(octets));
  if (step.deliver)
    add("tell " +
        (step.deliver->is_request() ? step.deliver->method() : std::to_string(step.deliver->status())));
  if (step.failure) add(*step.failure == TransactionFailure::timeout ? "timeout" : "transport");
  return out;
}

inline constexpr std::int64_t k_never = -1;
inline std::int64_t ms(const Deadline& at) { return at ? (*at).ms : k_never; }

// Lets time pass until `end`: "500 send INVITE; 1500 send INVITE".
template <typename Machine>
std::string until(Machine& machine, std::int64_t end_ms) {
  std::string out;
  while (!machine.ended() && machine.next_wake() && (*machine.next_wake()).ms <= end_ms) {
    const MonoTime now = *machine.next_wake();
    const auto what = said(machine.on_timer(now));
    out += (out.empty() ? "" : "; ") + std::to_string(now.ms) + (what.empty() ? " end" : " " + what);
  }
  return out;
}

}  // namespace ringway::sip::test
