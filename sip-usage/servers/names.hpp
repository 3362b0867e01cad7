// What is asked of DNS and what it answers, as values: the records that lead to a SIP server (RFC 3263 §4).
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "reload/result.hpp"

namespace ringway::sip::servers {

enum class RecordType : std::uint8_t { a, aaaa, srv, naptr };

struct Question {
  std::string name;  // in lower case, without a dot at its end
  RecordType type = RecordType::a;
  auto operator<=>(const Question&) const = default;
};

using Addresses = std::vector<std::string>;  // numeric, of IPv6 without brackets
// RFC 2782.
struct Srv {
  std::uint16_t priority = 0;
  std::uint16_t weight = 0;
  std::uint16_t port = 0;
  std::string target;
};
// RFC 3403 §4.1.
struct Naptr {
  std::uint16_t order = 0;
  std::uint16_t preference = 0;
  std::string flags;
  std::string services;
  std::string regexp;
  std::string replacement;
};
// Empty: there is no such name, or it has no such records. A Failure: nobody knows.
using Records = std::variant<Addresses, std::vector<Srv>, std::vector<Naptr>>;
using Answer = Result<Records>;

// As questions have it. Nothing: no name of hosts or services (letters, digits, "-" and "_", RFC 1035 §2.3.4
// and RFC 2782); "." is none either.
std::optional<std::string> to_name(std::string_view text);

// An address, not a name.
bool is_numeric(std::string_view host);

}  // namespace ringway::sip::servers
