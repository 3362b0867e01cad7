// Spreads the frames of a window over a round trip (RFC 9002 §7.7), so that a queue on the way does not get
// all of them at once. A few may go together: the start of a window as large as the first one.
#pragma once

#include <cstddef>

#include "reload/time.hpp"

namespace ringway::link {

class Pacer {
 public:
  Pacer();
  // A quarter faster than the window asks for, twice as fast in slow start: the window decides, not this.
  void set_rate(MonoTime now, std::size_t window_frames, Duration round_trip, bool in_slow_start);
  bool may_send(MonoTime now) const { return tokens_at(now) >= 1; }
  void sent(MonoTime now);
  MonoTime next(MonoTime now) const;  // when one may be sent

 private:
  double tokens_at(MonoTime now) const;

  double tokens_;
  double tokens_per_ms_;
  MonoTime at_{};  // of tokens_
};

}  // namespace ringway::link
