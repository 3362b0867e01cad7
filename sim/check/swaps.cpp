#include "sim/check/swaps.hpp"

namespace ringway::sim {

std::optional<std::string> Swaps::acknowledged(const std::string& key, const Swap& swap,
                                               std::int64_t now_ms) {
  auto& known = keys_[key];
  const std::string what = key + " was written with a generation to compare, and became generation " +
                           std::to_string(swap.generation);
  if (!known.emplace(swap.generation, now_ms).second) return what + ", twice";
  for (auto later = known.upper_bound(swap.generation); later != known.end(); ++later)
    if (later->second < swap.begun_ms)
      return what + " after generation " + std::to_string(later->first) + " had been acknowledged";
  return std::nullopt;
}

}  // namespace ringway::sim
