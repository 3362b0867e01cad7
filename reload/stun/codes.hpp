// The numbers of STUN (RFC 8489 §18) and of TURN (RFC 8656 §18), as far as Ringway reads or writes them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ringway::stun {

inline constexpr std::uint32_t k_magic_cookie = 0x2112A442;
inline constexpr std::size_t k_header_size_bytes = 20;
inline constexpr std::size_t k_transaction_size_bytes = 12;

enum class Class : std::uint8_t { request = 0, indication = 1, success = 2, error = 3 };

enum class Method : std::uint16_t {
  binding = 0x001,
  allocate = 0x003,
  refresh = 0x004,
  send = 0x006,
  data = 0x007,
  create_permission = 0x008,
  channel_bind = 0x009,
};

enum class Attribute : std::uint16_t {
  mapped_address = 0x0001,
  username = 0x0006,
  message_integrity = 0x0008,
  error_code = 0x0009,
  unknown_attributes = 0x000A,
  channel_number = 0x000C,
  lifetime = 0x000D,
  xor_peer_address = 0x0012,
  data = 0x0013,
  realm = 0x0014,
  nonce = 0x0015,
  xor_relayed_address = 0x0016,
  requested_address_family = 0x0017,
  even_port = 0x0018,
  requested_transport = 0x0019,
  dont_fragment = 0x001A,
  message_integrity_sha256 = 0x001C,
  password_algorithm = 0x001D,
  userhash = 0x001E,
  xor_mapped_address = 0x0020,
  reservation_token = 0x0022,
  priority = 0x0024,
  use_candidate = 0x0025,
  // From here on, who does not know it may pass over it (RFC 8489 §14).
  additional_address_family = 0x8000,
  address_error_code = 0x8001,
  password_algorithms = 0x8002,
  icmp = 0x8004,
  software = 0x8022,
  alternate_server = 0x8023,
  fingerprint = 0x8028,
  ice_controlled = 0x8029,
  ice_controlling = 0x802A,
};
constexpr bool must_be_understood(std::uint16_t attribute) { return attribute < 0x8000; }

enum class ErrorCode : std::uint16_t {
  try_alternate = 300,
  bad_request = 400,
  unauthenticated = 401,
  forbidden = 403,
  unknown_attribute = 420,
  allocation_mismatch = 437,
  stale_nonce = 438,
  address_family_not_supported = 440,
  wrong_credentials = 441,
  unsupported_transport_protocol = 442,
  peer_address_family_mismatch = 443,
  allocation_quota_reached = 486,
  server_error = 500,
  insufficient_capacity = 508,
};

}  // namespace ringway::stun
