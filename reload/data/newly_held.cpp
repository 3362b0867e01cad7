#include "reload/data/newly_held.hpp"

#include <algorithm>
#include <utility>

#include "reload/data/ring_changes.hpp"

namespace ringway::data {

void NewlyHeld::ring_changed(const Now& now, const topology::RingView& before,
                             const topology::RingView& after) {
  std::erase_if(ranges_, [&](const Range& one) { return one.until <= now.mono; });
  // Who is alone has nobody to ask.
  if (!after.joined || after.alone()) {
    if (before.joined && !before.alone()) lost_others_ = true;
    return ranges_.clear();
  }
  const bool comes_back = std::exchange(lost_others_, false);
  if (!before.joined || comes_back) return add(now, held_range(after));
  if (before.alone()) return;
  const RingId old_end = held_range(before).after, new_end = held_range(after).after;
  if (old_end == new_end || in_open(new_end, old_end, after.self)) return;  // not wider
  add(now, {new_end, old_end});
}

void NewlyHeld::add(const Now& now, const Span& span) {
  const bool too_many = ranges_.size() >= k_max_newly_held;
  if (too_many) ranges_.clear();
  ranges_.push_back({too_many ? Span{} : span, now.mono + lasts_});
}

bool NewlyHeld::may_lack(const Now& now, const ResourceId& resource) const {
  return std::any_of(ranges_.begin(), ranges_.end(), [&](const Range& one) {
    return one.until > now.mono && in_half_open(resource, one.span.after, one.span.up_to);
  });
}

}  // namespace ringway::data
