// How many datagrams may wait for the control path: of all, of one source, and of those that have no
// allocation here. So a flood of strangers leaves places for who has one, and nobody takes all of the
// strangers' places.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "reload/stun/address.hpp"

namespace ringway::net::relay {

inline constexpr std::size_t k_max_control_bytes = 2048;  // of one message
inline constexpr std::size_t k_max_control_waiting = 1024;
inline constexpr std::size_t k_max_control_of_strangers = 768;
inline constexpr std::size_t k_max_control_of_source = 32;  // an IPv4 address, an IPv6 network of 64 bits

class ControlPlaces {
 public:
  explicit ControlPlaces(std::uint64_t hash_seed) : hash_seed_(hash_seed) {}

  // By one thread.
  bool take(const stun::IpAddress& source, bool has_allocation) {
    auto& of_source = bucket(source);
    if (waiting_.load(std::memory_order_relaxed) >=
            (has_allocation ? k_max_control_waiting : k_max_control_of_strangers) ||
        of_source.load(std::memory_order_relaxed) >= k_max_control_of_source)
      return false;
    waiting_.fetch_add(1, std::memory_order_relaxed);
    of_source.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  // By any.
  void give_back(const stun::IpAddress& source, std::size_t count) {
    waiting_.fetch_sub(count, std::memory_order_relaxed);
    bucket(source).fetch_sub(static_cast<std::uint32_t>(count), std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint32_t>& bucket(stun::IpAddress source) {
    if (source.family == stun::Family::ipv6) std::fill(source.octets.begin() + 8, source.octets.end(), 0);
    return of_source_[stun::hash_of(source, hash_seed_) % of_source_.size()];
  }

  std::uint64_t hash_seed_;
  std::atomic<std::size_t> waiting_{0};
  std::array<std::atomic<std::uint32_t>, 4096> of_source_{};  // shared by a hash that nobody else can compute
};

}  // namespace ringway::net::relay
