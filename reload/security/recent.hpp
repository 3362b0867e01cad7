// A bounded memory of what was found good, by SHA-256; the least recently used is forgotten first.
#pragma once

#include <openssl/sha.h>

#include <array>
#include <cstring>
#include <list>
#include <unordered_map>

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
    order_.splice(order_.begin(), order_, found->second);
    return &found->second->second;
  }

  void add(const Sha256& key, Value value) {
    if (const auto found = by_key_.find(key); found != by_key_.end()) {
      found->second->second = std::move(value);
      order_.splice(order_.begin(), order_, found->second);
      return;
    }
    order_.emplace_front(key, std::move(value));
    by_key_.emplace(key, order_.begin());
    if (order_.size() <= max_entries_) return;
    by_key_.erase(order_.back().first);
    order_.pop_back();
  }

  void clear() {
    by_key_.clear();
    order_.clear();
  }
  std::size_t size() const { return order_.size(); }

 private:
  using Order = std::list<std::pair<Sha256, Value>>;
  std::size_t max_entries_;
  Order order_;
  std::unordered_map<Sha256, typename Order::iterator, Sha256Hash> by_key_;
};

}  // namespace ringway::security
