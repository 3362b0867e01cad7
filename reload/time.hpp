// Time as the protocol sees it. Nothing in reload/ reads a clock: whoever drives a component passes `Now` in.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace ringway {

using Duration = std::chrono::milliseconds;

// Monotonic milliseconds since an arbitrary start; for timers and timeouts.
struct MonoTime {
  std::int64_t ms = 0;
  auto operator<=>(const MonoTime&) const = default;
};
inline MonoTime operator+(MonoTime at, Duration d) { return {at.ms + d.count()}; }
inline MonoTime operator-(MonoTime at, Duration d) { return {at.ms - d.count()}; }
inline Duration operator-(MonoTime a, MonoTime b) { return Duration{a.ms - b.ms}; }

// Wall clock, milliseconds since 1970-01-01 UTC as in storage_time (RFC 6940 §7); for lifetimes and
// certificates.
using WallMs = std::uint64_t;

struct Now {
  MonoTime mono;
  WallMs wall_ms = 0;
};

}  // namespace ringway
