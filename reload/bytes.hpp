// Byte buffers: owned, viewed, and shared.
//
// A message that is only forwarded keeps its payload as one immutable buffer from socket to socket;
// SharedBytes is that buffer and a window on it. Nothing here knows the protocol.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringway {

using Bytes = std::vector<std::uint8_t>;
using BytesView = std::span<const std::uint8_t>;

inline BytesView view_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view text_of(BytesView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes copy_of(BytesView bytes) { return {bytes.begin(), bytes.end()}; }
inline void append(Bytes& to, BytesView bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }
inline bool equal(BytesView a, BytesView b) { return text_of(a) == text_of(b); }

// An immutable window on a reference-counted buffer; copying shares, slicing never copies.
class SharedBytes {
 public:
  SharedBytes() = default;
  SharedBytes(
      Bytes bytes)  // NOLINT(google-explicit-constructor): a buffer becomes shared by being handed over
      : owner_(std::make_shared<const Bytes>(std::move(bytes))), view_(*owner_) {}

  // A window without an owner: the caller keeps the bytes alive and unchanged while it, or a slice, is in
  // use.
  static SharedBytes borrow(BytesView bytes) {
    SharedBytes window;
    window.view_ = bytes;
    return window;
  }

  BytesView view() const { return view_; }
  operator BytesView() const { return view_; }  // NOLINT(google-explicit-constructor)
  std::size_t size() const { return view_.size(); }
  bool empty() const { return view_.empty(); }

  // The window [offset, offset + count); the caller keeps it inside size().
  SharedBytes slice(std::size_t offset, std::size_t count) const {
    SharedBytes part = *this;
    part.view_ = view_.subspan(offset, count);
    return part;
  }
  SharedBytes from(std::size_t offset) const { return slice(offset, size() - offset); }

 private:
  std::shared_ptr<const Bytes> owner_;
  BytesView view_;
};

// Lower-case hexadecimal, and back from either case. from_hex is false, and `out` unchanged, for an odd count
// of digits or a foreign one.
std::string to_hex(BytesView bytes);
bool from_hex(std::string_view hex, Bytes& out);

}  // namespace ringway
