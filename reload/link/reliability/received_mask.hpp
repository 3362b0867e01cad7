// What an acknowledgement's `received` field says about earlier frames (RFC 6940 §6.6.2). The RFC leaves open
// where its bits begin (AMB-13), and a bit that is read wrongly would take a lost frame for a received one:
// so the field is believed only from a receiver that has shown how it counts.
#pragma once

#include <cstdint>
#include <vector>

#include "reload/wire/frame.hpp"

namespace ringway::link {

class ReceivedMask {
 public:
  // The frames that `ack` reports besides its own, which is frame number `ordinal` of the connection, from 0.
  // None while the receiver's way to count is not known, and for good once a bit has stood for no frame that
  // was ever sent.
  std::vector<std::uint32_t> reported(const wire::AckFrame& ack, std::uint64_t ordinal);
  bool believed() const { return state_ == State::proven; }

 private:
  enum class State { unknown, proven, disbelieved };
  State state_ = State::unknown;
};

}  // namespace ringway::link
