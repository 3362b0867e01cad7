// A SIP message (RFC 3261 §7) as a value: what routes it and what identifies it in types of their own, all
// else as it came. Reading one is parse.hpp, making one from another builders.hpp.
//
// Only what the elements of this overlay act upon is typed. The other header fields keep their names, values
// and order, so that a proxy passes on what it does not understand (§16.6), and a body is octets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sip-usage/message/header_lines.hpp"
#include "sip-usage/message/name_addr.hpp"
#include "sip-usage/message/via.hpp"

namespace ringway::sip {

inline constexpr std::size_t k_max_vias = 100;  // Max-Forwards begins at 70 (§8.1.1.6)
inline constexpr std::size_t k_max_routes = 100;
inline constexpr std::size_t k_max_contacts = 64;

struct RequestLine {
  std::string method;  // methods are compared with case (§7.1)
  Uri uri;
};

struct StatusLine {
  unsigned status = 0;  // 100 to 699
  std::string reason;
};

struct CSeq {
  std::uint32_t number = 0;  // below 2^31 (§8.1.1.5)
  std::string method;
  bool operator==(const CSeq&) const = default;
};

// An Event header field's value (RFC 6665 §8.2.1).
struct Event {
  std::string package;
  std::string id;  // empty when there is none
};

struct Message {
  std::variant<RequestLine, StatusLine> start;
  std::vector<Via> vias;  // the top one first
  std::vector<NameAddr> routes, record_routes;
  NameAddr from, to;
  std::string call_id;
  CSeq cseq;
  std::optional<std::uint8_t> max_forwards;
  std::vector<NameAddr> contacts;
  bool contact_is_any = false;      // "Contact: *" (§10.2.2)
  std::vector<HeaderField> fields;  // all others, but Content-Length, which the body's size says
  std::string body;
  std::size_t received_bytes = 0;  // what it took on the wire, of one that was parsed

  bool is_request() const { return std::holds_alternative<RequestLine>(start); }
  // The request's method; of a response, that of the request it answers.
  const std::string& method() const {
    return is_request() ? std::get<RequestLine>(start).method : cseq.method;
  }
  const Uri& request_uri() const { return std::get<RequestLine>(start).uri; }  // of a request
  Uri& request_uri() { return std::get<RequestLine>(start).uri; }
  unsigned status() const { return std::get<StatusLine>(start).status; }  // of a response
  const std::string& reason() const { return std::get<StatusLine>(start).reason; }

  // The other header fields. Names are compared without case; compact forms have been made long ones.
  const std::string* field(std::string_view name) const;  // the first of that name
  std::vector<std::string_view> values(
      std::string_view name) const;  // of all fields of that name, split at commas
  bool lists(std::string_view name, std::string_view token) const;  // among values(name), without case
  void set_field(std::string_view name, std::string value);         // in place of all of that name
  void add_field(std::string_view name, std::string value);         // behind the others
  void remove_field(std::string_view name);

  // Expires (§20.19); nothing when it is not there or cannot be used, so that the default holds (RFC 4475
  // §3.1.2.4).
  std::optional<std::uint32_t> expires_s() const;
  std::optional<Event> event() const;
  // Path and Service-Route (RFC 3327, RFC 3608), and whatever else has addresses: nothing when one is
  // malformed.
  std::optional<std::vector<NameAddr>> addresses(std::string_view name) const;

  // As octets, with a Content-Length (RFC 3261 §20.14 wants one on streams, and it does no harm elsewhere).
  std::string print() const;
};

// The reason phrase that RFC 3261 §21 and others have for a status.
std::string_view reason_phrase(unsigned status);

}  // namespace ringway::sip
