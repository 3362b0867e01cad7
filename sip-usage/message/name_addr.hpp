// A URI with a display name and parameters: the values of From, To, Contact, Route, Record-Route, Path (RFC
// 3261 §20.10, §25.1: name-addr and addr-spec).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reload/result.hpp"
#include "sip-usage/message/uri.hpp"

namespace ringway::sip {

struct NameAddr {
  std::string display_name;  // as written: a quoted string or tokens, or nothing
  Uri uri;
  Parameters parameters;  // of the header field, not of the URI

  // What is between two commas.
  static Result<NameAddr> parse(std::string_view text);
  std::string print() const;  // always with <>

  std::string_view tag() const {
    return parameters.value("tag");
  }  // of From and To; empty when there is none

  // Of Contact. Values that cannot be used count as not there (RFC 3261 §20.10; RFC 4475 §3.1.2.4).
  std::optional<std::uint32_t> expires_s() const;
  unsigned q_thousandths() const;  // 1000 when it does not say (§16.6 step 2: the highest)
  std::string instance_id()
      const;  // +sip.instance (RFC 5626 §4.1) without its quotes; empty when there is none
  std::optional<std::uint32_t> reg_id() const;  // RFC 5626 §4.2; never 0
};

// The values of one or more header fields whose lines are these.
Result<std::vector<NameAddr>> parse_name_addr_list(std::string_view line);

}  // namespace ringway::sip
