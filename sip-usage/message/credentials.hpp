// Digest authentication as header fields (RFC 3261 §22.4, RFC 8760): what a challenge asks and what
// credentials answer. Computing and comparing digests is the registrar's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reload/result.hpp"
#include "sip-usage/message/message.hpp"

namespace ringway::sip {

// Values without their quotes; empty when a parameter is not there.
struct Credentials {  // Authorization, Proxy-Authorization
  std::string username, realm, nonce, uri, response, algorithm, cnonce, opaque, qop, nonce_count;

  static Result<Credentials> parse(std::string_view value);
  std::string print() const;
};

struct Challenge {  // WWW-Authenticate, Proxy-Authenticate
  std::string realm, nonce, opaque, algorithm, qop;
  bool stale = false;

  static Result<Challenge> parse(std::string_view value);
  std::string print() const;
};

inline constexpr std::size_t k_max_credentials = 16;  // of one message that are looked at

// Those of a message that are Digest and can be read; other schemes are passed over (RFC 4475 §3.3.7).
std::vector<Credentials> credentials(const Message& message, std::string_view field_name);
std::vector<Challenge> challenges(const Message& message, std::string_view field_name);

}  // namespace ringway::sip
