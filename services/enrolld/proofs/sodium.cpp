#include "services/enrolld/proofs/sodium.hpp"

#include <sodium.h>

#include <stdexcept>

namespace ringway::enrolld {

void require_sodium() {
  static const int state = sodium_init();  // 1: somebody else was first
  if (state < 0) throw std::runtime_error("libsodium cannot start: the system gives no random numbers");
}

}  // namespace ringway::enrolld
