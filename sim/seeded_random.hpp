// Random numbers of a simulation: the same seed gives the same numbers on every machine.
#pragma once

#include <cstdint>
#include <string_view>

#include "reload/random.hpp"

namespace ringway::sim {

class SeededRandom : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  // A stream of its own for each purpose, so that one more draw in one place does not change all others.
  SeededRandom(std::uint64_t seed, std::string_view purpose, std::uint64_t number = 0);

  // SplitMix64 (Steele, Lea, Flood 2014): as good as a simulation needs, in eight bytes. Each peer has two of
  // these, and the engines of <random> with 64 bits of output take 2,500 bytes.
  std::uint64_t next() override {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
  }
  // Uniform in [low, high].
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
  }
  bool chance(double probability) { return static_cast<double>(next() >> 11U) * 0x1.0p-53 < probability; }

 private:
  std::uint64_t state_;
};

}  // namespace ringway::sim
