#include "reload/discovery/announcement.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <string>

#include "reload/wire/codec.hpp"

namespace ringway::discovery {
namespace {

constexpr std::uint32_t k_magic = 0x52574431;  // "RWD1"
constexpr std::uint8_t k_announces = 1;
constexpr std::uint8_t k_asks = 2;

}  // namespace

OverlayTag overlay_tag(std::string_view overlay_name) {
  std::string lower(overlay_name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(lower.data()), lower.size(), digest.data());
  OverlayTag tag{};
  std::copy_n(digest.begin(), tag.size(), tag.begin());
  return tag;
}

Bytes encode(const Announcement& announcement) {
  wire::Writer addresses;
  const std::size_t count = std::min(announcement.addresses.size(), k_max_announced_addresses);
  for (std::size_t i = 0; i < count; ++i) write(addresses, announcement.addresses[i]);
  wire::Writer out;
  out.u32(k_magic);
  out.u8(announcement.asks ? k_asks : k_announces);
  out.raw(BytesView(announcement.overlay));
  out.opaque(2, addresses.bytes());
  return out.take();
}

Result<Announcement> decode(SharedBytes datagram) {
  if (datagram.size() > k_max_datagram_size_bytes) return Failure{"longer than 512 bytes"};
  wire::Reader in(std::move(datagram));
  Announcement out;
  if (in.u32() != k_magic) in.fail("not an announcement of this version");
  const std::uint8_t kind = in.u8();
  if (kind != k_announces && kind != k_asks) in.fail("neither an announcement nor a question");
  out.asks = kind == k_asks;
  const SharedBytes tag = in.take(out.overlay.size());
  if (tag.size() == out.overlay.size())
    std::copy_n(tag.view().begin(), out.overlay.size(), out.overlay.begin());
  wire::Reader addresses = in.vector(2);
  while (addresses.more()) {
    if (out.addresses.size() == k_max_announced_addresses) {
      addresses.fail("more than 8 addresses");
      break;
    }
    auto& address = out.addresses.emplace_back();
    read(addresses, address);
    if (address.type != wire::AddressType::ipv4 && address.type != wire::AddressType::ipv6)
      addresses.fail("neither an IPv4 nor an IPv6 address");
  }
  in.finish(addresses);
  if (in.ok() && !in.at_end()) in.fail("more than an announcement");
  if (!in.ok()) return in.failure();
  return out;
}

bool is_loopback(const wire::IpAddressPort& address) {
  const auto& bytes = address.address;
  if (address.type == wire::AddressType::ipv4) return bytes[0] == 127;
  return std::all_of(bytes.begin(), bytes.end() - 1, [](std::uint8_t b) { return b == 0; }) && bytes[15] == 1;
}

bool can_be_a_peer(const wire::IpAddressPort& address) {
  if (address.port == 0) return false;
  const auto& bytes = address.address;
  if (address.type == wire::AddressType::ipv4) return bytes[0] != 0 && bytes[0] < 224;
  if (address.type != wire::AddressType::ipv6) return false;
  const bool link_local = bytes[0] == 0xfe && (bytes[1] & 0xc0U) == 0x80;
  const bool unspecified = std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
  // An IPv4 address in IPv6's clothes comes as an IPv4 address or not at all.
  const bool mapped = std::all_of(bytes.begin(), bytes.begin() + 10, [](std::uint8_t b) { return b == 0; }) &&
                      bytes[10] == 0xff && bytes[11] == 0xff;
  return bytes[0] != 0xff && !link_local && !unspecified && !mapped;
}

}  // namespace ringway::discovery
