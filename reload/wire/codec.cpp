#include "reload/wire/codec.hpp"

namespace ringway::wire {
namespace {

constexpr bool fits(std::uint64_t n, int size_bytes) {
  return size_bytes >= 8 || n >> (8U * static_cast<unsigned>(size_bytes)) == 0;
}

}  // namespace

void Reader::fail(std::string_view reason) {
  if (!ok()) return;
  failure_ = reason;
  failed_at_ = offset();
}

std::uint64_t Reader::number(int size_bytes) {
  const auto count = static_cast<std::size_t>(size_bytes);
  if (!ok()) return 0;
  if (remaining() < count) {
    fail("truncated");
    return 0;
  }
  const BytesView bytes = bytes_.view();
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < count; ++i) n = n << 8U | bytes[position_ + i];
  position_ += count;
  return n;
}

bool Reader::boolean() {
  const std::uint8_t n = u8();
  if (n > 1) fail("a Boolean is 0 or 1");
  return n == 1;
}

NodeId Reader::node_id() {
  NodeId node;
  if (!ok()) return node;
  if (remaining() < k_node_id_size_bytes) {
    fail("truncated");
    return node;
  }
  node = as_node(ring_id_from(bytes_.view().subspan(position_)));
  if (node == k_no_node) fail("a Node-ID is not all zero");
  position_ += k_node_id_size_bytes;
  return node;
}

Bytes Reader::resource_id() {
  const SharedBytes id = opaque(1);
  if (id.size() > k_max_resource_id_size_bytes) fail("a Resource-ID of 255 bytes");
  return copy_of(id);
}

SharedBytes Reader::take(std::size_t count) {
  if (!ok()) return {};
  if (remaining() < count) {
    fail("truncated");
    return {};
  }
  SharedBytes part = bytes_.slice(position_, count);
  position_ += count;
  return part;
}

Reader Reader::sub(std::size_t count) {
  const std::size_t start = offset();
  Reader part(take(count), kinds_);
  part.base_ = start;
  part.failure_ = failure_;
  part.failed_at_ = failed_at_;
  return part;
}

void Reader::finish(Reader& part) {
  if (part.ok() && !part.at_end()) part.fail("bytes left over");
  if (part.ok() || !ok()) return;
  failure_ = part.failure_;
  failed_at_ = part.failed_at_;
}

void Writer::number(std::uint64_t n, int size_bytes) {
  if (!fits(n, size_bytes)) overflowed_ = true;
  for (int i = size_bytes - 1; i >= 0; --i) {
    out_.push_back(static_cast<std::uint8_t>(n >> (8U * static_cast<unsigned>(i)) & 0xFFU));
  }
}

std::size_t Writer::begin(int length_size_bytes) {
  out_.insert(out_.end(), static_cast<std::size_t>(length_size_bytes), 0);
  return out_.size();
}

void Writer::end(std::size_t mark, int length_size_bytes) {
  std::uint64_t length = out_.size() - mark;
  if (!fits(length, length_size_bytes)) overflowed_ = true;
  for (std::size_t i = 1; i <= static_cast<std::size_t>(length_size_bytes); ++i) {
    out_[mark - i] = static_cast<std::uint8_t>(length & 0xFFU);
    length >>= 8U;
  }
}

}  // namespace ringway::wire
