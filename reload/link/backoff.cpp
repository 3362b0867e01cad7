#include "reload/link/backoff.hpp"

#include <algorithm>

namespace ringway::link {

Backoff::Backoff(Duration minimum, Duration maximum)
    : minimum_(std::max(minimum, Duration{1})),
      maximum_(std::max(maximum, minimum_)),
      ceiling_(first_ceiling()) {}

Duration Backoff::first_ceiling() const { return minimum_ > maximum_ / 2 ? maximum_ : 2 * minimum_; }

Duration Backoff::next(Random& random) {
  const auto choices = static_cast<std::uint64_t>((ceiling_ - minimum_).count()) + 1;
  const Duration wait = minimum_ + Duration{static_cast<std::int64_t>(random.below(choices))};
  ceiling_ = ceiling_ > maximum_ / 2 ? maximum_ : 2 * ceiling_;
  return wait;
}

}  // namespace ringway::link
