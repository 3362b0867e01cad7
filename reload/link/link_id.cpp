#include "reload/link/link_id.hpp"

#include <openssl/asn1.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <charconv>
#include <memory>

namespace ringway::link {

namespace {

constexpr std::size_t k_ipv4_size_bytes = 4;
constexpr std::size_t k_ipv6_size_bytes = 16;
constexpr std::size_t k_ipv6_groups = 8;
constexpr std::size_t k_max_host_length = 45;  // "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"

std::string ipv4_text(const wire::IpAddressPort& address) {
  std::string text;
  for (std::size_t i = 0; i < k_ipv4_size_bytes; ++i) {
    if (i > 0) text += '.';
    text += std::to_string(address.address[i]);
  }
  return text;
}

// The longest run of two or more zero groups, the first one of equals (RFC 5952 §4.2).
struct ZeroRun {
  std::size_t start = k_ipv6_groups;
  std::size_t length = 1;
};
ZeroRun longest_zero_run(const std::array<unsigned, k_ipv6_groups>& groups) {
  ZeroRun best;
  for (std::size_t start = 0; start < k_ipv6_groups; ++start) {
    std::size_t end = start;
    while (end < k_ipv6_groups && groups[end] == 0) ++end;
    if (end - start > best.length) best = {start, end - start};
  }
  return best;
}

std::string ipv6_text(const wire::IpAddressPort& address) {
  std::array<unsigned, k_ipv6_groups> groups{};
  for (std::size_t i = 0; i < k_ipv6_groups; ++i)
    groups[i] = static_cast<unsigned>(address.address[2 * i] << 8 | address.address[2 * i + 1]);
  const ZeroRun zeros = longest_zero_run(groups);
  std::string text;
  for (std::size_t i = 0; i < k_ipv6_groups;) {
    if (i == zeros.start) {
      text += "::";
      i += zeros.length;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    std::array<char, 4> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), groups[i], 16).ptr;
    text.append(digits.data(), end);
    ++i;
  }
  return text;
}

bool parse_port(std::string_view text, std::uint16_t& port) {
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, port);
  return parsed.ec == std::errc{} && parsed.ptr == end;
}

bool parse_host(std::string_view text, wire::AddressType type, wire::IpAddressPort& out) {
  // libcrypto's reader takes blanks and signs too; an address has neither.
  const std::string_view allowed =
      type == wire::AddressType::ipv4 ? "0123456789." : "0123456789abcdefABCDEF:.";
  if (text.empty() || text.size() > k_max_host_length ||
      text.find_first_not_of(allowed) != std::string_view::npos)
    return false;
  const std::unique_ptr<ASN1_OCTET_STRING, decltype(&ASN1_OCTET_STRING_free)> octets(
      a2i_IPADDRESS(std::string(text).c_str()), &ASN1_OCTET_STRING_free);
  const std::size_t wanted = type == wire::AddressType::ipv4 ? k_ipv4_size_bytes : k_ipv6_size_bytes;
  if (!octets || static_cast<std::size_t>(ASN1_STRING_length(octets.get())) != wanted) return false;
  const auto* const data = ASN1_STRING_get0_data(octets.get());
  out.type = type;
  out.address = {};
  std::copy(data, data + wanted, out.address.begin());
  return true;
}

}  // namespace

std::string to_text(const wire::IpAddressPort& address) {
  const std::string port = ":" + std::to_string(address.port);
  switch (address.type) {
    case wire::AddressType::ipv4:
      return ipv4_text(address) + port;
    case wire::AddressType::ipv6:
      return "[" + ipv6_text(address) + "]" + port;
    case wire::AddressType::invalid:
      break;
  }
  return "no address";
}

bool parse_address(std::string_view text, wire::IpAddressPort& out) {
  const bool bracketed = text.starts_with('[');
  const std::size_t colon = text.rfind(bracketed ? "]:" : ":");
  if (colon == std::string_view::npos) return false;
  const std::string_view host = bracketed ? text.substr(1, colon - 1) : text.substr(0, colon);
  wire::IpAddressPort parsed;
  if (!parse_host(host, bracketed ? wire::AddressType::ipv6 : wire::AddressType::ipv4, parsed)) return false;
  if (!parse_port(text.substr(colon + (bracketed ? 2 : 1)), parsed.port)) return false;
  out = parsed;
  return true;
}

}  // namespace ringway::link
