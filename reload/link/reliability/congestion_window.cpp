#include "reload/link/reliability/congestion_window.hpp"

#include <algorithm>

namespace ringway::link {

namespace {
// So far behind, the end of a recovery is forgotten before the sequence space comes around to it.
constexpr std::uint32_t k_forgotten_after = 1U << 20;
}  // namespace

// Counted around the end of the sequence space.
bool CongestionWindow::before_recovery(std::uint32_t sequence) const {
  return recovery_until_ && static_cast<std::int32_t>(sequence - *recovery_until_) < 0;
}

void CongestionWindow::acknowledged(std::uint32_t sequence, bool was_limiting) {
  if (before_recovery(sequence)) return;
  if (recovery_until_ && sequence - *recovery_until_ > k_forgotten_after) recovery_until_.reset();
  if (!was_limiting || frames_ >= k_max_window_frames) return;
  ++acknowledged_;
  if (!in_slow_start() && acknowledged_ < frames_) return;
  acknowledged_ = 0;
  ++frames_;
}

void CongestionWindow::lost(std::uint32_t sequence, std::uint32_t next_sequence, std::size_t queued_frames) {
  if (before_recovery(sequence)) return;
  recovery_until_ = next_sequence;
  const std::size_t kept = queued_frames < k_few_queued_frames ? frames_ * 4 / 5 : frames_ / 2;
  frames_ = std::max(kept, k_min_window_frames);
  threshold_ = frames_;
  acknowledged_ = 0;
}

void CongestionWindow::timed_out(std::size_t in_flight, std::uint32_t next_sequence) {
  threshold_ = std::max(in_flight / 2, k_min_window_frames);
  frames_ = 1;
  acknowledged_ = 0;
  recovery_until_ = next_sequence;
}

void CongestionWindow::idled() { frames_ = std::min(frames_, k_initial_window_frames); }

}  // namespace ringway::link
