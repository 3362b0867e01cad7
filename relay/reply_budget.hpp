// What is sent to addresses that nobody has proved to be at: little for one source, and in all little more
// than has come, so that a relay is no use to who forges sources (RFC 8656 §21.3.1, RFC 8489 §16.2.3). Who
// has proved it, by a nonce that was sent there, asks nobody here. One thread at a time.
#pragma once

#include <algorithm>
#include <vector>

#include "relay/path/meter.hpp"
#include "reload/stun/address.hpp"
#include "reload/time.hpp"

namespace ringway::relay {

inline constexpr std::size_t k_reply_buckets =
    4096;  // sources share them by a hash that nobody else can compute

// In bytes, with the headers of IP and UDP; zero: without limit.
struct ReplyLimits {
  std::uint64_t to_source_per_s = 6000;  // an IPv4 address, an IPv6 network of 64 bits; fifty challenges
  // What answers are longer than their requests, of all sources together: 8 Mbit/s. It is not the answers
  // themselves that count, so that who forges must send much to have others go without.
  std::uint64_t gained_per_s = 1'000'000;
  // Of that, besides: each source's own, a challenge a second, so that a flood from forged sources does not
  // lock out who comes new; 8 Mbit/s where the flood has all buckets.
  std::uint64_t gained_of_source_per_s = 256;
};

class ReplyBudget {
 public:
  ReplyBudget(std::uint64_t hash_seed, const ReplyLimits& limits)
      : hash_seed_(hash_seed),
        sources_(k_reply_buckets, Meter(limits.to_source_per_s)),
        own_gains_(k_reply_buckets, Meter(limits.gained_of_source_per_s)),
        gained_(limits.gained_per_s) {}

  bool take(MonoTime now, stun::IpAddress source, std::size_t request_bytes, std::size_t answer_bytes) {
    // Who forges a source gains nothing by it: he could have sent as much there himself.
    if (answer_bytes <= request_bytes) return true;
    const std::size_t headers_bytes = source.family == stun::Family::ipv4 ? 28 : 48;
    if (source.family == stun::Family::ipv6) std::fill(source.octets.begin() + 8, source.octets.end(), 0);
    const std::size_t index = stun::hash_of(source, hash_seed_) % k_reply_buckets;
    const std::size_t gained = answer_bytes - request_bytes;
    auto& bucket = sources_[index];
    return bucket.has(now, answer_bytes + headers_bytes) &&
           (own_gains_[index].take(now, gained) || gained_.take(now, gained)) &&
           bucket.take(now, answer_bytes + headers_bytes);
  }

 private:
  std::uint64_t hash_seed_;
  std::vector<Meter> sources_, own_gains_;
  Meter gained_;
};

}  // namespace ringway::relay
