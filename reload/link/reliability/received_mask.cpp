#include "reload/link/reliability/received_mask.hpp"

#include <bit>

namespace ringway::link {

namespace {
// Among the first frames only one way to count sets the lowest bit: distance 1 there, as we do. With distance
// d at 1 << d nothing is there; counted from the other end it would be a distance that is further back than
// the first frame.
constexpr std::uint64_t k_last_proof = 30;
}  // namespace

std::vector<std::uint32_t> ReceivedMask::reported(const wire::AckFrame& ack, std::uint64_t ordinal) {
  if (ack.received == 0 || state_ == State::disbelieved) return {};
  const auto furthest = static_cast<std::uint64_t>(std::bit_width(ack.received));
  if (furthest > ordinal) {
    state_ = State::disbelieved;
    return {};
  }
  if (state_ == State::unknown && (ack.received & 1U) != 0 && ordinal <= k_last_proof) state_ = State::proven;
  if (state_ != State::proven) return {};
  std::vector<std::uint32_t> frames;
  for (std::uint32_t distance = 1; distance <= furthest; ++distance)
    if ((ack.received >> (distance - 1) & 1U) != 0) frames.push_back(ack.ack_sequence - distance);
  return frames;
}

}  // namespace ringway::link
