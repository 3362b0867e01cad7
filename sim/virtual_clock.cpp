#include "sim/virtual_clock.hpp"

#include <algorithm>
#include <utility>

namespace ringway::sim {

Now VirtualClock::now() const {
  const std::int64_t ms = now_us_ / 1000;
  return {MonoTime{ms}, start_wall_ms_ + static_cast<WallMs>(ms)};
}

void VirtualClock::at_us(std::int64_t time_us, Event event) {
  agenda_.push({std::max(time_us, now_us_), next_order_++, std::move(event)});
}

std::optional<std::int64_t> VirtualClock::next_event_us() const {
  if (agenda_.empty()) return std::nullopt;
  return agenda_.top().time_us;
}

bool VirtualClock::run_next(std::int64_t limit_us) {
  if (agenda_.empty() || agenda_.top().time_us > limit_us) {
    now_us_ = std::max(now_us_, limit_us);
    return false;
  }
  // The queue offers its top as const only; it is removed before anything else looks at it.
  Entry entry = std::move(const_cast<Entry&>(agenda_.top()));
  agenda_.pop();
  now_us_ = entry.time_us;
  ++events_run_;
  entry.event();
  return true;
}

}  // namespace ringway::sim
