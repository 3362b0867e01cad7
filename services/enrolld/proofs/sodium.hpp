// libsodium, made ready once.
#pragma once

namespace ringway::enrolld {

// Before the first random number or password hash; from any thread, any number of times. Throws
// std::runtime_error when the system has no source of randomness: nothing here could go on without.
void require_sodium();

}  // namespace ringway::enrolld
