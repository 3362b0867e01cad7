// Every number of the RELOAD registries that the wire carries (RFC 6940 §14 and the extensions;
// conformance.md App. A). One place for each number; what a number means stands where it is used.
#pragma once

#include <cstdint>
#include <string_view>

namespace ringway::wire {

// RFC 6940 §14.8: odd requests, even answers (request + 1).
enum class MessageCode : std::uint16_t {
  invalid = 0x0000,
  probe_req = 0x0001,
  probe_ans = 0x0002,
  attach_req = 0x0003,
  attach_ans = 0x0004,
  store_req = 0x0007,
  store_ans = 0x0008,
  fetch_req = 0x0009,
  fetch_ans = 0x000A,
  find_req = 0x000D,
  find_ans = 0x000E,
  join_req = 0x000F,
  join_ans = 0x0010,
  leave_req = 0x0011,
  leave_ans = 0x0012,
  update_req = 0x0013,
  update_ans = 0x0014,
  route_query_req = 0x0015,
  route_query_ans = 0x0016,
  ping_req = 0x0017,
  ping_ans = 0x0018,
  stat_req = 0x0019,
  stat_ans = 0x001A,
  app_attach_req = 0x001D,
  app_attach_ans = 0x001E,
  config_update_req = 0x0021,
  config_update_ans = 0x0022,
  path_track_req = 0x0027,  // RFC 7851 §9.3
  path_track_ans = 0x0028,
  error = 0xFFFF,
};

inline constexpr std::uint16_t k_first_reserved_code = 0x8000;  // 0x8000..0xFFFE (RFC 6940 §6.3.3)

constexpr bool is_request(MessageCode code) {
  const auto number = static_cast<std::uint16_t>(code);
  return number < k_first_reserved_code && (number & 1U) == 1;
}
constexpr bool is_answer(MessageCode code) {
  const auto number = static_cast<std::uint16_t>(code);
  return code == MessageCode::error || (number != 0 && number < k_first_reserved_code && (number & 1U) == 0);
}
constexpr MessageCode answer_to(MessageCode request) {
  return static_cast<MessageCode>(static_cast<std::uint16_t>(request) + 1);
}

// RFC 6940 §14.9 and RFC 7851 §9.4.
enum class ErrorCode : std::uint16_t {
  invalid = 0x00,
  forbidden = 0x02,
  not_found = 0x03,
  request_timeout = 0x04,
  generation_counter_too_low = 0x05,
  incompatible_with_overlay = 0x06,
  unsupported_forwarding_option = 0x07,
  data_too_large = 0x08,
  data_too_old = 0x09,
  ttl_exceeded = 0x0A,
  message_too_large = 0x0B,
  unknown_kind = 0x0C,
  unknown_extension = 0x0D,
  response_too_large = 0x0E,
  config_too_old = 0x0F,
  config_too_new = 0x10,
  in_progress = 0x11,
  exp_a = 0x12,
  exp_b = 0x13,
  invalid_message = 0x14,
  underlay_destination_unreachable = 0x15,
  underlay_time_exceeded = 0x16,
  message_expired = 0x17,
  upstream_misrouting = 0x18,
  loop_detected = 0x19,
  ttl_hops_exceeded = 0x1A,
};

enum class AddressType : std::uint8_t { invalid = 0, ipv4 = 1, ipv6 = 2 };
enum class DestinationType : std::uint8_t { invalid = 0, node = 1, resource = 2, opaque = 3 };
enum class OverlayLinkType : std::uint8_t {
  invalid = 0,
  dtls_udp_sr = 1,
  dtls_udp_sr_no_ice = 3,
  tls_tcp_fh_no_ice = 4,
};
enum class CandidateType : std::uint8_t { invalid = 0, host = 1, server_reflexive = 2, relayed = 4 };
enum class FrameType : std::uint8_t { data = 128, ack = 129 };
enum class SignerIdentityType : std::uint8_t { invalid = 0, cert_hash = 1, cert_hash_node_id = 2, none = 3 };
enum class CertificateType : std::uint8_t { x509 = 0 };
enum class HashAlgorithm : std::uint8_t {
  none = 0,
  md5 = 1,
  sha1 = 2,
  sha224 = 3,
  sha256 = 4,
  sha384 = 5,
  sha512 = 6
};
enum class SignatureAlgorithm : std::uint8_t { anonymous = 0, rsa = 1, dsa = 2, ecdsa = 3 };
enum class ChordUpdateType : std::uint8_t { invalid = 0, peer_ready = 1, neighbors = 2, full = 3 };
enum class ChordLeaveType : std::uint8_t { invalid = 0, from_succ = 1, from_pred = 2 };
enum class ConfigUpdateType : std::uint8_t { invalid = 0, config = 1, kind = 2 };
enum class ProbeInformationType : std::uint8_t {
  invalid = 0,
  responsible_set = 1,
  num_resources = 2,
  uptime = 3
};
enum class DataModel : std::uint8_t { single = 1, array = 2, dictionary = 3 };  // names on the wire: by Kind

// RFC 6940 §6.3.2.3.
inline constexpr std::uint8_t k_option_forward_critical = 0x01;
inline constexpr std::uint8_t k_option_destination_critical = 0x02;
inline constexpr std::uint8_t k_option_response_copy = 0x04;

// Names as the RFC writes them ("store_req", "Error_Data_Too_Old"); "unknown" for a number without a name.
std::string_view name_of(MessageCode code);
std::string_view name_of(ErrorCode code);

}  // namespace ringway::wire
