// Reading and writing of the TLS-style presentation language (RFC 6940 §6.3.1): big-endian integers, vectors
// with a length in bytes. A Reader never reads past its end; its first failure sticks and every later read
// yields zero or nothing, so a decoder reads straight through and asks once at the end.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "reload/bytes.hpp"
#include "reload/ids.hpp"
#include "reload/result.hpp"
#include "reload/wire/codes.hpp"

namespace ringway::wire {

inline constexpr std::size_t k_max_resource_id_size_bytes = 254;

// What a decoder must know of Kinds: their data model shapes StoredData and specifiers (RFC 6940 §7.2,
// §7.4.2.1).
class KindModels {
 public:
  virtual ~KindModels() = default;
  // False when the Kind is unknown; then its part of the body is kept undecoded.
  virtual bool model_of(KindId kind, DataModel& model) const = 0;
};

class Reader {
 public:
  explicit Reader(SharedBytes bytes, const KindModels* kinds = nullptr)
      : bytes_(std::move(bytes)), kinds_(kinds) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u24() { return static_cast<std::uint32_t>(number(3)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  bool boolean();       // one byte, 0 or 1 only (RFC 6940 §6.3.1.1)
  NodeId node_id();     // never all-zero (RFC 6940 §3)
  Bytes resource_id();  // one length byte, at most 254 bytes (RFC 6940 §6.3.1.1)
  SharedBytes take(std::size_t count);
  SharedBytes opaque(int length_size_bytes) {
    return take(static_cast<std::size_t>(number(length_size_bytes)));
  }
  Bytes opaque_copy(int length_size_bytes) { return copy_of(opaque(length_size_bytes)); }
  // A reader of the next vector's bytes; offsets in its failures count from this reader's start.
  Reader vector(int length_size_bytes) { return sub(static_cast<std::size_t>(number(length_size_bytes))); }
  Reader sub(std::size_t count);
  // Takes over the failure of a reader made by vector() or sub(), and asks that it was read to its end.
  void finish(Reader& part);

  bool ok() const { return failure_.empty(); }
  bool at_end() const { return position_ == bytes_.size(); }
  bool more() const { return ok() && !at_end(); }
  std::size_t remaining() const { return bytes_.size() - position_; }
  std::size_t position() const { return position_; }
  std::size_t offset() const { return base_ + position_; }
  SharedBytes since(std::size_t position) const { return bytes_.slice(position, position_ - position); }
  void fail(std::string_view reason);
  Failure failure() const { return {failure_, failed_at_}; }
  const KindModels* kinds() const { return kinds_; }

 private:
  std::uint64_t number(int size_bytes);

  SharedBytes bytes_;
  std::size_t position_ = 0;
  std::size_t base_ = 0;
  std::string failure_;
  std::size_t failed_at_ = 0;
  const KindModels* kinds_ = nullptr;
};

// Writes what it is given. What a length prefix or an integer cannot express makes the writer `overflowed`:
// its bytes are then worthless and never sent (see encode and encode_checked).
class Writer {
 public:
  void u8(std::uint8_t n) { out_.push_back(n); }
  void u16(std::uint16_t n) { number(n, 2); }
  void u24(std::uint32_t n) { number(n, 3); }
  void u32(std::uint32_t n) { number(n, 4); }
  void u64(std::uint64_t n) { number(n, 8); }
  void boolean(bool b) { u8(b ? 1 : 0); }
  void raw(BytesView bytes) { append(out_, bytes); }
  void opaque(int length_size_bytes, BytesView bytes) {
    number(bytes.size(), length_size_bytes);
    raw(bytes);
  }
  void resource_id(BytesView id) {
    if (id.size() > k_max_resource_id_size_bytes) overflowed_ = true;
    opaque(1, id);
  }
  // Length-prefixed vector: `begin` reserves the prefix, `end` fills it with the bytes written since.
  std::size_t begin(int length_size_bytes);
  void end(std::size_t mark, int length_size_bytes);

  bool overflowed() const { return overflowed_; }
  std::size_t size() const { return out_.size(); }
  const Bytes& bytes() const { return out_; }
  Bytes take() { return std::move(out_); }
  void reserve(std::size_t size_bytes) { out_.reserve(size_bytes); }

 private:
  void number(std::uint64_t n, int size_bytes);
  Bytes out_;
  bool overflowed_ = false;
};

// Decodes exactly one T: no byte missing, none left over. `read(Reader&, T&)` is found by overload.
template <typename T>
Result<T> decode(SharedBytes bytes, const KindModels* kinds = nullptr) {
  Reader reader(std::move(bytes), kinds);
  T out{};
  read(reader, out);
  if (reader.ok() && !reader.at_end()) reader.fail("bytes left over");
  if (!reader.ok()) return reader.failure();
  return out;
}

// The exact inverse of decode. `write(Writer&, const T&)` is found by overload. The caller vouches that every
// vector fits its length prefix; where its size follows from what somebody else sent, use encode_checked.
template <typename T>
Bytes encode(const T& structure) {
  Writer writer;
  write(writer, structure);
  assert(!writer.overflowed());
  return writer.take();
}

// As encode, but a vector longer than its prefix can say is a failure.
template <typename T>
Result<Bytes> encode_checked(const T& structure) {
  Writer writer;
  write(writer, structure);
  if (writer.overflowed()) return Failure{"longer than its length prefix allows", writer.size()};
  return writer.take();
}

}  // namespace ringway::wire
