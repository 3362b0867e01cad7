// Writes that depend on a generation (compare-and-swap), and what of them may have been acknowledged: each
// leads to a generation of its own, from one that no other was acknowledged to have compared, and none was
// begun when another had been acknowledged to a later one. Else somebody has replaced what somebody else had
// just written, without having seen it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace ringway::sim {

class Swaps {
 public:
  struct Swap {
    std::int64_t begun_ms = 0;
    std::uint64_t expected = 0;    // the generation that was compared
    std::uint64_t generation = 0;  // that it led to
  };
  // What is wrong with it.
  std::optional<std::string> acknowledged(const std::string& key, const Swap& swap, std::int64_t now_ms);
  // All who knew a generation of that key may have failed at once.
  void forget(const std::string& key) { keys_.erase(key); }
  // Two parts of the ring may each acknowledge some of the same generation.
  void forget_all() { keys_.clear(); }

 private:
  struct Known {
    std::map<std::uint64_t, std::int64_t> acknowledged_ms;  // by the generation that it led to
    std::set<std::uint64_t> expected;
  };
  std::map<std::string, Known> keys_;
};

}  // namespace ringway::sim
