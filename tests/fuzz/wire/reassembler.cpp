// Hostile fragments: bounds hold whatever comes, and what is held is given back.

#include "reload/wire/fragment.hpp"
#include "tests/fuzz/wire/check/check.hpp"

using namespace ringway;

namespace {

constexpr wire::ReassemblyLimits k_limits{4000, 4, 6000, 4000};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  fuzz::Script script({data, size_bytes});
  wire::Reassembler reassembler(k_limits);
  MonoTime now;
  while (script.more()) {
    const std::size_t flags = script.number(1);
    now = now + Duration{script.number(1) * 100};
    wire::ForwardingHeader header;
    header.transaction_id = flags & 0x07U;
    header.fragment = wire::k_fragment_always | static_cast<std::uint32_t>(script.number(2));
    if ((flags & 0x08U) != 0) header.fragment |= wire::k_fragment_last;
    const std::size_t count = script.number(1);
    const Bytes payload((flags & 0x10U) != 0 ? count * 16 : count, static_cast<std::uint8_t>(flags >> 5U));
    const auto added = reassembler.add(now, header, payload, flags & 0x03U);
    if (added && added->has_value()) {
      fuzz::require((*added)->header.is_whole(), "joined, but marked a fragment");
      fuzz::require((*added)->payload.size() <= k_limits.max_message_size_bytes, "joined above the maximum");
    }
    fuzz::require(reassembler.messages() <= k_limits.max_messages, "too many messages");
    fuzz::require(reassembler.held_bytes() <= k_limits.max_total_bytes, "too many bytes");
  }
  reassembler.expire(now + wire::k_fragment_timeout);
  fuzz::require(reassembler.messages() == 0 && reassembler.held_bytes() == 0, "not given back");
  return 0;
}
