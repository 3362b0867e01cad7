// What is sent to addresses that nobody has proved to be at: answers are little larger than requests, and few
// for one source, so that a relay is no use to who forges sources (RFC 8656 §21.3.1, RFC 8489 §16.2.3).
#pragma once

#include <vector>

#include "relay/path/meter.hpp"
#include "reload/stun/address.hpp"
#include "reload/time.hpp"

namespace ringway::relay {

inline constexpr std::uint64_t k_unproved_replies_per_s = 50;  // to one source, an IPv6 network of 64 bits
inline constexpr std::uint64_t k_unproved_replies_per_s_in_all = 5000;
inline constexpr std::size_t k_reply_buckets =
    4096;  // sources share them by a hash that nobody else can compute

class ReplyBudget {
 public:
  explicit ReplyBudget(std::uint64_t hash_seed)
      : hash_seed_(hash_seed),
        sources_(k_reply_buckets, Meter(k_unproved_replies_per_s)),
        all_(k_unproved_replies_per_s_in_all) {}

  bool take(MonoTime now, stun::IpAddress source) {
    if (source.family == stun::Family::ipv6) std::fill(source.octets.begin() + 8, source.octets.end(), 0);
    auto& bucket = sources_[stun::hash_of(source, hash_seed_) % sources_.size()];
    return bucket.take(now, 1) && all_.take(now, 1);
  }

 private:
  std::uint64_t hash_seed_;
  std::vector<Meter> sources_;
  Meter all_;
};

}  // namespace ringway::relay
