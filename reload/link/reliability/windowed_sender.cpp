#include "reload/link/reliability/windowed_sender.hpp"

#include <algorithm>
#include <utility>

namespace ringway::link {

namespace {
constexpr std::uint32_t k_max_reordering_frames = 16;
constexpr Duration k_clock_granularity{1};
constexpr Duration k_probe_margin{10};
// As many RTOs without any acknowledgement, each twice as long as the one before: 1.5 s, before anybody
// repeats a request end to end (RFC 6940 §6.2.1); 15.5 s, as a message of §6.6.3.1 has.
constexpr unsigned k_suspicious_timeouts = 2;

std::optional<MonoTime> sooner(std::optional<MonoTime> a, std::optional<MonoTime> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}
}  // namespace

WindowedSender::WindowedSender(std::optional<Duration> first_round_trip) {
  if (!first_round_trip) return;
  estimator_.sample(*first_round_trip);
}

// ---- sending

std::optional<wire::DataFrame> WindowedSender::poll(MonoTime now) {
  if (!failed_) check_timers(now);
  if (failed_) return std::nullopt;
  if (std::exchange(probe_due_, false))
    if (auto message = oldest_undelivered()) return transmit(now, std::move(message));
  if (in_flight_ >= window_.frames() || !pacer_.may_send(now)) return std::nullopt;
  auto message = next_message(now);
  if (!message) return std::nullopt;
  return transmit(now, std::move(message));
}

WindowedSender::MessagePtr WindowedSender::next_message(MonoTime now) {
  while (!again_.empty()) {
    MessagePtr message = std::move(again_.front());
    again_.pop_front();
    message->waits_again = false;
    if (!message->delivered) return message;
  }
  if (waiting_.empty()) return nullptr;
  auto message = std::make_shared<Message>();
  message->bytes = std::move(waiting_.front());
  message->first_sent = now;
  waiting_.pop_front();
  ++undelivered_;
  return message;
}

WindowedSender::MessagePtr WindowedSender::oldest_undelivered() const {
  for (const auto& transmission : sent_)
    if (transmission.fate == Fate::in_flight && !transmission.message->delivered) return transmission.message;
  return nullptr;
}

wire::DataFrame WindowedSender::transmit(MonoTime now, MessagePtr message) {
  if (in_flight_ == 0 && last_sent_ && now - *last_sent_ > estimator_.rto()) window_.idled();
  if (const auto round_trip = estimator_.smoothed())
    pacer_.set_rate(now, window_.frames(), *round_trip, window_.in_slow_start());
  pacer_.sent(now);
  last_sent_ = now;
  ++counters_.transmissions;
  if (++message->transmissions > 1) ++counters_.retransmissions;
  wire::DataFrame frame{next_sequence_++, message->bytes};
  sent_.push_back({std::move(message), now, Fate::in_flight});
  ++in_flight_;
  ++frames_sent_;
  if (sent_.size() > k_remembered_transmissions) forget_oldest();
  return frame;
}

void WindowedSender::forget_oldest() {
  auto& oldest = sent_.front();
  if (oldest.fate == Fate::in_flight) lose(oldest, oldest_sequence(), oldest.sent);
  sent_.pop_front();
}

// ---- acknowledgements

void WindowedSender::acknowledged(MonoTime now, const wire::AckFrame& ack) {
  const std::uint32_t age = next_sequence_ - ack.ack_sequence;  // 1: the latest frame
  if (age == 0 || age > frames_sent_ || age > 1U << 31) {
    ++counters_.never_sent;
    return;
  }
  bool is_news = arrived(now, ack.ack_sequence, true);
  for (const std::uint32_t earlier : mask_.reported(ack, frames_sent_ - age))
    is_news = arrived(now, earlier, false) || is_news;
  suspected_ = false;
  if (is_news) {
    last_news_ = now;
    timeouts_in_a_row_ = 0;
    probed_ = false;
    probe_due_ = false;
  }
  find_losses(now);
}

bool WindowedSender::arrived(MonoTime now, std::uint32_t sequence, bool measured) {
  const std::uint32_t position = sequence - oldest_sequence();
  if (position >= sent_.size()) return false;  // too long ago
  auto& transmission = sent_[position];
  if (transmission.fate == Fate::acknowledged) return false;
  if (measured) {
    latest_round_trip_ = std::max(now - transmission.sent, Duration{0});
    shortest_round_trip_ = std::min(shortest_round_trip_.value_or(latest_round_trip_), latest_round_trip_);
    estimator_.sample(latest_round_trip_);
  }
  if (transmission.fate == Fate::lost) {
    ++counters_.spurious;
    const std::uint32_t overtaken_by = newest_arrived_.value_or(sequence) - sequence;
    if (overtaken_by >= reordering_frames_ && overtaken_by < k_max_reordering_frames)
      reordering_frames_ = overtaken_by + 1;
  } else {
    const bool was_limiting =
        in_flight_ >= window_.frames() || has_something_to_send() || !pacer_.may_send(now);
    window_.acknowledged(sequence, was_limiting);
    --in_flight_;
  }
  transmission.fate = Fate::acknowledged;
  if (!std::exchange(transmission.message->delivered, true)) --undelivered_;
  if (!newest_arrived_ || static_cast<std::int32_t>(sequence - *newest_arrived_) > 0)
    newest_arrived_ = sequence;
  return true;
}

// Only what was sent before a frame that has arrived can be lost; a bit that is not set says nothing
// (LINK-06).
void WindowedSender::find_losses(MonoTime now) {
  loss_at_.reset();
  if (!newest_arrived_) return;
  const Duration round_trip = estimator_.smoothed().value_or(k_initial_rto);
  const Duration patience = round_trip + round_trip / 8 + k_clock_granularity;
  for (std::size_t i = 0; i < sent_.size(); ++i) {
    const std::uint32_t sequence = oldest_sequence() + static_cast<std::uint32_t>(i);
    const auto behind = static_cast<std::int32_t>(*newest_arrived_ - sequence);
    if (behind <= 0) break;
    auto& transmission = sent_[i];
    if (transmission.fate != Fate::in_flight) continue;
    if (static_cast<std::uint32_t>(behind) >= reordering_frames_ || now >= transmission.sent + patience)
      lose(transmission, sequence, now);
    else
      loss_at_ = sooner(loss_at_, transmission.sent + patience);
  }
  while (!sent_.empty() && sent_.front().fate == Fate::acknowledged) sent_.pop_front();
}

void WindowedSender::lose(Transmission& transmission, std::uint32_t sequence, MonoTime now) {
  transmission.fate = Fate::lost;
  --in_flight_;
  window_.lost(sequence, next_sequence_, queued_frames());
  send_again(transmission.message, now);
}

// The share of the round trip that is longer than it need be is the share of the window that waits.
std::size_t WindowedSender::queued_frames() const {
  if (!shortest_round_trip_ || latest_round_trip_ <= *shortest_round_trip_) return 0;
  const auto waits = latest_round_trip_ - *shortest_round_trip_;
  return window_.frames() * static_cast<std::size_t>(waits.count()) /
         static_cast<std::size_t>(latest_round_trip_.count());
}

void WindowedSender::send_again(const MessagePtr& message, MonoTime now) {
  if (message->delivered || message->waits_again) return;
  if (message->transmissions >= k_max_transmissions && now - message->first_sent >= k_max_message_lifetime) {
    failed_ = true;
    return;
  }
  message->waits_again = true;
  again_.push_back(message);
}

bool WindowedSender::has_something_to_send() const { return !waiting_.empty() || !again_.empty(); }

// ---- timers

// From the oldest frame that is on its way, and anew with each acknowledgement of something (RFC 6298 §5).
std::optional<MonoTime> WindowedSender::timer_from() const {
  if (in_flight_ == 0) return std::nullopt;
  const auto oldest =
      std::find_if(sent_.begin(), sent_.end(), [](const auto& one) { return one.fate == Fate::in_flight; });
  return last_news_ ? std::max(*last_news_, oldest->sent) : oldest->sent;
}

// Two round trips (RFC 8985 §7.2) after the last sign of life, once: where the last frames of many are lost,
// no later one tells of it.
std::optional<MonoTime> WindowedSender::probe_at() const {
  const auto from = timer_from();
  const auto round_trip = estimator_.smoothed();
  if (!from || !round_trip || probed_ || timeouts_in_a_row_ > 0) return std::nullopt;
  return *from + 2 * *round_trip + k_probe_margin;
}

std::optional<MonoTime> WindowedSender::timeout_at() const {
  const auto from = timer_from();
  if (!from) return std::nullopt;
  return *from + std::min(estimator_.rto() * (1U << timeouts_in_a_row_), k_max_rto);
}

void WindowedSender::check_timers(MonoTime now) {
  if (loss_at_ && now >= *loss_at_) find_losses(now);
  if (const auto at = timeout_at(); at && now >= *at) return timed_out(now);
  if (const auto at = probe_at(); at && now >= *at) probed_ = probe_due_ = true;
}

void WindowedSender::timed_out(MonoTime now) {
  const std::size_t were_in_flight = in_flight_;
  in_flight_ = 0;
  bool any_undelivered = false;
  for (auto& transmission : sent_) {
    if (transmission.fate != Fate::in_flight) continue;
    transmission.fate = Fate::lost;
    any_undelivered = any_undelivered || !transmission.message->delivered;
    send_again(transmission.message, now);
  }
  loss_at_.reset();
  probe_due_ = false;
  if (!any_undelivered) return;  // another transmission of each has arrived
  ++counters_.timeouts;
  window_.timed_out(were_in_flight, next_sequence_);
  ++timeouts_in_a_row_;
  if (timeouts_in_a_row_ >= k_suspicious_timeouts) suspected_ = true;
  if (timeouts_in_a_row_ >= k_max_transmissions) failed_ = true;
}

std::optional<MonoTime> WindowedSender::next_deadline(MonoTime now) const {
  if (failed_) return std::nullopt;
  auto at = sooner(loss_at_, sooner(probe_at(), timeout_at()));
  if (has_something_to_send() && in_flight_ < window_.frames()) at = sooner(at, pacer_.next(now));
  return at;
}

}  // namespace ringway::link
