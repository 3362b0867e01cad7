#include "reload/data/damaged_kinds.hpp"

#include <algorithm>

namespace ringway::data {

// What has not been looked at for long may be mended or gone: it counts as new.
std::pair<DamagedKinds::One*, bool> DamagedKinds::note(MonoTime now, const KindAt& at) {
  const auto found = kinds_.find(at);
  if (found != kinds_.end() && now - found->second.last < k_damage_remembered) {
    found->second.last = now;
    return {&found->second, false};
  }
  if (found == kinds_.end() && kinds_.size() >= k_max_damaged_kinds)
    kinds_.erase(std::min_element(kinds_.begin(), kinds_.end(), [](const auto& a, const auto& b) {
      return a.second.last < b.second.last;
    }));
  One& one = kinds_[at];
  one = {now, now, std::nullopt};
  return {&one, true};
}

DamagedKinds::Seen DamagedKinds::seen(MonoTime now, const KindAt& at) {
  const auto [one, is_new] = note(now, at);
  if (one->asked && now - *one->asked < k_between_mends) return {};
  one->asked = now;
  return {is_new, true};
}

bool DamagedKinds::seen_in_passing(MonoTime now, const KindAt& at) { return note(now, at).second; }

bool DamagedKinds::writes_wait(MonoTime now, const KindAt& at) const {
  const auto found = kinds_.find(at);
  return found == kinds_.end() || now - found->second.first < k_writes_wait_for_copies;
}

}  // namespace ringway::data
