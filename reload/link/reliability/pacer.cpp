#include "reload/link/reliability/pacer.hpp"

#include <algorithm>
#include <cmath>

#include "reload/link/framed_link.hpp"
#include "reload/link/reliability/congestion_window.hpp"

namespace ringway::link {

namespace {
constexpr double k_burst = static_cast<double>(k_initial_window_frames);
constexpr double k_gain = 1.25;
constexpr double k_slow_start_gain = 2;
}  // namespace

// Before a round trip is known the first window goes at once, and what follows as if an RTO were one.
Pacer::Pacer() : tokens_(k_burst), tokens_per_ms_(k_burst / static_cast<double>(k_initial_rto.count())) {}

double Pacer::tokens_at(MonoTime now) const {
  const auto elapsed_ms = static_cast<double>(std::max<std::int64_t>(now.ms - at_.ms, 0));
  return std::min(k_burst, tokens_ + elapsed_ms * tokens_per_ms_);
}

void Pacer::set_rate(MonoTime now, std::size_t window_frames, Duration round_trip, bool in_slow_start) {
  tokens_ = tokens_at(now);
  at_ = now;
  const auto round_trip_ms = static_cast<double>(std::max<std::int64_t>(round_trip.count(), 1));
  const double gain = in_slow_start ? k_slow_start_gain : k_gain;
  tokens_per_ms_ = gain * static_cast<double>(window_frames) / round_trip_ms;
}

void Pacer::sent(MonoTime now) {
  // Retransmissions that a timer asks for do not wait for a token, but they take one.
  tokens_ = std::max(tokens_at(now) - 1, -1.0);
  at_ = now;
}

MonoTime Pacer::next(MonoTime now) const {
  const double missing = 1 - tokens_at(now);
  if (missing <= 0) return now;
  return now + Duration{std::max<std::int64_t>(1, std::llround(std::ceil(missing / tokens_per_ms_)))};
}

}  // namespace ringway::link
