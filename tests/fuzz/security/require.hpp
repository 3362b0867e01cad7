// What a fuzz target asks for: the process ends when it does not hold, in every build.
#pragma once

#include <cstdlib>

namespace ringway::fuzz {

inline void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace ringway::fuzz
