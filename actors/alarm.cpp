#include "actors/alarm.hpp"

#include <algorithm>

namespace ringway::actors {

void Alarm::set(MonoTime now, std::optional<MonoTime> deadline) {
  if (!deadline || (due_ && *due_ <= *deadline)) return;
  due_ = deadline;
  // At least a millisecond: a deadline that has passed must not turn into a busy loop.
  schedule_(std::max(*deadline - now, Duration{1}), ++generation_);
}

bool Alarm::rang(std::uint64_t generation) {
  if (generation != generation_) return false;
  due_.reset();
  return true;
}

}  // namespace ringway::actors
