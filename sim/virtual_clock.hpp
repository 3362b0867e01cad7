// Virtual time: nothing passes but by running the next event. Events at the same microsecond run in the order
// in which they were asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "reload/time.hpp"

namespace ringway::sim {

class VirtualClock {
 public:
  using Event = std::function<void()>;

  explicit VirtualClock(WallMs start_wall_ms) : start_wall_ms_(start_wall_ms) {}

  std::int64_t now_us() const { return now_us_; }
  Now now() const;

  void at_us(std::int64_t time_us, Event event);
  void after_us(std::int64_t delay_us, Event event) { at_us(now_us_ + delay_us, std::move(event)); }
  // At the first microsecond of that monotonic millisecond, or now if it has passed.
  void at(MonoTime time, Event event) { at_us(time.ms * 1000, std::move(event)); }

  std::optional<std::int64_t> next_event_us() const;
  // Moves to the next event and runs it; false when there is none at or before `limit_us`, and then the time
  // is `limit_us`.
  bool run_next(std::int64_t limit_us);
  std::uint64_t events_run() const { return events_run_; }
  // For so many events there is room.
  std::size_t capacity() const { return agenda_.capacity(); }

 private:
  struct Entry {
    std::int64_t time_us;
    std::uint64_t order;
    Event event;
    bool operator<(const Entry& other) const {  // a heap's top is the greatest
      return time_us != other.time_us ? time_us > other.time_us : order > other.order;
    }
  };

  static std::size_t room_for(std::size_t events) { return events + events / 8 + 64; }
  void give_back_room();

  WallMs start_wall_ms_;
  std::int64_t now_us_ = 0;
  std::uint64_t next_order_ = 0;
  std::uint64_t events_run_ = 0;
  std::vector<Entry> agenda_;  // a heap: the next one is first
};

}  // namespace ringway::sim
