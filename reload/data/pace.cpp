#include "reload/data/pace.hpp"

#include <algorithm>
#include <cmath>

namespace ringway::data {

bool Pace::is_open(MonoTime now) {
  if (rate_ == 0) return true;
  const double seconds = static_cast<double>((now - at_).count()) / 1000;
  left_ = std::min(rate_, left_ + rate_ * seconds);
  at_ = now;
  return left_ > 0;
}

MonoTime Pace::opens_at() const {
  if (rate_ == 0 || left_ > 0) return at_;
  // A byte more than is owed, rounded up, or it would not be open yet.
  return at_ + Duration{static_cast<std::int64_t>(std::floor((1 - left_) * 1000 / rate_)) + 1};
}

}  // namespace ringway::data
