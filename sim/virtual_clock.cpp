#include "sim/virtual_clock.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace ringway::sim {

Now VirtualClock::now() const {
  const std::int64_t ms = now_us_ / 1000;
  return {MonoTime{ms}, start_wall_ms_ + static_cast<WallMs>(ms)};
}

void VirtualClock::at_us(std::int64_t time_us, Event event) {
  // There is an event or two for each of very many peers: an eighth more at a time, not as much again.
  if (agenda_.size() == agenda_.capacity()) agenda_.reserve(room_for(agenda_.size()));
  agenda_.push_back({std::max(time_us, now_us_), next_order_++, std::move(event)});
  std::push_heap(agenda_.begin(), agenda_.end());
}

std::optional<std::int64_t> VirtualClock::next_event_us() const {
  if (agenda_.empty()) return std::nullopt;
  return agenda_.front().time_us;
}

// What a busy time has needed is not kept through the quiet one behind it.
void VirtualClock::give_back_room() {
  if (agenda_.capacity() <= 2 * room_for(agenda_.size())) return;
  std::vector<Entry> fewer;
  fewer.reserve(room_for(agenda_.size()));
  std::move(agenda_.begin(), agenda_.end(), std::back_inserter(fewer));
  agenda_.swap(fewer);
}

bool VirtualClock::run_next(std::int64_t limit_us) {
  if (agenda_.empty() || agenda_.front().time_us > limit_us) {
    now_us_ = std::max(now_us_, limit_us);
    return false;
  }
  std::pop_heap(agenda_.begin(), agenda_.end());
  const Entry entry = std::move(agenda_.back());
  agenda_.pop_back();
  give_back_room();
  now_us_ = entry.time_us;
  ++events_run_;
  entry.event();
  return true;
}

}  // namespace ringway::sim
