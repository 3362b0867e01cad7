// A URI of SIP (RFC 3261 §19.1): sip and sips in their parts, tel (RFC 3966) as number and parameters, any
// other as its scheme and the rest. Parts stay as they were written, escapes too: a proxy passes on what it
// has read, and "%00" is no end of anything. Who compares, compares with equivalent().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reload/result.hpp"
#include "sip-usage/message/parameters.hpp"

namespace ringway::sip {

inline constexpr std::size_t k_max_uri_bytes = 4096;

struct Uri {
  std::string scheme;                   // in lower case
  std::string user;                     // of sip and sips, empty when there is none; the number of tel
  std::optional<std::string> password;  // of sip and sips
  std::string host;                     // of sip and sips; an IPv6 address has no brackets here
  std::optional<std::uint16_t> port;
  Parameters parameters;           // of sip, sips and tel
  std::vector<Parameter> headers;  // of sip and sips: what follows "?"
  std::string opaque;              // of any other scheme: what follows ":"

  static Result<Uri> parse(std::string_view text);
  std::string print() const;

  bool is_sip() const { return scheme == "sip" || scheme == "sips"; }
  bool is_tel() const { return scheme == "tel"; }
  bool has_loose_routing() const { return parameters.has("lr"); }  // §16.12
  std::string user_unescaped() const;                              // may hold any octet, NUL too
};

// The rules of RFC 3261 §19.1.4 for sip and sips, those of RFC 3966 §4 for tel; other URIs are compared as
// text. It is symmetric and not transitive: an unknown parameter that only one of two has is ignored.
bool equivalent(const Uri& a, const Uri& b);

// Each escape of two hexadecimal digits becomes its octet, once (RFC 3986 §2.4: never twice).
std::string unescaped(std::string_view text);
// Escapes whatever a user part may not have as it is.
std::string escaped_user(std::string_view user);

}  // namespace ringway::sip
