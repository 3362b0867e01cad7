#include "sip-usage/element/unreached.hpp"

#include <algorithm>

namespace ringway::sip::element {

void Unreached::note(MonoTime now, const std::string& peer) {
  std::erase_if(noted_, [&](const auto& each) { return each.second + k_unreached_time <= now; });
  if (noted_.size() >= k_max_unreached && noted_.count(peer) == 0)
    noted_.erase(std::min_element(noted_.begin(), noted_.end(), [](const auto& one, const auto& other) {
      return one.second < other.second;
    }));
  noted_.insert_or_assign(peer, now);
}

bool Unreached::has(MonoTime now, const std::string& peer) const {
  const auto found = noted_.find(peer);
  return found != noted_.end() && now < found->second + k_unreached_time;
}

}  // namespace ringway::sip::element
