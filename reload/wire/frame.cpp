#include "reload/wire/frame.hpp"

#include <algorithm>
#include <cassert>
#include <cstddef>

#include "reload/wire/codec.hpp"

namespace ringway::wire {
namespace {

constexpr std::size_t k_max_frame_message_bytes = 0xFFFFFF;

}  // namespace

Bytes data_frame_prefix(std::uint32_t sequence, std::size_t message_size_bytes) {
  assert(message_size_bytes <= k_max_frame_message_bytes);
  Writer out;
  out.reserve(k_data_frame_overhead_bytes);
  out.u8(static_cast<std::uint8_t>(FrameType::data));
  out.u32(sequence);
  out.u24(static_cast<std::uint32_t>(message_size_bytes));
  return out.take();
}

Bytes encode_ack(const AckFrame& ack) {
  Writer out;
  out.reserve(k_ack_frame_size_bytes);
  out.u8(static_cast<std::uint8_t>(FrameType::ack));
  out.u32(ack.ack_sequence);
  out.u32(ack.received);
  return out.take();
}

Result<Frame> decode_frame(const SharedBytes& datagram) {
  Reader in(datagram);
  Frame frame;
  switch (static_cast<FrameType>(in.u8())) {
    case FrameType::data: {
      DataFrame data;
      data.sequence = in.u32();
      data.message = in.opaque(3);
      frame = std::move(data);
      break;
    }
    case FrameType::ack: {
      AckFrame ack;
      ack.ack_sequence = in.u32();
      ack.received = in.u32();
      frame = ack;
      break;
    }
    default:
      in.fail("neither a data frame nor an acknowledgement");
      break;
  }
  if (in.ok() && !in.at_end()) in.fail("bytes left over");
  if (!in.ok()) return in.failure();
  return frame;
}

void FrameSplitter::fail(const char* reason) { failure_ = Failure{reason, 0}; }

void FrameSplitter::set_max_message_size_bytes(std::size_t size_bytes) {
  if (!failed()) max_message_size_bytes_ = size_bytes;
}

bool FrameSplitter::take_frame(BytesView& bytes, std::vector<Frame>& frames) {
  if (bytes.empty()) return false;
  std::size_t size_bytes = k_ack_frame_size_bytes;
  switch (static_cast<FrameType>(bytes.front())) {
    case FrameType::ack:
      break;
    case FrameType::data: {
      if (bytes.size() < k_data_frame_overhead_bytes) return false;
      const std::size_t message_size_bytes = Reader(SharedBytes::borrow(bytes.subspan(5))).u24();
      oversized_ = message_size_bytes > max_message_size_bytes_;
      if (oversized_) {
        fail("message above the overlay's maximum size");
        return false;
      }
      size_bytes = k_data_frame_overhead_bytes + message_size_bytes;
      break;
    }
    default:
      fail("neither a data frame nor an acknowledgement");
      return false;
  }
  if (bytes.size() < size_bytes) return false;
  frames.push_back(decode_frame(copy_of(bytes.first(size_bytes))).value());
  bytes = bytes.subspan(size_bytes);
  return true;
}

Result<std::vector<Frame>> FrameSplitter::push(BytesView arrived) {
  const std::size_t kept_bytes = k_data_frame_overhead_bytes + max_message_size_bytes_;
  if (failed()) {
    if (oversized_) append(buffer_, arrived.first(std::min(arrived.size(), kept_bytes - buffer_.size())));
    return *failure_;
  }
  std::vector<Frame> frames;
  const bool is_continued = !buffer_.empty();
  if (is_continued) append(buffer_, arrived);
  BytesView bytes = is_continued ? BytesView(buffer_) : arrived;
  while (take_frame(bytes, frames)) {
  }
  if (is_continued) {
    buffer_.erase(buffer_.begin(), buffer_.end() - static_cast<std::ptrdiff_t>(bytes.size()));
  } else {
    buffer_.assign(bytes.begin(), bytes.end());
  }
  if (failed()) buffer_.resize(oversized_ ? std::min(buffer_.size(), kept_bytes) : 0);
  if (failed() && frames.empty()) return *failure_;
  return frames;
}

BytesView FrameSplitter::oversized_start() const {
  return oversized_ ? BytesView(buffer_).subspan(k_data_frame_overhead_bytes) : BytesView{};
}

}  // namespace ringway::wire
