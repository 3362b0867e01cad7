// Draws nothing but zeros: what a test does not let depend on chance.
#pragma once

#include <cstdint>

#include "reload/random.hpp"

namespace ringway::topology {

class Zero : public Random {
 public:
  std::uint64_t next() override { return 0; }
};

}  // namespace ringway::topology
