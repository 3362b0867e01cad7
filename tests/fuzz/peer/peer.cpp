// A whole peer among neighbours that do whatever the input says: tests/fuzz/peer/stage/play.hpp.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/peer/stage/play.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  ringway::fuzz::play({data, size_bytes});
  return 0;
}
