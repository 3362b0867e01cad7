// parse_header and peek_header.

#include "reload/wire/header.hpp"

#include "tests/fuzz/wire/check/check.hpp"

using namespace ringway;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  const Bytes message(data, data + size_bytes);
  const auto parsed = wire::parse_header(message);
  const auto peeked = wire::peek_header(message);
  if (!parsed) {
    fuzz::require(parsed.error().offset <= size_bytes, "a failure beyond the input");
    return 0;
  }
  fuzz::require(peeked && peeked->header == parsed->header, "parsed and peeked headers differ");
  fuzz::require(parsed->size_bytes <= size_bytes, "a header longer than the message");
  const Bytes header = wire::encode_header(parsed->header, size_bytes - parsed->size_bytes);
  fuzz::require(equal(header, BytesView(message).first(parsed->size_bytes)), "encodes to other bytes");
  return 0;
}
