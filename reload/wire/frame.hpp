// Link framing (RFC 6940 §6.6.2): data frames, acknowledgements, and a splitter for byte streams.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/result.hpp"

namespace ringway::wire {

inline constexpr std::size_t k_data_frame_overhead_bytes = 8;
inline constexpr std::size_t k_ack_frame_size_bytes = 9;

struct DataFrame {
  std::uint32_t sequence = 0;
  SharedBytes message;
};
struct AckFrame {
  std::uint32_t ack_sequence = 0;
  std::uint32_t received = 0;  // distance d at bit value 1 << (d - 1) (AMB-13)
  bool operator==(const AckFrame&) const = default;
};
using Frame = std::variant<DataFrame, AckFrame>;

// The 8 bytes that go before a message; the message itself is sent as it is.
Bytes data_frame_prefix(std::uint32_t sequence, std::size_t message_size_bytes);
Bytes encode_ack(const AckFrame& ack);
// One frame that is the whole datagram (DTLS).
Result<Frame> decode_frame(const SharedBytes& datagram);

// Cuts a byte stream (TLS) into frames, the same ones however the bytes are parcelled. Bounded: a frame
// longer than the limit is a failure as soon as its length is read, before its bytes are buffered (RFC 6940
// §6.6).
class FrameSplitter {
 public:
  explicit FrameSplitter(std::size_t max_message_size_bytes)
      : max_message_size_bytes_(max_message_size_bytes) {}
  // Appends what arrived and returns the frames that are now complete. A failure makes the stream unusable;
  // if frames were complete before it, they are returned first, failed() is true, and every later push
  // answers the failure.
  Result<std::vector<Frame>> push(BytesView arrived);
  // For every frame whose length is read from now on. A stream that has failed stays as it is.
  void set_max_message_size_bytes(std::size_t size_bytes);
  std::size_t buffered_bytes() const { return buffer_.size(); }

  bool failed() const { return failure_.has_value(); }
  // The failure is a message above the limit, which is to be answered if its header can be read
  // (peek_header). Its start, up to the limit, is kept, and grows while more is pushed.
  bool oversized() const { return oversized_; }
  BytesView oversized_start() const;

 private:
  // Takes one frame off the front of `bytes`; false if there is none yet.
  bool take_frame(BytesView& bytes, std::vector<Frame>& frames);
  void fail(const char* reason);

  std::size_t max_message_size_bytes_;
  Bytes buffer_;  // the incomplete frame at the end of what arrived
  std::optional<Failure> failure_;
  bool oversized_ = false;
};

}  // namespace ringway::wire
