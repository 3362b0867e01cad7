// A structure of the wire; the first byte says which one.

#include "tests/fuzz/wire/check/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  if (size_bytes == 0) return 0;
  ringway::fuzz::check_structure(data[0], {data + 1, size_bytes - 1});
  return 0;
}
