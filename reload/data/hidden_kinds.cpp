#include "reload/data/hidden_kinds.hpp"

#include <algorithm>

namespace ringway::data {

bool HiddenKinds::owner_has(MonoTime now, Duration long_enough, const KindAt& at, const NodeId& owner) {
  const auto known = kinds_.find(at);
  if (known != kinds_.end() && known->second.owner == owner) {
    if (now < known->second.enough_at) return false;
    kinds_.erase(known);
    return true;
  }
  if (known == kinds_.end() && kinds_.size() >= k_max_hidden_kinds) {
    kinds_.erase(std::min_element(kinds_.begin(), kinds_.end(), [](const auto& a, const auto& b) {
      return a.second.enough_at < b.second.enough_at;
    }));
  }
  kinds_.insert_or_assign(at, One{owner, now + long_enough});
  return false;
}

std::vector<KindAt> HiddenKinds::take_due(MonoTime now, std::size_t most) {
  std::vector<KindAt> due;
  for (auto& [at, one] : kinds_) {
    if (due.size() >= most) break;
    if (one.asked_again || one.enough_at > now) continue;
    one.asked_again = true;
    due.push_back(at);
  }
  return due;
}

std::optional<MonoTime> HiddenKinds::next_due() const {
  std::optional<MonoTime> next;
  for (const auto& [at, one] : kinds_)
    if (!one.asked_again && (!next || one.enough_at < *next)) next = one.enough_at;
  return next;
}

}  // namespace ringway::data
