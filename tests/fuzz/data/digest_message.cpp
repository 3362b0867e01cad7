// Messages of the channel between replicas: nothing crashes their decoder, what it accepts encodes to the
// same bytes again, and a list can be compared with what is held.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "reload/data/digest_messages.hpp"
#include "reload/data/listing_difference.hpp"

namespace {

using namespace ringway;
using namespace ringway::data;

void require(bool condition) {
  if (!condition) std::abort();
}

void compare(const List& list) {
  const Span whole_ring{};
  Listing joined;
  if (!add_page(joined, list.kinds, whole_ring)) return;
  require(differences(joined, joined, NodeId{}).empty());
  require(differences({}, joined, NodeId{}).size() == joined.size());
  // The same page twice is not in order.
  if (!joined.empty()) require(!add_page(joined, list.kinds, whole_ring));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  const SharedBytes bytes(Bytes(data, data + size_bytes));
  const auto said = decode_digest_message(bytes);
  if (!said) return 0;
  require(equal(SharedBytes(encode(*said)), bytes));
  if (const auto* list = std::get_if<List>(&*said)) compare(*list);
  return 0;
}
