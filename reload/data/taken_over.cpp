#include "reload/data/taken_over.hpp"

#include <algorithm>

#include "reload/data/ring_changes.hpp"

namespace ringway::data {

void TakenOver::ring_changed(const Now& now, const topology::RingView& before,
                             const topology::RingView& after) {
  std::erase_if(ranges_, [&](const Range& one) { return one.until <= now.mono; });
  // Who is alone has nobody to ask.
  if (!after.joined || after.alone()) return ranges_.clear();
  if (!before.joined || before.alone()) return;
  const RingId old_end = own_range(before).after, new_end = own_range(after).after;
  if (old_end == new_end || in_open(new_end, old_end, after.self)) return;  // not wider
  Span span{new_end, old_end};
  if (ranges_.size() >= k_max_taken_over) {
    ranges_.clear();
    span = {after.self, after.self};
  }
  ranges_.push_back({span, now.mono + k_taken_over_for});
}

bool TakenOver::may_lack(const Now& now, const ResourceId& resource) const {
  return std::any_of(ranges_.begin(), ranges_.end(), [&](const Range& one) {
    return one.until > now.mono && in_half_open(resource, one.span.after, one.span.up_to);
  });
}

}  // namespace ringway::data
