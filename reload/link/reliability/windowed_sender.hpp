// A sender for Simple Reliability (RFC 6940 §6.6.3) that keeps many frames on their way: up to 32, as many as
// an acknowledgement can report. Losses are found as QUIC finds them (RFC 9002 §6.1: a later frame has
// arrived, and either three or more of them, or an eighth more than a round trip has passed), since here too
// every transmission has a number of its own; a congestion window and a pacer decide how much goes out, a
// probe after two round trips finds the loss of the last frames, and the RTO of RFC 6298 is the last resort.
// Any receiver of the RFC will do. Messages may arrive in another order than they were sent, and more than
// once, as with the RFC's sender.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "reload/link/reliability/congestion_window.hpp"
#include "reload/link/reliability/pacer.hpp"
#include "reload/link/reliability/received_mask.hpp"
#include "reload/link/reliability/sender.hpp"

namespace ringway::link {

// Transmissions of which it is known when they were sent; acknowledgements of earlier ones say nothing.
inline constexpr std::size_t k_remembered_transmissions = 256;

class WindowedSender : public Sender {
 public:
  explicit WindowedSender(std::optional<Duration> first_round_trip);

  void enqueue(SharedBytes message) override { waiting_.push_back(std::move(message)); }
  std::size_t room() const override { return k_max_waiting_frames - waiting_.size(); }
  std::optional<wire::DataFrame> poll(MonoTime now) override;
  void acknowledged(MonoTime now, const wire::AckFrame& ack) override;
  std::optional<MonoTime> next_deadline(MonoTime now) const override;
  bool suspected() const override { return suspected_; }
  bool failed() const override { return failed_; }
  const RoundTripEstimator& round_trip() const override { return estimator_; }
  const SenderCounters& counters() const override { return counters_; }
  std::size_t unacknowledged() const override { return undelivered_; }
  bool idle() const override { return undelivered_ == 0 && waiting_.empty(); }

  std::size_t in_flight() const { return in_flight_; }
  const CongestionWindow& window() const { return window_; }

 private:
  struct Message {
    SharedBytes bytes;
    MonoTime first_sent;
    unsigned transmissions = 0;
    bool delivered = false;
    bool waits_again = false;
  };
  using MessagePtr = std::shared_ptr<Message>;
  enum class Fate : std::uint8_t { in_flight, lost, acknowledged };
  struct Transmission {
    MessagePtr message;
    MonoTime sent;
    Fate fate = Fate::in_flight;
  };

  void check_timers(MonoTime now);
  void timed_out(MonoTime now);
  MessagePtr next_message(MonoTime now);
  MessagePtr oldest_undelivered() const;
  bool has_something_to_send() const;
  wire::DataFrame transmit(MonoTime now, MessagePtr message);
  void forget_oldest();

  std::uint32_t oldest_sequence() const { return next_sequence_ - static_cast<std::uint32_t>(sent_.size()); }
  // Whether that is news. `measured`: the acknowledgement is the frame's own.
  bool arrived(MonoTime now, std::uint32_t sequence, bool measured);
  void find_losses(MonoTime now);
  void lose(Transmission& transmission, std::uint32_t sequence, MonoTime now);
  void send_again(const MessagePtr& message, MonoTime now);
  std::size_t queued_frames() const;

  std::optional<MonoTime> timer_from() const;
  std::optional<MonoTime> probe_at() const;
  std::optional<MonoTime> timeout_at() const;

  RoundTripEstimator estimator_;
  std::optional<Duration> shortest_round_trip_;  // ever: of the path when nothing waits there
  Duration latest_round_trip_{0};
  CongestionWindow window_;
  Pacer pacer_;
  ReceivedMask mask_;
  SenderCounters counters_;

  std::deque<SharedBytes> waiting_;  // not sent yet
  std::deque<MessagePtr> again_;     // lost; these go before those that wait
  std::deque<Transmission> sent_;    // the latest; their numbers end at next_sequence_ - 1
  std::size_t in_flight_ = 0;
  std::size_t undelivered_ = 0;
  std::uint32_t next_sequence_ = 0;
  std::uint64_t frames_sent_ = 0;

  std::optional<std::uint32_t> newest_arrived_;
  std::uint32_t reordering_frames_ = 3;  // grows when what was taken for lost had only been overtaken
  std::optional<MonoTime> loss_at_;      // when the next one counts as lost, by time
  std::optional<MonoTime> last_news_;    // the latest acknowledgement of something new
  std::optional<MonoTime> last_sent_;
  bool probed_ = false;  // since the latest news
  bool probe_due_ = false;
  unsigned timeouts_in_a_row_ = 0;
  bool suspected_ = false;
  bool failed_ = false;
};

}  // namespace ringway::link
