// Messages of the channel of watches: nothing crashes their decoder, and what it accepts encodes to the same
// bytes again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "reload/data/watch_notice.hpp"
#include "tests/wire-vectors/known_kinds.hpp"

namespace {

using namespace ringway;
using namespace ringway::data;

void require(bool condition) {
  if (!condition) std::abort();
}

Bytes encoded(const WatchMessage& message) {
  if (const auto* seen = std::get_if<Seen>(&message)) return encode_seen(*seen);
  const auto& notice = std::get<NumberedNotice>(message);
  return encode_numbered(notice.session, notice.number, encode_notice(notice.notice));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  const SharedBytes bytes(Bytes(data, data + size_bytes));
  const auto said = decode_watch_message(bytes, wire_vectors::KnownKinds{});
  if (said) require(equal(SharedBytes(encoded(*said)), bytes));
  return 0;
}
