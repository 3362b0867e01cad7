#include "sip-usage/stun/binding.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "reload/link/link_id.hpp"
#include "reload/wire/codec.hpp"

namespace ringway::stun {
namespace {

// RFC 8489 §5, §14, §18.
constexpr std::uint16_t k_binding_request = 0x0001, k_binding_success = 0x0101, k_binding_error = 0x0111;
constexpr std::uint32_t k_magic_cookie = 0x2112A442;
constexpr std::size_t k_transaction_bytes = 12;
constexpr std::uint16_t k_error_code = 0x0009, k_unknown_attributes = 0x000A, k_xor_mapped_address = 0x0020;
constexpr std::uint16_t k_first_optional = 0x8000;  // what may be passed over
// What an authenticated request has: who does not ask for it does not look at it.
constexpr std::array<std::uint16_t, 6> k_known = {
    0x0006 /* USERNAME */, 0x0008 /* MESSAGE-INTEGRITY */,        0x0014 /* REALM */,
    0x0015 /* NONCE */,    0x001C /* MESSAGE-INTEGRITY-SHA256 */, 0x001E /* USERHASH */};

struct Request {
  SharedBytes transaction;
  std::vector<std::uint16_t> unknown;  // attributes that have to be understood
};

std::optional<Request> read_request(wire::Reader in) {
  const auto type = in.u16();
  const std::size_t length = in.u16();
  const auto cookie = in.u32();
  Request out{in.take(k_transaction_bytes), {}};
  if (!in.ok() || type != k_binding_request || cookie != k_magic_cookie || length != in.remaining())
    return std::nullopt;
  for (std::size_t count = 0; in.more(); ++count) {
    if (count == k_max_attributes) return std::nullopt;
    const auto attribute = in.u16();
    const std::size_t size = in.u16();
    in.take((size + 3) / 4 * 4);
    if (!in.ok()) return std::nullopt;
    if (attribute < k_first_optional &&
        std::find(k_known.begin(), k_known.end(), attribute) == k_known.end() &&
        out.unknown.size() < k_max_unknown_attributes)
      out.unknown.push_back(attribute);
  }
  return out;
}

void write_attribute(wire::Writer& out, std::uint16_t type, BytesView value) {
  out.u16(type);
  out.opaque(2, value);
  for (std::size_t size = value.size(); size % 4 != 0; ++size) out.u8(0);
}

Bytes message(std::uint16_t type, const Request& request, const wire::Writer& attributes) {
  wire::Writer out;
  out.u16(type);
  out.u16(static_cast<std::uint16_t>(attributes.size()));
  out.u32(k_magic_cookie);
  out.raw(request.transaction);
  out.raw(attributes.bytes());
  return out.take();
}

// §14.2.
std::optional<Bytes> xor_mapped(const Request& request, std::string_view address, std::uint16_t port) {
  const bool is_ipv6 = address.find(':') != std::string_view::npos;
  const std::string host(address);
  wire::IpAddressPort at;
  if (!link::parse_address((is_ipv6 ? '[' + host + ']' : host) + ':' + std::to_string(port), at))
    return std::nullopt;
  wire::Writer mask;
  mask.u32(k_magic_cookie);
  mask.raw(request.transaction);
  wire::Writer out;
  out.u8(0);
  out.u8(is_ipv6 ? 2 : 1);
  out.u16(static_cast<std::uint16_t>(port ^ (k_magic_cookie >> 16U)));
  for (std::size_t index = 0; index < (is_ipv6 ? 16U : 4U); ++index)
    out.u8(static_cast<std::uint8_t>(at.address.at(index) ^ mask.bytes()[index]));
  return out.take();
}

// §14.8, §14.9.
Bytes refuse_unknown(const Request& request) {
  wire::Writer code, names, attributes;
  code.u32(4U << 8U | 20U);
  code.raw(view_of(std::string_view("Unknown Attribute")));
  for (const auto each : request.unknown) names.u16(each);
  write_attribute(attributes, k_error_code, code.bytes());
  write_attribute(attributes, k_unknown_attributes, names.bytes());
  return message(k_binding_error, request, attributes);
}

}  // namespace

bool is_stun(BytesView datagram) { return !datagram.empty() && datagram[0] <= 1; }

std::optional<Bytes> answer(BytesView request, std::string_view address, std::uint16_t port) {
  if (request.size() > k_max_request_bytes) return std::nullopt;
  const auto read = read_request(wire::Reader(SharedBytes::borrow(request)));
  if (!read) return std::nullopt;
  if (!read->unknown.empty()) return refuse_unknown(*read);
  const auto mapped = xor_mapped(*read, address, port);
  if (!mapped) return std::nullopt;
  wire::Writer attributes;
  write_attribute(attributes, k_xor_mapped_address, *mapped);
  return message(k_binding_success, *read, attributes);
}

}  // namespace ringway::stun
