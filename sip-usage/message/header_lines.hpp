// The octets of a message before their meaning: start line, header fields with folded lines joined, and where
// the body begins (RFC 3261 §7). Datagrams and streams are cut here, in one way, and strictly: only CRLF ends
// a line, so that no two readers of a message can see different header fields.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reload/result.hpp"

namespace ringway::sip {

inline constexpr std::size_t k_max_message_bytes =
    65'535;  // §18.1.1: what every element must take from a datagram
inline constexpr std::size_t k_max_header_bytes = 32'768;  // start line and header fields
inline constexpr std::size_t k_max_header_fields = 256;

struct HeaderField {
  std::string name;   // the long form of a compact one; otherwise as written
  std::string value;  // unfolded, without white space at its ends
  bool operator==(const HeaderField&) const = default;
};

struct HeaderLines {
  std::string start_line;
  std::vector<HeaderField> fields;
  std::size_t body_at = 0;  // behind the empty line
};

// How many octets the start line and the header fields take with the empty line behind them; nothing while
// that has not come.
std::optional<std::size_t> header_size_bytes(std::string_view octets);
// `octets` begin with a start line. CRLFs in front of it are the caller's to pass over (§7.5).
Result<HeaderLines> read_header_lines(std::string_view octets);

// "v" is "Via" (§7.3.3, RFC 6665 §8.2 and others); other names stay.
std::string_view long_form(std::string_view name);

}  // namespace ringway::sip
