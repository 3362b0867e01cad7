// One link over datagrams (DTLS over UDP with Simple Reliability, RFC 6940 §6.6.3, §6.6.4, §6.6.6) without
// its socket and its DTLS: wraps messages into frames, splits those that are too large for the path,
// acknowledges what arrives, and sends again what was lost. framed_link.hpp is its sibling over streams.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>

#include "reload/bytes.hpp"
#include "reload/link/framed_link.hpp"
#include "reload/link/reliability/sender.hpp"
#include "reload/result.hpp"

namespace ringway::link {

enum class SenderAlgorithm {
  windowed,       // windowed_sender.hpp
  stop_and_wait,  // RFC 6940 §6.6.3.1
};

// What passes everywhere (RFC 8200 §5 has every path take 1280): of IP and UDP together.
inline constexpr std::size_t k_safe_datagram_bytes = 1200;
// What one record of DTLS takes (RFC 6347 §4.1). A message that cannot be split is sent so, and left to IP.
inline constexpr std::size_t k_max_record_bytes = 16384;

class DatagramLink {
 public:
  struct Settings {
    SenderAlgorithm sender = SenderAlgorithm::windowed;
    // Of messages that arrive. What is sent is checked by whoever sends.
    std::size_t max_message_size_bytes = 5000;
    // Of one frame: the path's MTU without what IP, UDP and DTLS add.
    std::size_t max_frame_size_bytes = k_safe_datagram_bytes;
    std::optional<Duration> static_rto = std::nullopt;        // of stop_and_wait
    std::optional<Duration> first_round_trip = std::nullopt;  // measured by the handshake
  };
  explicit DatagramLink(const Settings& settings);

  enum class Queued {
    yes,
    full,       // later, perhaps
    too_large,  // it can be neither split nor sent whole
  };
  // `header ‖ payload` is one message of RELOAD. One of more parts than the sender takes goes to it little by
  // little, and others wait for the last part.
  Queued send(const Bytes& header, const SharedBytes& payload);
  // Frames to be sent, one for each datagram, until there is none: after each input and at next_deadline().
  std::optional<Bytes> poll(MonoTime now);

  struct Arrived {
    std::optional<SharedBytes> message;  // none: an acknowledgement, or a frame that has come before
    Bytes acknowledgement;               // to be sent at once; empty for an acknowledgement
  };
  // One datagram. A failure means: close.
  Result<Arrived> receive(MonoTime now, const SharedBytes& datagram);

  void set_max_message_size_bytes(std::size_t size_bytes) { settings_.max_message_size_bytes = size_bytes; }

  std::optional<MonoTime> next_deadline(MonoTime now) const { return sender_->next_deadline(now); }
  bool suspected() const { return sender_->suspected(); }
  bool failed() const { return sender_->failed(); }
  const Sender& sender() const { return *sender_; }
  bool idle() const { return parts_.empty() && sender_->idle(); }

 private:
  void feed_sender();

  Settings settings_;
  ReceivedWindow window_;
  std::unique_ptr<Sender> sender_;
  std::deque<SharedBytes> parts_;  // of one message, which whoever sends has bounded
};

}  // namespace ringway::link
