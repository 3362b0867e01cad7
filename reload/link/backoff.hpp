// How long to wait before trying again: grows with each failure, with jitter, so that peers which lost the
// same neighbour do not all come back at once. Waiting itself is the driver's job.
#pragma once

#include "reload/random.hpp"
#include "reload/time.hpp"

namespace ringway::link {

// Exponential with full jitter: the n-th wait is uniform in [minimum, minimum * 2^n], never above maximum.
class Backoff {
 public:
  Backoff(Duration minimum, Duration maximum);

  // The wait before the next try; the one after it may be twice as long.
  Duration next(Random& random);
  // Something worked: start from the minimum again.
  void reset() { ceiling_ = first_ceiling(); }

 private:
  Duration first_ceiling() const;

  Duration minimum_;
  Duration maximum_;
  Duration ceiling_;
};

}  // namespace ringway::link
