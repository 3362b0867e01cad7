#include "reload/link/framed_link.hpp"

#include <algorithm>
#include <utility>

namespace ringway::link {

namespace {
constexpr std::size_t k_window_size = 32;
// "Less than N but greater than N-32" (RFC 6940 §6.6.2): the 32nd bit stays clear.
constexpr std::uint32_t k_max_distance = 31;
}  // namespace

void RoundTripEstimator::sample(Duration round_trip) {
  const std::chrono::microseconds measured = std::max(round_trip, Duration{0});
  if (!smoothed_) {  // RFC 6298 (2.2)
    smoothed_ = measured;
    variation_ = measured / 2;
  } else {  // RFC 6298 (2.3), the variation first
    variation_ = (3 * variation_ + std::chrono::abs(*smoothed_ - measured)) / 4;
    smoothed_ = (7 * *smoothed_ + measured) / 8;
  }
  const std::chrono::microseconds clock_granularity = Duration{1};
  const auto wait = *smoothed_ + std::max(clock_granularity, 4 * variation_);
  rto_ = std::clamp(std::chrono::ceil<Duration>(wait), k_min_rto, k_max_rto);
}

std::optional<Duration> RoundTripEstimator::smoothed() const {
  if (!smoothed_) return std::nullopt;
  return std::chrono::ceil<Duration>(*smoothed_);
}

wire::AckFrame ReceivedWindow::note(std::uint32_t sequence) {
  wire::AckFrame ack;
  ack.ack_sequence = sequence;
  for (const std::uint32_t earlier : latest_) {
    // Counted around the end of the sequence space; what is newer than `sequence` is far away that way.
    const std::uint32_t distance = sequence - earlier;
    if (distance >= 1 && distance <= k_max_distance) ack.received |= 1U << (distance - 1);
  }
  if (holds(sequence)) return ack;  // a copy of a datagram
  latest_.push_back(sequence);
  if (latest_.size() > k_window_size) latest_.pop_front();
  return ack;
}

bool ReceivedWindow::holds(std::uint32_t sequence) const {
  return std::find(latest_.begin(), latest_.end(), sequence) != latest_.end();
}

Bytes FramedLink::send(MonoTime now, std::size_t message_size_bytes) {
  // One more than allowed says that the limit was passed; more than that need not be remembered.
  if (in_flight_.size() <= k_max_unacknowledged) in_flight_.push_back(now);
  return wire::data_frame_prefix(next_sequence_++, message_size_bytes);
}

Result<FramedLink::Arrived> FramedLink::receive(MonoTime now, BytesView bytes) {
  auto frames = splitter_.push(bytes);
  if (!frames) return frames.error();
  Arrived arrived;
  if (splitter_.failed()) arrived.broken = splitter_.push({}).error();
  for (auto& frame : *frames) {
    if (const auto* ack = std::get_if<wire::AckFrame>(&frame)) {
      acknowledged(now, *ack);  // never acknowledged in turn (LINK-04)
      continue;
    }
    auto& data = std::get<wire::DataFrame>(frame);
    append(arrived.acknowledgements, wire::encode_ack(window_.note(data.sequence)));
    arrived.messages.push_back(std::move(data.message));
  }
  return arrived;
}

void FramedLink::acknowledged(MonoTime now, const wire::AckFrame& ack) {
  // Counted around the end of the sequence space. What waits for no acknowledgement is none of ours, or has
  // been acknowledged before. The mask is not looked at: a zero bit says nothing (LINK-06), and the stream is
  // ordered, so that what was sent before the acknowledged frame has arrived as well.
  const std::uint32_t oldest = next_sequence_ - static_cast<std::uint32_t>(in_flight_.size());
  const std::uint32_t position = ack.ack_sequence - oldest;
  if (position >= in_flight_.size()) return;
  const auto acked = in_flight_.begin() + static_cast<std::ptrdiff_t>(position);
  if (!resumed_ || *acked >= *resumed_) estimator_.sample(now - *acked);
  in_flight_.erase(in_flight_.begin(), acked + 1);
  timer_from_ = now;
}

void FramedLink::reading_resumed(MonoTime now) {
  timer_from_ = now;
  resumed_ = now;
}

std::optional<MonoTime> FramedLink::suspicion_at() const {
  if (in_flight_.empty()) return std::nullopt;
  // The timer runs from the oldest frame that waits and starts anew with each acknowledgement (RFC 6298 §5).
  const MonoTime from = timer_from_ ? std::max(*timer_from_, in_flight_.front()) : in_flight_.front();
  return from + estimator_.rto();
}

bool FramedLink::suspected(MonoTime now) const {
  const auto at = suspicion_at();
  return at && now >= *at;
}

bool FramedLink::given_up(MonoTime now) const {
  if (in_flight_.size() > k_max_unacknowledged) return true;
  const auto at = suspicion_at();
  return at && now >= *at + k_quiet_link_grace;
}

std::optional<MonoTime> FramedLink::next_deadline(MonoTime now) const {
  const auto at = suspicion_at();
  if (!at || given_up(now)) return std::nullopt;
  return now < *at ? *at : *at + k_quiet_link_grace;
}

}  // namespace ringway::link
