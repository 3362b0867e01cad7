// A bounded memory of what was found good, by SHA-256; the least recently used is forgotten first.
#pragma once

#include <openssl/sha.h>

#include <array>
#include <cstring>
#include <iterator>
#include <list>
#include <unordered_set>
#include <utility>

#include "reload/bytes.hpp"

namespace ringway::security {

using Sha256 = std::array<std::uint8_t, SHA256_DIGEST_LENGTH>;

inline Sha256 sha256_of(BytesView bytes) {
  Sha256 digest;
  SHA256(bytes.data(), bytes.size(), digest.data());
  return digest;
}

struct Sha256Hash {
  std::size_t operator()(const Sha256& digest) const noexcept {
    std::size_t hash = 0;
    std::memcpy(&hash, digest.data(), sizeof hash);
    return hash;
  }
};

template <typename Value>
class Recent {
 public:
  explicit Recent(std::size_t max_entries) : max_entries_(max_entries) {}

  // Null when it is not remembered; good until the next call.
  const Value* find(const Sha256& key) {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return nullptr;
    order_.splice(order_.begin(), order_, *found);
    return &(*found)->second;
  }

  void add(const Sha256& key, Value value) {
    if (const auto found = by_key_.find(key); found != by_key_.end()) {
      (*found)->second = std::move(value);
      order_.splice(order_.begin(), order_, *found);
      return;
    }
    order_.emplace_front(key, std::move(value));
    by_key_.insert(order_.begin());
    if (order_.size() <= max_entries_) return;
    by_key_.erase(std::prev(order_.end()));
    order_.pop_back();
  }

  void clear() {
    by_key_.clear();
    order_.clear();
  }
  std::size_t size() const { return order_.size(); }

 private:
  using Order = std::list<std::pair<Sha256, Value>>;
  using Place = typename Order::iterator;
  // The index has places, not keys: of what one peer remembers most bytes are digests.
  static const Sha256& key_of(const Sha256& key) { return key; }
  static const Sha256& key_of(const Place& place) { return place->first; }
  struct HashOfKey {
    using is_transparent = void;
    std::size_t operator()(const auto& one) const noexcept { return Sha256Hash{}(key_of(one)); }
  };
  struct SameKey {
    using is_transparent = void;
    bool operator()(const auto& one, const auto& other) const { return key_of(one) == key_of(other); }
  };

  std::size_t max_entries_;
  Order order_;
  std::unordered_set<Place, HashOfKey, SameKey> by_key_;
};

}  // namespace ringway::security
