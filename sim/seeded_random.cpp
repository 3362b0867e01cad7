#include "sim/seeded_random.hpp"

#include "sim/trace.hpp"

namespace ringway::sim {

namespace {

std::uint64_t mixed(std::uint64_t seed, std::string_view purpose, std::uint64_t number) {
  Trace mix;
  mix.note(seed);
  mix.note(view_of(purpose));
  mix.note(number);
  return mix.hash();
}

}  // namespace

SeededRandom::SeededRandom(std::uint64_t seed, std::string_view purpose, std::uint64_t number)
    : state_(mixed(seed, purpose, number)) {}

}  // namespace ringway::sim
