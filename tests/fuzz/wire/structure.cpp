// One structure of the wire, named at compile time.

#include "tests/fuzz/wire/check/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  ringway::fuzz::check_structure(RINGWAY_FUZZ_STRUCTURE, {data, size_bytes});
  return 0;
}
