// Random numbers of a simulation: the same seed gives the same numbers on every machine.
#pragma once

#include <cstdint>
#include <random>
#include <string_view>

#include "reload/random.hpp"

namespace ringway::sim {

class SeededRandom : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  // A stream of its own for each purpose, so that one more draw in one place does not change all others.
  SeededRandom(std::uint64_t seed, std::string_view purpose, std::uint64_t number = 0);

  std::uint64_t next() override { return engine_(); }
  // Uniform in [low, high].
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
  }
  bool chance(double probability) { return static_cast<double>(next() >> 11U) * 0x1.0p-53 < probability; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace ringway::sim
