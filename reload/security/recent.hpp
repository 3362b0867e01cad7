// A bounded memory of what was found good, by SHA-256; the least recently used is forgotten first, and so is
// what nobody has used for a while: nodes come and go for ever, and what they left behind must not pile up.
#pragma once

#include <openssl/sha.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <list>
#include <unordered_set>
#include <utility>

#include "reload/bytes.hpp"
#include "reload/time.hpp"

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
  Recent(std::size_t max_entries, WallMs most_unused_ms)
      : max_entries_(max_entries), most_unused_s_(most_unused_ms / k_second_ms) {}

  // Null when it is not remembered; good until the next call.
  const Value* find(const Sha256& key, WallMs now_ms) {
    forget_unused(now_ms);
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return nullptr;
    use(*found, now_ms);
    return &(*found)->value;
  }

  void add(const Sha256& key, Value value, WallMs now_ms) {
    forget_unused(now_ms);
    if (const auto found = by_key_.find(key); found != by_key_.end()) {
      (*found)->value = std::move(value);
      return use(*found, now_ms);
    }
    order_.push_front({key, seconds(now_ms), std::move(value)});
    by_key_.insert(order_.begin());
    if (order_.size() > max_entries_) forget_last();
  }

  void clear() {
    by_key_.clear();
    order_.clear();
  }
  std::size_t size() const { return order_.size(); }

 private:
  static constexpr WallMs k_second_ms = 1000;
  struct Entry {
    Sha256 key;
    std::uint32_t used_s;  // what there is most of is small: seconds, and four bytes of them
    Value value;
  };
  using Order = std::list<Entry>;
  using Place = typename Order::iterator;
  // The index has places, not keys: of what one peer remembers most bytes are digests.
  static const Sha256& key_of(const Sha256& key) { return key; }
  static const Sha256& key_of(const Place& place) { return place->key; }
  struct HashOfKey {
    using is_transparent = void;
    std::size_t operator()(const auto& one) const noexcept { return Sha256Hash{}(key_of(one)); }
  };
  struct SameKey {
    using is_transparent = void;
    bool operator()(const auto& one, const auto& other) const { return key_of(one) == key_of(other); }
  };

  static std::uint32_t seconds(WallMs now_ms) { return static_cast<std::uint32_t>(now_ms / k_second_ms); }
  void use(Place place, WallMs now_ms) {
    place->used_s = seconds(now_ms);
    order_.splice(order_.begin(), order_, place);
  }
  void forget_last() {
    by_key_.erase(std::prev(order_.end()));
    order_.pop_back();
  }
  // A clock that was set back forgets nothing; one that was set forward, more than it must.
  void forget_unused(WallMs now_ms) {
    while (!order_.empty() && order_.back().used_s + most_unused_s_ < seconds(now_ms)) forget_last();
  }

  std::size_t max_entries_;
  WallMs most_unused_s_;
  Order order_;
  std::unordered_set<Place, HashOfKey, SameKey> by_key_;
};

}  // namespace ringway::security
