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
  explicit Meter(std::uint64_t bytes_per_s) : bytes_per_s_(bytes_per_s), tokens_(bytes_per_s) {}

  bool take(MonoTime now, std::size_t bytes) {
    if (bytes_per_s_ == 0) return true;
    const auto elapsed_ms = std::clamp<std::int64_t>(now.ms - refilled_.ms, 0, 1000);
    const auto more = bytes_per_s_ * static_cast<std::uint64_t>(elapsed_ms) / 1000;
    // What is less than a byte a millisecond adds up: the time stands still until there is something to add.
    if (more != 0) {
      tokens_ = std::min(bytes_per_s_, tokens_ + more);
      refilled_ = now;
    }
    if (tokens_ < bytes) return false;
    tokens_ -= bytes;
    return true;
  }

 private:
  std::uint64_t bytes_per_s_;
  std::uint64_t tokens_;
  MonoTime refilled_{};
};

}  // namespace ringway::relay
