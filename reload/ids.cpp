#include "reload/ids.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <cassert>
#include <stdexcept>

namespace ringway {
namespace {

// A point as two machine words, the more significant one first.
struct Words {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
};

void store(std::uint64_t n, std::uint8_t* bytes) {
  for (int i = 7; i >= 0; --i) {
    bytes[i] = static_cast<std::uint8_t>(n & 0xFFU);
    n >>= 8U;
  }
}

Words words_of(const RingId& id) { return {id.high(), id.low()}; }

RingId id_of(Words words) {
  RingId id;
  store(words.high, id.bytes.data());
  store(words.low, id.bytes.data() + 8);
  return id;
}

std::size_t hash_of(const RingId& id) {
  // Both halves count: a run of finger targets differs in few bits of one of them.
  const Words words = words_of(id);
  return static_cast<std::size_t>((words.high ^ (words.low >> 32U)) * 0x9E3779B97F4A7C15U ^ words.low);
}

}  // namespace

NodeId wildcard_node() {
  NodeId node;
  node.bytes.fill(0xFF);
  return node;
}

RingId ring_add(const RingId& a, const RingId& b) {
  const Words x = words_of(a);
  const Words y = words_of(b);
  const std::uint64_t low = x.low + y.low;
  const std::uint64_t carry = low < x.low ? 1 : 0;
  return id_of({x.high + y.high + carry, low});
}

RingId ring_subtract(const RingId& a, const RingId& b) {
  const Words x = words_of(a);
  const Words y = words_of(b);
  const std::uint64_t borrow = x.low < y.low ? 1 : 0;
  return id_of({x.high - y.high - borrow, x.low - y.low});
}

RingId ring_power_of_two(unsigned exponent) {
  assert(exponent < k_ring_bits);
  RingId id;
  id.bytes[k_node_id_size_bytes - 1 - exponent / 8] = static_cast<std::uint8_t>(1U << exponent % 8);
  return id;
}

// Measured clockwise from `low`, x lies before or at `high`. Distance 0 is `low` itself: the last point of
// (a, a].
bool in_half_open(const RingId& x, const RingId& low, const RingId& high) {
  if (low == high) return true;
  const RingId to_x = ring_distance(low, x);
  return to_x != RingId{} && to_x <= ring_distance(low, high);
}

bool in_open(const RingId& x, const RingId& low, const RingId& high) {
  return x != high && x != low && in_half_open(x, low, high);
}

ResourceId as_resource(const RingId& id) {
  ResourceId resource;
  resource.bytes = id.bytes;
  return resource;
}

NodeId as_node(const RingId& id) {
  NodeId node;
  node.bytes = id.bytes;
  return node;
}

RingId ring_id_from(BytesView bytes) {
  assert(bytes.size() >= k_node_id_size_bytes);
  RingId id;
  std::copy_n(bytes.begin(), k_node_id_size_bytes, id.bytes.begin());
  return id;
}

Sha1Digest sha1(BytesView bytes) {
  // Fetched once: an implicit fetch at each digest costs more than the digest.
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  Sha1Digest digest{};
  unsigned size_bytes = 0;
  if (algorithm == nullptr ||
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size_bytes, algorithm, nullptr) != 1 ||
      size_bytes != digest.size()) {
    throw std::runtime_error("this OpenSSL has no SHA-1, which RELOAD's Resource-IDs need");
  }
  return digest;
}

ResourceId resource_id_of(BytesView name) { return as_resource(ring_id_from(sha1(name))); }

}  // namespace ringway

std::size_t std::hash<ringway::NodeId>::operator()(const ringway::NodeId& id) const noexcept {
  return ringway::hash_of(id);
}
std::size_t std::hash<ringway::ResourceId>::operator()(const ringway::ResourceId& id) const noexcept {
  return ringway::hash_of(id);
}
