// A byte stream cut into frames: in one piece and in pieces whose size the first byte says, with the same
// result.

#include <algorithm>

#include "reload/wire/frame.hpp"
#include "tests/fuzz/wire/check/check.hpp"

using namespace ringway;

namespace {

constexpr std::size_t k_max_message_bytes = 300;

struct SplitResult {
  Bytes frames;  // as they would be sent again
  bool failed = false;
  bool oversized = false;
  Bytes oversized_start;

  bool operator==(const SplitResult&) const = default;
};

void note(SplitResult& outcome, const wire::Frame& frame) {
  if (const auto* ack = std::get_if<wire::AckFrame>(&frame)) {
    append(outcome.frames, wire::encode_ack(*ack));
    return;
  }
  const auto& data = std::get<wire::DataFrame>(frame);
  fuzz::require(data.message.size() <= k_max_message_bytes, "a message above the limit");
  append(outcome.frames, wire::data_frame_prefix(data.sequence, data.message.size()));
  append(outcome.frames, data.message);
}

SplitResult split(BytesView stream, std::size_t piece_bytes) {
  wire::FrameSplitter splitter(k_max_message_bytes);
  SplitResult outcome;
  for (std::size_t at = 0; at < stream.size(); at += piece_bytes) {
    const auto frames = splitter.push(stream.subspan(at, std::min(piece_bytes, stream.size() - at)));
    const std::size_t bound_bytes = wire::k_data_frame_overhead_bytes + k_max_message_bytes;
    fuzz::require(splitter.buffered_bytes() <= bound_bytes, "more is buffered than one frame");
    if (!frames) continue;
    for (const wire::Frame& frame : *frames) note(outcome, frame);
  }
  outcome.failed = splitter.failed();
  outcome.oversized = splitter.oversized();
  outcome.oversized_start = copy_of(splitter.oversized_start());
  if (!outcome.failed) append(outcome.frames, stream.last(splitter.buffered_bytes()));
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  fuzz::Script script({data, size_bytes});
  const std::size_t piece_bytes = 1 + script.number(1);
  const BytesView stream = script.take(size_bytes);
  const SplitResult whole = split(stream, std::max<std::size_t>(1, stream.size()));
  fuzz::require(split(stream, piece_bytes) == whole, "pieces of another size make other frames");
  const bool is_all_there = equal(whole.frames, stream);
  fuzz::require(whole.failed || is_all_there, "frames are not the bytes of the stream");
  return 0;
}
