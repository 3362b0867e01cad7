// The clocks of a running peer. Actors ask a Clock, so that tests can set the time.
#pragma once

#include "reload/time.hpp"

namespace ringway::actors {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Now now() const = 0;
};

class SystemClock : public Clock {
 public:
  Now now() const override;
};

}  // namespace ringway::actors
