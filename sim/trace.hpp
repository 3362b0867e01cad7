// A running hash (FNV-1a) over everything observable that happens in a simulation. Two runs with one seed
// have the same; signatures are random and stay out of it, and so do sizes that depend on them.
#pragma once

#include <cstdint>

#include "reload/bytes.hpp"

namespace ringway::sim {

class Trace {
 public:
  void note(std::uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8) byte(static_cast<std::uint8_t>(number >> shift));
    ++notes_;
  }
  void note(BytesView bytes) {
    for (const std::uint8_t b : bytes) byte(b);
    note(bytes.size());
  }
  std::uint64_t hash() const { return hash_; }
  std::uint64_t notes() const { return notes_; }

 private:
  void byte(std::uint8_t b) { hash_ = (hash_ ^ b) * 0x100000001B3ULL; }

  std::uint64_t hash_ = 0xCBF29CE484222325ULL;
  std::uint64_t notes_ = 0;
};

}  // namespace ringway::sim
