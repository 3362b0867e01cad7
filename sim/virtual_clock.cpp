#include "sim/virtual_clock.hpp"

#include <algorithm>
#include <utility>

namespace ringway::sim {

Now VirtualClock::now() const {
  const std::int64_t ms = now_us_ / 1000;
  return {MonoTime{ms}, start_wall_ms_ + static_cast<WallMs>(ms)};
}

void VirtualClock::at_us(std::int64_t time_us, Event event) {
  // There is an event or two for each of very many peers: an eighth more at a time, not as much again.
  if (agenda_.size() == agenda_.capacity()) agenda_.reserve(agenda_.size() + agenda_.size() / 8 + 64);
  agenda_.push_back({std::max(time_us, now_us_), next_order_++, std::move(event)});
  std::push_heap(agenda_.begin(), agenda_.end());
}

std::optional<std::int64_t> VirtualClock::next_event_us() const {
  if (agenda_.empty()) return std::nullopt;
  return agenda_.front().time_us;
}

bool VirtualClock::run_next(std::int64_t limit_us) {
  if (agenda_.empty() || agenda_.front().time_us > limit_us) {
    now_us_ = std::max(now_us_, limit_us);
    return false;
  }
  std::pop_heap(agenda_.begin(), agenda_.end());
  const Entry entry = std::move(agenda_.back());
  agenda_.pop_back();
  now_us_ = entry.time_us;
  ++events_run_;
  entry.event();
  return true;
}

}  // namespace ringway::sim
