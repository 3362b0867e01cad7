// The forwarding header (RFC 6940 §6.3.2): all that a forwarder reads. The body behind it is never touched
// here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/wire/codec.hpp"
#include "reload/wire/destination.hpp"

namespace ringway::wire {

inline constexpr std::uint32_t k_reload_token = 0xD2454C4F;  // "RELO" with the first bit set
inline constexpr std::uint8_t k_reload_version = 0x0A;       // RFC 6940: version 1.0
inline constexpr std::size_t k_fixed_header_size_bytes = 38;
inline constexpr std::uint32_t k_fragment_always = 0x80000000;
inline constexpr std::uint32_t k_fragment_last = 0x40000000;
inline constexpr std::uint32_t k_fragment_offset_mask = 0x00FFFFFF;
inline constexpr std::uint32_t k_whole_message = k_fragment_always | k_fragment_last;

// A received list is refused from here on, so that a forwarder can always add entries to what it received.
inline constexpr std::size_t k_max_received_list_size_bytes = 0xFFFF - 1024;

struct ForwardingOption {
  std::uint8_t type = 0;  // 0 and 255 are refused (RFC 6940 §14.12)
  std::uint8_t flags = 0;
  Bytes value;
  bool operator==(const ForwardingOption&) const = default;
};

struct ForwardingHeader {
  std::uint32_t overlay = 0;  // last 4 bytes of SHA-1(overlay name)
  std::uint16_t configuration_sequence = 0;
  std::uint8_t version = k_reload_version;
  std::uint8_t ttl = 100;
  std::uint32_t fragment = k_whole_message;
  std::uint32_t length = 0;  // header and what follows, of this fragment; encode_message() fills it
  TransactionId transaction_id = 0;
  std::uint32_t max_response_length = 0;
  DestinationList via_list;
  DestinationList destination_list;
  std::vector<ForwardingOption> options;
  bool operator==(const ForwardingHeader&) const = default;

  bool is_last_fragment() const { return (fragment & k_fragment_last) != 0; }
  std::uint32_t fragment_offset() const { return fragment & k_fragment_offset_mask; }
  bool is_whole() const { return is_last_fragment() && fragment_offset() == 0; }
};

// Why a header was not accepted; routing/ answers each as RFC 6940 §6.1 asks.
enum class HeaderFault {
  not_reload,     // too short for the fixed part, or the token is foreign: discard
  wrong_version,  // Incompatible_with_Overlay
  malformed,      // lengths disagree, a list does not parse, a fragment bit is wrong: Invalid_Message
};
struct HeaderFailure {
  HeaderFault fault;
  std::string reason;
  std::size_t offset = 0;
  // For wrong_version, when the rest reads as version 1.0 does: enough to answer along its via list.
  std::optional<ForwardingHeader> header = std::nullopt;
};

struct ParsedHeader {
  ForwardingHeader header;
  std::size_t size_bytes = 0;  // where MessageContents (or this fragment of it) starts
};

// Reads the header of one received message or fragment. `length` must be bytes.size(). Checks token, version,
// fragment bits, list syntax, resource entries only at the end of the destination list (RFC 6940 §6.3.2.2),
// option types. Does not check overlay, ttl or configuration sequence: those are routing's.
Result<ParsedHeader, HeaderFailure> parse_header(BytesView message);

// The header at the start of a message that is not all there, because it is too long to be taken in (RFC 6940
// §6.6): `length` is not checked against anything. A header that has not yet arrived whole is `malformed`.
Result<ParsedHeader, HeaderFailure> peek_header(BytesView start_of_message);

std::size_t header_size_bytes(const ForwardingHeader& header);
// Whether each list fits its 16-bit length. True for a parsed header with up to 1024 bytes added to a list.
bool is_encodable(const ForwardingHeader& header);
// Header bytes for a payload of `payload_size_bytes`; header.length is computed, not read. The header must be
// encodable.
Bytes encode_header(const ForwardingHeader& header, std::size_t payload_size_bytes);

// The `overlay` field of an overlay's name.
std::uint32_t overlay_hash(std::string_view overlay_name);

}  // namespace ringway::wire
