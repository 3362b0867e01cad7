#include "actors/system_random.hpp"

#include <openssl/rand.h>

#include <stdexcept>

namespace ringway::actors {

std::uint64_t SystemRandom::next() {
  if (used_ == block_.size()) {
    auto* bytes = reinterpret_cast<unsigned char*>(block_.data());
    // Transaction IDs and cookies must not be guessable: without randomness the peer cannot go on.
    if (RAND_bytes(bytes, static_cast<int>(sizeof block_)) != 1)
      throw std::runtime_error("the system gives no random bytes");
    used_ = 0;
  }
  const std::uint64_t bits = block_[used_];
  block_[used_++] = 0;
  return bits;
}

}  // namespace ringway::actors
