// The sender of RFC 6940 §6.6.3.1: one message at a time. For overlays on fast networks and for those that
// want the RFC's own algorithm; windowed_sender.hpp is the faster one.
#pragma once

#include <deque>
#include <optional>

#include "reload/link/reliability/sender.hpp"

namespace ringway::link {

class StopAndWaitSender : public Sender {
 public:
  struct Settings {
    std::optional<Duration> static_rto = std::nullopt;        // none: estimated (RFC 6298)
    std::optional<Duration> first_round_trip = std::nullopt;  // measured before, by the handshake
  };
  explicit StopAndWaitSender(const Settings& settings);

  void enqueue(SharedBytes message) override { waiting_.push_back(std::move(message)); }
  std::size_t room() const override { return k_max_waiting_frames - waiting_.size(); }
  std::optional<wire::DataFrame> poll(MonoTime now) override;
  void acknowledged(MonoTime now, const wire::AckFrame& ack) override;
  std::optional<MonoTime> next_deadline(MonoTime now) const override;
  bool suspected() const override { return suspected_; }
  bool failed() const override { return failed_; }
  const RoundTripEstimator& round_trip() const override { return estimator_; }
  const SenderCounters& counters() const override { return counters_; }
  std::size_t unacknowledged() const override { return current_ ? 1 : 0; }
  bool idle() const override { return !current_ && waiting_.empty(); }

 private:
  // The message that waits for its acknowledgement.
  struct Current {
    SharedBytes message;
    unsigned transmissions = 0;
    std::uint32_t first_sequence = 0;
    Duration wait{0};
    MonoTime due;  // for the next transmission, or for giving up
  };
  wire::DataFrame transmit(MonoTime now);

  const std::optional<Duration> static_rto_;
  RoundTripEstimator estimator_;
  std::deque<SharedBytes> waiting_;
  std::optional<Current> current_;
  MonoTime not_before_{};
  // When the latest frames were sent, ending at next_sequence_ - 1; none where it was acknowledged.
  std::deque<std::optional<MonoTime>> sent_;
  std::uint32_t next_sequence_ = 0;
  bool suspected_ = false;
  bool failed_ = false;
  SenderCounters counters_;
};

}  // namespace ringway::link
