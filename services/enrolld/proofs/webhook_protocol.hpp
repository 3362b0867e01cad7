// What enrolld and an outside verifier say to each other (docs/webhook.md): the question as JSON, its
// signature, and what an answer means. Without I/O.
#pragma once

#include <string>
#include <string_view>

#include "reload/result.hpp"
#include "reload/time.hpp"
#include "services/enrolld/secret/secret.hpp"

namespace ringway::enrolld {

inline constexpr std::size_t k_min_webhook_key_bytes = 32;
inline constexpr const char* k_signature_header = "Ringway-Signature";

// "tel:" with a global number of at most 15 digits (RFC 3966 §5.1.4, E.164), without visual separators: one
// number has one text. Refuses all others.
Result<std::string> read_tel(std::string_view text);

struct WebhookQuestion {
  enum class Action {
    begin,  // let the holder of the identity know a code
    check,  // is this the code?
  };
  Action action = Action::begin;
  std::string request;  // the pending enrolment: the same in begin and check, and in a repetition
  std::string overlay;
  std::string identity;  // read_tel()
  std::string source;    // the claimant's network address, for the verifier's own limits
  Secret code;           // of check
};

struct WebhookAnswer {
  enum class Verdict {
    started,      // to begin: the holder will know a code
    verified,     // to check: the claimant holds the identity
    refused,      // for good
    wrong_code,   // to check: another try is allowed
    busy,         // later, perhaps
    unavailable,  // no answer that can be understood; never a proof
  };
  Verdict verdict = Verdict::unavailable;
  std::string reason;  // printable ASCII, for people; from the verifier, or what went wrong
};

// The body of the POST: holds the code.
Result<Secret> write_question(const WebhookQuestion& question);
// The value of Ringway-Signature: "t=<seconds>,v1=<HMAC-SHA256 of "<seconds>.<body>" in hexadecimal>".
std::string sign(const Secret& key, std::uint64_t seconds, std::string_view body);
WebhookAnswer read_answer(const WebhookQuestion& question, long http_status, std::string_view body);

}  // namespace ringway::enrolld
