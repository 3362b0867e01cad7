// How many frames may be on their way at once: NewReno as RFC 9002 §7 has it for QUIC, whose packets are like
// these frames (each transmission has a number of its own), counted in frames. RFC 8085 §3.1 asks for such a
// control of whoever sends much over UDP. As TCP Veno has it (Fu and Liew, IEEE JSAC 2003), a loss while
// hardly anything is queued on the way takes a fifth of the window instead of half: a path that loses frames
// without being full (radio) is not asked for less than it can carry.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace ringway::link {

// What an acknowledgement's `received` can report (RFC 6940 §6.6.2).
inline constexpr std::size_t k_max_window_frames = 32;
inline constexpr std::size_t k_initial_window_frames = 10;  // RFC 6928
inline constexpr std::size_t k_min_window_frames = 2;       // RFC 9002 §7.2
inline constexpr std::size_t k_few_queued_frames = 3;       // fewer are no queue: Veno's beta

class CongestionWindow {
 public:
  std::size_t frames() const { return frames_; }
  bool in_slow_start() const { return frames_ < threshold_; }

  // A frame was acknowledged. `was_limiting`: nothing but the window held further frames back; one that is
  // not used up says nothing about the path (RFC 9002 §7.8).
  void acknowledged(std::uint32_t sequence, bool was_limiting);
  // A frame was lost; frames from `next_sequence` on are sent with what this makes of the window. Of all that
  // are lost before those, the first one counts. `queued_frames`: how many of the window seem to wait
  // somewhere.
  void lost(std::uint32_t sequence, std::uint32_t next_sequence, std::size_t queued_frames);
  // Nothing came back for a whole RTO (RFC 5681 §3.1): everything begins anew.
  void timed_out(std::size_t in_flight, std::uint32_t next_sequence);
  // Nothing was sent for longer than an RTO (RFC 5681 §4.1).
  void idled();

 private:
  bool before_recovery(std::uint32_t sequence) const;

  std::size_t frames_ = k_initial_window_frames;
  std::size_t threshold_ = k_max_window_frames;  // of slow start
  std::size_t acknowledged_ = 0;                 // since the window grew last
  std::optional<std::uint32_t> recovery_until_;  // the first frame that was sent after the latest loss
};

}  // namespace ringway::link
