// The system's source of random bits (OpenSSL's, seeded by the kernel), read in blocks. One object serves one
// thread at a time.
#pragma once

#include <array>
#include <cstddef>

#include "reload/random.hpp"

namespace ringway::actors {

class SystemRandom : public Random {
 public:
  std::uint64_t next() override;

 private:
  std::array<std::uint64_t, 64> block_{};
  std::size_t used_ = 64;
};

}  // namespace ringway::actors
