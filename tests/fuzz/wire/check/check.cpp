#include "tests/fuzz/wire/check/check.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include "reload/wire/bodies.hpp"
#include "reload/wire/message.hpp"
#include "reload/wire/storage_bodies.hpp"
#include "tests/wire-vectors/known_kinds.hpp"
#include "tests/wire-vectors/structures.hpp"

namespace ringway::fuzz {
namespace {

template <typename T>
void check(BytesView bytes) {
  static const wire_vectors::KnownKinds kinds;
  const Result<T> decoded = wire::decode<T>(copy_of(bytes), &kinds);
  if (decoded) {
    require(equal(wire::encode(*decoded), bytes), "decoded, but encodes to other bytes");
  } else {
    require(decoded.error().offset <= bytes.size(), "a failure beyond the input");
    require(!decoded.error().reason.empty(), "a failure without a reason");
  }
}

}  // namespace

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

void check_structure(std::size_t number, BytesView bytes) {
#define RINGWAY_CHECK(name, T) check<wire::T>,
  static constexpr std::array checks{RINGWAY_WIRE_STRUCTURES(RINGWAY_CHECK)};
#undef RINGWAY_CHECK
  checks[number % checks.size()](bytes);
}

std::size_t Script::number(int size_bytes) {
  std::size_t n = 0;
  for (const std::uint8_t byte : take(static_cast<std::size_t>(size_bytes))) n = n << 8U | byte;
  return n;
}

BytesView Script::take(std::size_t count) {
  const BytesView front = rest_.first(std::min(count, rest_.size()));
  rest_ = rest_.subspan(front.size());
  return front;
}

}  // namespace ringway::fuzz
