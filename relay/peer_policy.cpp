#include "relay/peer_policy.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <string>

namespace ringway::relay {
namespace {

bool bit_of(const stun::IpAddress& ip, std::size_t bit) {
  return (ip.octets.at(bit / 8) >> (7 - bit % 8) & 1U) != 0;
}

// The registries of special addresses (RFC 6890), less those for documentation, which nobody routes.
constexpr std::array<std::string_view, 22> k_denied = {
    "0.0.0.0/8",      "10.0.0.0/8",   "100.64.0.0/10",  "127.0.0.0/8",   "169.254.0.0/16",
    "172.16.0.0/12",  "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4",
    "240.0.0.0/4",    "::/96",        "::ffff:0:0/96",
    "64:ff9b::/96",                 // a translator would send it on to the IPv4 address inside (RFC 6052),
    "64:ff9b:1::/48",               // to a private one too (RFC 8215);
    "2001::/32",      "2002::/16",  // tunnels to the IPv4 address inside
    "100::/64",       "fc00::/7",     "fe80::/10",      "fec0::/10",     "ff00::/8"};

// On a socket of IPv6 the system takes the mapped ones for the IPv4 address inside: nobody but a relay of
// IPv4 sends there.
constexpr std::array<std::string_view, 6> k_no_host = {"0.0.0.0/8", "224.0.0.0/4",   "255.255.255.255",
                                                       "::/128",    "::ffff:0:0/96", "ff00::/8"};
constexpr std::array<std::string_view, 2> k_loopback = {"127.0.0.0/8", "::1/128"};

template <std::size_t count>
std::vector<AddressRange> ranges_of(const std::array<std::string_view, count>& texts) {
  std::vector<AddressRange> out;
  for (const auto text : texts) out.push_back(range_of(text).value());
  return out;
}

const AddressRange* range_in(const std::vector<AddressRange>& ranges, const stun::IpAddress& ip) {
  const auto found =
      std::find_if(ranges.begin(), ranges.end(), [&ip](const auto& range) { return range.contains(ip); });
  return found == ranges.end() ? nullptr : &*found;
}

const AddressRange* loopback_of(const stun::IpAddress& ip) {
  static const auto ranges = ranges_of(k_loopback);
  return range_in(ranges, ip);
}

}  // namespace

bool AddressRange::contains(const stun::IpAddress& ip) const {
  if (ip.family != base.family) return false;
  const std::size_t whole = prefix_bits / 8;
  if (!std::equal(ip.octets.begin(), ip.octets.begin() + static_cast<std::ptrdiff_t>(whole),
                  base.octets.begin()))
    return false;
  if (prefix_bits % 8 == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xFF00U >> prefix_bits % 8);
  return (ip.octets.at(whole) & mask) == (base.octets.at(whole) & mask);
}

Result<AddressRange> range_of(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto base = stun::address_of(text.substr(0, slash), 0);
  if (!base) return Failure{"'" + std::string(text) + "' does not begin with an address of IPv4 or IPv6"};
  AddressRange out{base->ip, static_cast<unsigned>(8 * base->ip.size_bytes())};
  if (slash != std::string_view::npos) {
    const auto digits = text.substr(slash + 1);
    unsigned bits = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc{} || end != digits.data() + digits.size() || bits > out.prefix_bits)
      return Failure{"'" + std::string(text) + "' has no count of bits from 0 to " +
                     std::to_string(out.prefix_bits) + " after its '/'"};
    out.prefix_bits = bits;
  }
  for (std::size_t bit = out.prefix_bits; bit < 8 * out.base.size_bytes(); ++bit)
    if (bit_of(out.base, bit)) return Failure{"'" + std::string(text) + "' has bits set behind its prefix"};
  return out;
}

const std::vector<AddressRange>& ranges_denied_by_default() {
  static const auto ranges = ranges_of(k_denied);
  return ranges;
}

bool is_no_host(const stun::IpAddress& ip) {
  static const auto ranges = ranges_of(k_no_host);
  return range_in(ranges, ip) != nullptr;
}

bool PeerPolicy::permits(const stun::IpAddress& ip) const {
  if (is_no_host(ip)) return false;
  if (const auto* loopback = loopback_of(ip))
    return std::any_of(allowed_.begin(), allowed_.end(), [&ip, loopback](const AddressRange& range) {
      return range.prefix_bits >= loopback->prefix_bits && range.contains(ip);
    });
  return range_in(allowed_, ip) != nullptr || range_in(denied_, ip) == nullptr;
}

}  // namespace ringway::relay
