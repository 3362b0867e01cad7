// The identifiers of RELOAD and the arithmetic of the ring.
//
// Node-ID and Resource-ID share one space of 2^128 points (RFC 6940 §10.1: CHORD-RELOAD; AMB-42 accepts 16
// bytes only).
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "reload/bytes.hpp"

namespace ringway {

inline constexpr std::size_t k_node_id_size_bytes = 16;
inline constexpr std::size_t k_ring_bits = 128;

// A point on the ring: big-endian, compared as an unsigned number.
struct RingId {
  std::array<std::uint8_t, k_node_id_size_bytes> bytes{};

  // As two machine words, the more significant one first: points are compared for every message, many times.
  constexpr std::uint64_t high() const { return word(0); }
  constexpr std::uint64_t low() const { return word(8); }

  bool operator==(const RingId&) const = default;
  constexpr std::strong_ordering operator<=>(const RingId& other) const {
    return high() == other.high() ? low() <=> other.low() : high() <=> other.high();
  }
  BytesView view() const { return bytes; }
  std::string hex() const { return to_hex(bytes); }

 private:
  constexpr std::uint64_t word(std::size_t at) const {
    return std::uint64_t{bytes[at]} << 56U | std::uint64_t{bytes[at + 1]} << 48U |
           std::uint64_t{bytes[at + 2]} << 40U | std::uint64_t{bytes[at + 3]} << 32U |
           std::uint64_t{bytes[at + 4]} << 24U | std::uint64_t{bytes[at + 5]} << 16U |
           std::uint64_t{bytes[at + 6]} << 8U | std::uint64_t{bytes[at + 7]};
  }
};

// A node's name on the ring, from its certificate (RFC 6940 §11.3).
struct NodeId : RingId {
  auto operator<=>(const NodeId&) const = default;
};
inline constexpr NodeId k_no_node{};  // all-zero: never on the wire (RFC 6940 §3)
NodeId wildcard_node();               // all-ones: whoever receives it (RFC 6940 §6.1.1)

// Where values live. On the wire a Resource-ID has a length byte and up to 254 bytes; in CHORD-RELOAD it is a
// point on the ring. The decoder keeps any length; `routing/` refuses what is not 16 bytes.
struct ResourceId : RingId {
  auto operator<=>(const ResourceId&) const = default;
};

using KindId = std::uint32_t;
using TransactionId = std::uint64_t;

// (a + b) mod 2^128, (a - b) mod 2^128, and 2^exponent.
RingId ring_add(const RingId& a, const RingId& b);
RingId ring_subtract(const RingId& a, const RingId& b);
RingId ring_power_of_two(unsigned exponent);
// How far clockwise from `from` to `to`.
inline RingId ring_distance(const RingId& from, const RingId& to) { return ring_subtract(to, from); }

// x in (low, high] clockwise; (a, a] is the whole ring, as for a peer that is alone (RFC 6940 §10.1).
bool in_half_open(const RingId& x, const RingId& low, const RingId& high);
// x in (low, high) clockwise; (a, a) is the whole ring without a.
bool in_open(const RingId& x, const RingId& low, const RingId& high);

ResourceId as_resource(const RingId& id);
NodeId as_node(const RingId& id);
// The first 16 bytes; the view must have at least 16.
RingId ring_id_from(BytesView bytes);

// SHA-1. It names things here (Resource-IDs, overlays) and secures nothing.
using Sha1Digest = std::array<std::uint8_t, 20>;
Sha1Digest sha1(BytesView bytes);

// Resource-ID of a resource name: the leading 16 bytes of its SHA-1 (RFC 6940 §10.2).
ResourceId resource_id_of(BytesView name);
inline ResourceId resource_id_of(std::string_view name) { return resource_id_of(view_of(name)); }

}  // namespace ringway

template <>
struct std::hash<ringway::NodeId> {
  std::size_t operator()(const ringway::NodeId& id) const noexcept;
};
template <>
struct std::hash<ringway::ResourceId> {
  std::size_t operator()(const ringway::ResourceId& id) const noexcept;
};
