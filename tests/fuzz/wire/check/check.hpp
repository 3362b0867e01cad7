// What fuzz targets of the wire ask for.
#pragma once

#include <cstddef>
#include <cstdint>
#include "reload/bytes.hpp"

namespace ringway::fuzz {

// Ends the process, which is how a fuzz target reports a finding.
void require(bool condition, const char* what);

// Decodes the bytes as that structure of the list in tests/wire-vectors/structures.hpp, counted from 0 and
// around.
void check_structure(std::size_t number, BytesView bytes);

// Takes numbers and bytes off the front of the fuzzer's input; zeros when it is used up.
class Script {
 public:
  explicit Script(BytesView bytes) : rest_(bytes) {}

  bool more() const { return !rest_.empty(); }
  std::size_t number(int size_bytes);
  BytesView take(std::size_t count);

 private:
  BytesView rest_;
};

}  // namespace ringway::fuzz
