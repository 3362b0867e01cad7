// A value of Via (RFC 3261 §20.42; received and rport: §18.2.1 and RFC 3581): where a message came through,
// and what tells a transaction from others.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reload/result.hpp"
#include "sip-usage/message/parameters.hpp"

namespace ringway::sip {

inline constexpr std::string_view k_magic_cookie = "z9hG4bK";  // §8.1.1.7

struct Via {
  std::string transport;  // as written: UDP, TCP, TLS, WS, WSS or another's
  std::string host;       // sent-by; an IPv6 address has no brackets here
  std::optional<std::uint16_t> port;
  Parameters parameters;

  static Result<Via> parse(std::string_view text);
  std::string print() const;

  std::string_view branch() const { return parameters.value("branch"); }
  // Does the branch tell transactions apart by itself? A cookie with nothing behind it does not (RFC 4475
  // §3.2.1).
  bool has_transaction_id() const;
  std::string sent_by() const;  // host and port as written, in lower case
  std::string_view received() const { return parameters.value("received"); }
  bool asks_for_rport() const { return parameters.has("rport"); }
  std::optional<std::uint16_t> rport() const;
  // Notes where the request really came from: `received` when sent-by is not that address, and both when it
  // asks for rport (RFC 3581 §4).
  void note_source(std::string_view address, std::uint16_t source_port);
};

Result<std::vector<Via>> parse_via_list(std::string_view line);

// Where an answer goes when it goes by datagram, or when the connection of its request is gone (§18.2.2, RFC
// 3581 §4).
struct ResponseTarget {
  std::string host;  // perhaps a name: what maddr and sent-by say may be one
  std::uint16_t port = 0;
  bool operator==(const ResponseTarget&) const = default;
};
ResponseTarget response_target(const Via& top);

// An address to which no response may be sent (RFC 4475 §3.3.10): IPv4 broadcast and multicast, IPv6
// multicast.
bool is_for_many(std::string_view host);

}  // namespace ringway::sip
