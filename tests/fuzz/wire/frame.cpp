// A frame that is a whole datagram.

#include "reload/wire/frame.hpp"

#include "tests/fuzz/wire/check/check.hpp"

using namespace ringway;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  const Bytes bytes(data, data + size_bytes);
  const Result<wire::Frame> frame = wire::decode_frame(bytes);
  if (!frame) return 0;
  Bytes again;
  if (const auto* ack = std::get_if<wire::AckFrame>(&*frame)) {
    again = wire::encode_ack(*ack);
  } else {
    const auto& data_frame = std::get<wire::DataFrame>(*frame);
    again = wire::data_frame_prefix(data_frame.sequence, data_frame.message.size());
    append(again, data_frame.message);
  }
  fuzz::require(again == bytes, "encodes to other bytes");
  return 0;
}
