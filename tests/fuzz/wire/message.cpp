// A whole message: header, contents, security block.

#include "reload/wire/message.hpp"

#include "tests/fuzz/wire/check/check.hpp"

using namespace ringway;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  const Bytes bytes(data, data + size_bytes);
  Result<wire::Message> message = wire::decode_message(bytes);
  if (!message) return 0;
  fuzz::require(wire::encode_message(*message) == bytes, "encodes to other bytes");
  message->contents_wire = {};
  fuzz::require(wire::encode_message(*message) == bytes, "its structures encode to other bytes");
  return 0;
}
