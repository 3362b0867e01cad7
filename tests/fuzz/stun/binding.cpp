// What anybody can send by datagram to a port that answers: nothing crashes the reader, and an answer is
// an answer to that, of a bounded size.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "reload/stun/binding.hpp"
#include "reload/stun/message.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  using namespace ringway;
  const BytesView request(data, size_bytes);
  const auto response = stun::answer_binding(request, *stun::address_of("2001:db8::1", 5060));
  if (!response) return 0;
  // Its transaction, and no more than the longest 420.
  if (!stun::may_be_stun(request) || response->size() > 20 + 28 + 4 + 2 * stun::k_max_unknown_named + 8)
    std::abort();
  if (!std::equal(data + 8, data + 20, response->begin() + 8)) std::abort();
  return 0;
}
