// A relay alone in a process, to be loaded: its control path on one thread, its data path on its own.
#pragma once

#include <cstddef>
#include <string>

#include "reload/stun/address.hpp"

namespace ringway::bench {

struct ServedRelay {
  stun::Address at;         // where it listens, and whose address it relays from
  std::size_t threads = 1;  // of the data path
  std::string user, password, realm;
};
// Until the process is told to end. Answers why it could not begin.
std::string serve(const ServedRelay& wanted);

}  // namespace ringway::bench
