// The sending side of Simple Reliability (RFC 6940 §6.6.3), which the RFC leaves to each implementation: what
// all senders have in common. Time is passed in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "reload/link/framed_link.hpp"
#include "reload/time.hpp"
#include "reload/wire/frame.hpp"

namespace ringway::link {

// Frames that wait for their first transmission. What comes beyond waits where it was, which has a bound too.
inline constexpr std::size_t k_max_waiting_frames = 256;
// A message that was sent so often (and, when acknowledgements of others still come, for so long) without an
// acknowledgement ends the connection (RFC 6940 §6.6.3.1).
inline constexpr unsigned k_max_transmissions = 5;
inline constexpr Duration k_max_message_lifetime{15'000};  // nobody waits longer for an answer (§6.2.1)

struct SenderCounters {
  std::uint64_t transmissions = 0;
  std::uint64_t retransmissions = 0;  // of these
  std::uint64_t timeouts = 0;         // of the RTO
  std::uint64_t spurious = 0;         // taken for lost, and then acknowledged
  std::uint64_t never_sent = 0;       // acknowledgements of frames that have not been sent
};

class Sender {
 public:
  virtual ~Sender() = default;

  // Behind those that wait. Call it only while there is room().
  virtual void enqueue(SharedBytes message) = 0;
  virtual std::size_t room() const = 0;
  // The next frame to be sent now; to be asked until there is none: after each input and at next_deadline().
  virtual std::optional<wire::DataFrame> poll(MonoTime now) = 0;
  virtual void acknowledged(MonoTime now, const wire::AckFrame& ack) = 0;
  // When poll() may have something without further input.
  virtual std::optional<MonoTime> next_deadline(MonoTime now) const = 0;

  // No acknowledgement has come for so long that routing should go around the link (LINK-13); over when they
  // come again.
  virtual bool suspected() const = 0;
  // The connection is to be closed (LINK-12). Nothing is sent any more.
  virtual bool failed() const = 0;

  virtual const RoundTripEstimator& round_trip() const = 0;
  virtual const SenderCounters& counters() const = 0;
  virtual std::size_t unacknowledged() const = 0;  // messages that were sent
  virtual bool idle() const = 0;                   // nothing waits, nothing is unacknowledged
};

}  // namespace ringway::link
