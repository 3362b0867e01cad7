#include "reload/link/reliability/stop_and_wait_sender.hpp"

#include <algorithm>
#include <utility>

namespace ringway::link {

namespace {
constexpr Duration k_pause_after_ack{10};  // RFC 6940 §6.6.3.1
constexpr std::size_t k_remembered_transmissions = 32;
// The transmission that says that the link may be failing: an RTO has passed without any acknowledgement, and
// this is the third retransmission since.
constexpr unsigned k_suspicious_transmissions = 4;
}  // namespace

StopAndWaitSender::StopAndWaitSender(const Settings& settings) : static_rto_(settings.static_rto) {
  if (settings.first_round_trip) estimator_.sample(*settings.first_round_trip);
}

std::optional<wire::DataFrame> StopAndWaitSender::poll(MonoTime now) {
  if (failed_) return std::nullopt;
  if (current_) {
    if (now < current_->due) return std::nullopt;
    ++counters_.timeouts;
    if (current_->transmissions == k_max_transmissions) {
      failed_ = true;
      return std::nullopt;
    }
    current_->wait *= 2;
    return transmit(now);
  }
  if (waiting_.empty() || now < not_before_) return std::nullopt;
  current_.emplace();
  current_->message = std::move(waiting_.front());
  current_->first_sequence = next_sequence_;
  current_->wait = static_rto_.value_or(estimator_.rto());
  waiting_.pop_front();
  return transmit(now);
}

// Each transmission is a frame of its own, with the next number.
wire::DataFrame StopAndWaitSender::transmit(MonoTime now) {
  ++counters_.transmissions;
  if (++current_->transmissions > 1) ++counters_.retransmissions;
  if (current_->transmissions == k_suspicious_transmissions) suspected_ = true;
  current_->due = now + current_->wait;
  sent_.emplace_back(now);
  if (sent_.size() > k_remembered_transmissions) sent_.pop_front();
  return {next_sequence_++, current_->message};
}

void StopAndWaitSender::acknowledged(MonoTime now, const wire::AckFrame& ack) {
  // Counted around the end of the sequence space.
  const std::uint32_t oldest = next_sequence_ - static_cast<std::uint32_t>(sent_.size());
  const std::uint32_t position = ack.ack_sequence - oldest;
  if (position >= sent_.size()) {
    ++counters_.never_sent;  // or so long ago that it says nothing
    return;
  }
  if (const auto sent = std::exchange(sent_[position], std::nullopt)) estimator_.sample(now - *sent);
  suspected_ = false;
  not_before_ = now + k_pause_after_ack;
  // Any transmission of the message will do.
  if (current_ && ack.ack_sequence - current_->first_sequence < current_->transmissions) current_.reset();
}

std::optional<MonoTime> StopAndWaitSender::next_deadline(MonoTime now) const {
  if (failed_) return std::nullopt;
  if (current_) return current_->due;
  if (waiting_.empty()) return std::nullopt;
  return std::max(now, not_before_);
}

}  // namespace ringway::link
