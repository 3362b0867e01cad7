#include "relay/allocation.hpp"

#include <algorithm>

namespace ringway::relay {

bool Allocation::has(stun::Family family) const {
  return std::any_of(relayed.begin(), relayed.end(),
                     [family](const stun::Address& each) { return each.ip.family == family; });
}

}  // namespace ringway::relay
