#include "relay/allocation.hpp"

#include <algorithm>

namespace ringway::relay {

bool Allocation::has(stun::Family family) const {
  return std::any_of(relayed.begin(), relayed.end(),
                     [family](const RelayedAddress& each) { return each.at.ip.family == family; });
}

}  // namespace ringway::relay
