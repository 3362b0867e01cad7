#include "sim/check/swaps.hpp"

namespace ringway::sim {

std::optional<std::string> Swaps::acknowledged(const std::string& key, const Swap& swap,
                                               std::int64_t now_ms) {
  auto& known = keys_[key];
  const std::string what = key + " was written with generation " + std::to_string(swap.expected) +
                           " to compare, and became generation " + std::to_string(swap.generation);
  const bool is_first_of_it = known.expected.insert(swap.expected).second;
  auto& times = known.acknowledged_ms;
  if (!times.emplace(swap.generation, now_ms).second) return what + ", twice";
  if (!is_first_of_it)
    return what + " after another had replaced generation " + std::to_string(swap.expected);
  for (auto later = times.upper_bound(swap.generation); later != times.end(); ++later)
    if (later->second < swap.begun_ms)
      return what + " after generation " + std::to_string(later->first) + " had been acknowledged";
  return std::nullopt;
}

}  // namespace ringway::sim
