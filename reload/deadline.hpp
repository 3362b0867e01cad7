// A moment that something is to happen at, or none: std::optional<MonoTime> in half of its space. A peer has
// some twenty of these, a simulation very many peers.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "reload/time.hpp"

namespace ringway {

class Deadline {
 public:
  Deadline() = default;
  Deadline(MonoTime at) : at_(at) {}             // NOLINT(google-explicit-constructor): as std::optional
  Deadline(const std::optional<MonoTime>& at) {  // NOLINT(google-explicit-constructor): the same value
    if (at) at_ = *at;
  }
  explicit operator bool() const { return at_ != k_none; }
  const MonoTime& operator*() const { return at_; }
  void reset() { at_ = k_none; }

 private:
  // No clock shows it: that of the system counts up from its start, the simulator's from 0.
  static constexpr MonoTime k_none{std::numeric_limits<std::int64_t>::min()};
  MonoTime at_ = k_none;
};

// The sooner one of two; the other one when there is only that.
inline Deadline sooner(Deadline a, Deadline b) {
  if (!a) return b;
  return b && *b < *a ? b : a;
}

}  // namespace ringway
