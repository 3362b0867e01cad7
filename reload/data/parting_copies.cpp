#include "reload/data/parting_copies.hpp"

#include <algorithm>

#include "reload/data/replica_rules.hpp"

namespace ringway::data {

void PartingCopies::taken(const Now& now, const topology::RingView& view, const NodeId& sender) {
  std::erase_if(partings_, [&](const Parting& one) { return one.sender == sender || one.until <= now.mono; });
  if (partings_.size() >= k_most_partings) partings_.erase(partings_.begin());
  partings_.push_back({sender, parting_range(view), now.mono + k_parting_is_kept});
}

bool PartingCopies::keeps(const Now& now, const ResourceId& resource) const {
  return std::any_of(partings_.begin(), partings_.end(), [&](const Parting& one) {
    return now.mono < one.until && in_half_open(resource, one.span.after, one.span.up_to);
  });
}

}  // namespace ringway::data
