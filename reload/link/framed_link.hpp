// One reliable framed link (TLS over TCP with the framing header, RFC 6940 §6.6.2, §6.6.5) without its
// socket: cuts the byte stream into frames, acknowledges, measures round trips, and tells when the other side
// has gone quiet. Links over datagrams have their own beside this one (reliability/); both look the same to
// routing.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/result.hpp"
#include "reload/time.hpp"
#include "reload/wire/frame.hpp"

namespace ringway::link {

inline constexpr Duration k_initial_rto{500};
inline constexpr Duration k_min_rto{500};
inline constexpr Duration k_max_rto{60'000};
inline constexpr Duration k_quiet_link_grace{30'000};  // held after being suspected (RFC 6940 §6.6.5)
inline constexpr std::size_t k_max_unacknowledged = 65536;

// Round-trip estimation of RFC 6298 §2; the timeout is rounded up to the millisecond, not to the second
// (RFC 6940 §6.6.3.1).
class RoundTripEstimator {
 public:
  void sample(Duration round_trip);
  Duration rto() const { return rto_; }
  std::optional<Duration> smoothed() const;

 private:
  // Finer than what is measured: in whole milliseconds the averages would stop short of their goal.
  std::optional<std::chrono::microseconds> smoothed_;
  std::chrono::microseconds variation_{0};
  Duration rto_ = k_initial_rto;
};

// The latest 32 sequence numbers received, as an acknowledgement reports them (LINK-05, AMB-13).
class ReceivedWindow {
 public:
  wire::AckFrame note(std::uint32_t sequence);
  bool holds(std::uint32_t sequence) const;  // it is one of them

 private:
  std::deque<std::uint32_t> latest_;  // oldest first, at most 32
};

class FramedLink {
 public:
  explicit FramedLink(std::size_t max_message_size_bytes) : splitter_(max_message_size_bytes) {}

  // The frame prefix to send before `message_size_bytes` bytes of message.
  Bytes send(MonoTime now, std::size_t message_size_bytes);
  // False while k_max_unacknowledged frames wait: whoever sends on is given up at once.
  bool may_send() const { return in_flight_.size() < k_max_unacknowledged; }

  struct Arrived {
    std::vector<SharedBytes> messages;
    Bytes acknowledgements;  // to be written back at once
    // The stream has broken after these messages: handle them, then close.
    std::optional<Failure> broken;
  };
  // Bytes of the stream. A failure means: close (bad framing, or a message above the limit).
  Result<Arrived> receive(MonoTime now, BytesView bytes);
  // Of messages that arrive (a new configuration document).
  void set_max_message_size_bytes(std::size_t size_bytes) {
    splitter_.set_max_message_size_bytes(size_bytes);
  }
  // Reading goes on after we had stopped it ourselves: that time says nothing about the other side.
  void reading_resumed(MonoTime now);

  // Suspected: a frame waits, and for a whole RTO there has been no acknowledgement (LINK-15). Routing stops
  // using the link; it is trusted again when acknowledgements resume, and given up after the grace period.
  bool suspected(MonoTime now) const;
  bool given_up(MonoTime now) const;
  // When suspected() or given_up() may change next without further input.
  std::optional<MonoTime> next_deadline(MonoTime now) const;
  const RoundTripEstimator& round_trip() const { return estimator_; }
  std::size_t unacknowledged() const { return in_flight_.size(); }

 private:
  void acknowledged(MonoTime now, const wire::AckFrame& ack);
  std::optional<MonoTime> suspicion_at() const;

  wire::FrameSplitter splitter_;
  ReceivedWindow window_;
  RoundTripEstimator estimator_;
  std::deque<MonoTime> in_flight_;      // when each was sent; the sequence numbers end at next_sequence_ - 1
  std::optional<MonoTime> timer_from_;  // the latest acknowledgement of something new, or resumption
  std::optional<MonoTime> resumed_;     // what was sent before is no measure of the round trip
  std::uint32_t next_sequence_ = 0;
};

}  // namespace ringway::link
