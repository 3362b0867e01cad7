#include "reload/data/ways.hpp"

#include <algorithm>
#include <tuple>

namespace ringway::data {

std::optional<std::uint32_t> Ways::choose(Taken& taken) {
  std::optional<std::uint32_t> best;
  const auto cost = [&](std::uint32_t rank) {
    return std::tuple(ways_[rank].failures, ways_[rank].uses, rank);
  };
  for (std::uint32_t rank = 0; rank < count_; ++rank)
    if (!taken.test(rank) && (!best || cost(rank) < cost(*best))) best = rank;
  if (!best) return std::nullopt;
  taken.set(*best);
  ++ways_[*best].uses;
  return best;
}

void Ways::end_at(std::uint32_t count) { count_ = std::min(count_, count); }

}  // namespace ringway::data
