// A message split, parts split again, and joined in another order.

#include "reload/wire/fragment.hpp"

#include <algorithm>

#include "tests/fuzz/wire/check/check.hpp"

using namespace ringway;

namespace {

std::vector<SharedBytes> split_again(const std::vector<SharedBytes>& parts, std::size_t max_size_bytes) {
  std::vector<SharedBytes> out;
  for (const SharedBytes& part : parts) {
    const auto header = wire::parse_header(part);
    fuzz::require(header.ok(), "a part without a header");
    for (SharedBytes& smaller :
         wire::fragment(header->header, part.from(header->size_bytes), max_size_bytes)) {
      out.push_back(std::move(smaller));
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  fuzz::Script script({data, size_bytes});
  const std::size_t first_max_bytes = script.number(2);
  const std::size_t second_max_bytes = script.number(2);
  const std::size_t turn = script.number(1);
  wire::ForwardingHeader header;
  header.transaction_id = script.number(1);
  header.destination_list.resize(script.number(1) % 40, wire::to_node(wildcard_node()));
  const std::size_t repeats = 1 + script.number(1);
  const BytesView pattern = script.take(size_bytes);
  Bytes payload;
  for (std::size_t i = 0; i < repeats; ++i) append(payload, pattern);

  std::vector<SharedBytes> parts =
      split_again(wire::fragment(header, payload, first_max_bytes), second_max_bytes);
  std::rotate(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(turn % parts.size()), parts.end());
  wire::Reassembler reassembler({1U << 24U, 16, 1U << 30U, 1U << 30U});
  bool is_joined = false;
  for (const SharedBytes& part : parts) {
    const auto parsed = wire::parse_header(part);
    const auto added = reassembler.add({}, parsed->header, part.from(parsed->size_bytes));
    fuzz::require(added.ok(), "a part is refused");
    if (!added->has_value()) continue;
    is_joined = true;
    fuzz::require(equal((*added)->payload, payload), "joined to other bytes");
  }
  fuzz::require(is_joined && reassembler.held_bytes() == 0, "not joined");
  return 0;
}
