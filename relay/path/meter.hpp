// A token bucket in bytes: how fast somebody may send.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "reload/time.hpp"

namespace ringway::relay {

class Meter {
 public:
  // Up to a second's worth at once. A rate of zero: without limit.
  explicit Meter(std::uint64_t bytes_per_s) : bytes_per_s_(bytes_per_s), tokens_(bytes_per_s * 1000) {}

  bool take(MonoTime now, std::size_t bytes) {
    if (!has(now, bytes)) return false;
    tokens_ -= bytes_per_s_ == 0 ? 0 : std::uint64_t{bytes} * 1000;
    return true;
  }
  // Whether it would be given.
  bool has(MonoTime now, std::size_t bytes) {
    if (bytes_per_s_ == 0) return true;
    const auto elapsed_ms = std::clamp<std::int64_t>(now.ms - refilled_.ms, 0, 1000);
    tokens_ = std::min(bytes_per_s_ * 1000, tokens_ + bytes_per_s_ * static_cast<std::uint64_t>(elapsed_ms));
    refilled_ = std::max(refilled_, now);
    return tokens_ >= std::uint64_t{bytes} * 1000;
  }

 private:
  std::uint64_t bytes_per_s_;
  std::uint64_t tokens_;  // thousandths of a byte, so that what a millisecond adds has no remainder
  MonoTime refilled_{};
};

}  // namespace ringway::relay
