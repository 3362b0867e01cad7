// One end of a datagram link, and another one that says what it likes, when it likes: nothing grows without
// bound, time does not stand still.
#include "reload/link/reliability/datagram_link.hpp"

#include <algorithm>

#include "reload/link/reliability/congestion_window.hpp"
#include "tests/fuzz/wire/check/check.hpp"

using namespace ringway;

namespace {

enum Step : std::uint8_t {
  send,
  acknowledge,
  acknowledge_late,
  receive,
  raw,
  wait,
  wait_for_deadline,
  steps
};

class Stage {
 public:
  explicit Stage(link::SenderAlgorithm sender) : link_({.sender = sender, .max_message_size_bytes = 300}) {}

  void play(fuzz::Script& script) {
    switch (script.number(1) % steps) {
      case send:
        send_some(1 + script.number(1) % 40);
        break;
      case acknowledge: {
        const auto behind = static_cast<std::uint32_t>(script.number(1));
        take(wire::encode_ack({next_ - behind, static_cast<std::uint32_t>(script.number(4))}));
        break;
      }
      case acknowledge_late:
        take(wire::encode_ack(
            {static_cast<std::uint32_t>(script.number(4)), static_cast<std::uint32_t>(script.number(4))}));
        break;
      case receive: {
        Bytes frame = wire::data_frame_prefix(static_cast<std::uint32_t>(script.number(4)), 2);
        append(frame, Bytes{1, 2});
        take(frame);
        break;
      }
      case raw:
        take(copy_of(script.take(script.number(1))));
        break;
      case wait:
        now_ = now_ + Duration{static_cast<std::int64_t>(script.number(2))};
        break;
      default:
        if (const auto at = link_.next_deadline(now_)) now_ = std::max(now_, *at);
        break;
    }
    pump();
  }

 private:
  void send_some(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const Bytes message{static_cast<std::uint8_t>(message_ >> 8), static_cast<std::uint8_t>(message_)};
      if (link_.send({}, message) == link::DatagramLink::Queued::yes) ++message_;
    }
  }
  void take(const Bytes& datagram) {
    const auto arrived = link_.receive(now_, datagram);
    if (!arrived) return;
    const bool is_data = !arrived->acknowledgement.empty();
    fuzz::require(!arrived->message || is_data, "a message without an acknowledgement");
  }
  void pump() {
    std::size_t sent = 0;
    while (const auto frame = link_.poll(now_)) {
      const auto decoded = wire::decode_frame(*frame);
      fuzz::require(decoded.ok(), "sends what is no frame");
      fuzz::require(std::get<wire::DataFrame>(*decoded).sequence == next_, "the numbers do not go on");
      ++next_;
      fuzz::require(++sent <= 2 * link::k_max_window_frames, "sends without end");
    }
    const auto& sender = link_.sender();
    fuzz::require(sender.room() <= link::k_max_waiting_frames, "more waits than may");
    fuzz::require(sender.unacknowledged() <= 4 * link::k_max_window_frames, "more is on its way than may be");
    const auto at = link_.next_deadline(now_);
    fuzz::require(!at || *at > now_, "a deadline that has passed");
    fuzz::require(!link_.failed() || !at, "a link that has failed waits for something");
    fuzz::require(sender.idle() || link_.failed() || at, "a link that waits for nothing");
  }

  link::DatagramLink link_;
  MonoTime now_{1'000};
  std::uint32_t next_ = 0;
  std::uint32_t message_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  fuzz::Script script({data, size_bytes});
  Stage stage(script.number(1) % 2 == 0 ? link::SenderAlgorithm::windowed
                                        : link::SenderAlgorithm::stop_and_wait);
  for (int played = 0; script.more() && played < 2000; ++played) stage.play(script);
  return 0;
}
