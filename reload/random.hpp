// The source of random bits, injected: the peer's is the system's (OpenSSL), the simulator's is seeded.
#pragma once

#include <cstdint>

namespace ringway {

class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;  // 64 uniformly random bits
  // Uniform in [0, bound); bound > 0. (The bias of a 64-bit modulo is of no account for timers and choices.)
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
};

}  // namespace ringway
