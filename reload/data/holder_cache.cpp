#include "reload/data/holder_cache.hpp"

#include <algorithm>

namespace ringway::data {

void HolderCache::learn(MonoTime now, const Fact& fact) {
  const auto present = stretches_.find(fact.owner);
  const auto length = [&](const RingId& point) { return ring_distance(point, fact.owner); };
  if (present != stretches_.end() && fresh(present->second, now) &&
      length(fact.point) < length(present->second.point))
    return;
  if (present == stretches_.end() && stretches_.size() >= k_max_cached_owners) {
    const auto oldest =
        std::min_element(stretches_.begin(), stretches_.end(),
                         [](const auto& a, const auto& b) { return a.second.learned < b.second.learned; });
    stretches_.erase(oldest);
  }
  stretches_[fact.owner] = {fact.point, fact.ways, now};
}

std::optional<NodeId> HolderCache::owner_of(MonoTime now, const RingId& point, unsigned ways) const {
  if (stretches_.empty()) return std::nullopt;
  auto at = stretches_.lower_bound(as_node(point));
  if (at == stretches_.end()) at = stretches_.begin();  // around zero
  const auto& [owner, stretch] = *at;
  const bool inside = ring_distance(point, owner) <= ring_distance(stretch.point, owner);
  if (!inside || stretch.ways < ways || !fresh(stretch, now)) return std::nullopt;
  return owner;
}

}  // namespace ringway::data
