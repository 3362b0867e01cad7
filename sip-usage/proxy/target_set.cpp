#include "sip-usage/proxy/target_set.hpp"

#include <algorithm>
#include <iterator>

#include "sip-usage/proxy/settings.hpp"

namespace ringway::sip::proxy {
namespace {

bool goes_before(const Target& a, const Target& b) {
  return a.q_thousandths != b.q_thousandths ? a.q_thousandths > b.q_thousandths : a.depth < b.depth;
}

}  // namespace

bool TargetSet::accept(const Target& target) {
  if (seen_.size() >= k_max_branches) return false;
  seen_.push_back(target);
  return true;
}

bool TargetSet::add(Target target) {
  if (std::any_of(seen_.begin(), seen_.end(), [&](const Target& one) { return one.is_same(target); }))
    return true;
  if (!accept(target)) return false;
  const auto at = std::upper_bound(waiting_.begin(), waiting_.end(), target, goes_before);
  waiting_.insert(at, std::move(target));
  return true;
}

bool TargetSet::add_now(Target target) {
  if (std::any_of(seen_.begin(), seen_.end(), [&](const Target& one) { return one.is_same(target); }))
    return true;
  if (!accept(target)) return false;
  make_ready(std::move(target));
  return true;
}

void TargetSet::make_ready(Target target) {
  if (!target.instance.empty()) {
    if (!busy_.insert(target.instance).second) {
      spares_.push_back(std::move(target));
      return;
    }
  }
  ready_.push_back(std::move(target));
}

void TargetSet::open_group() {
  while (ready_.empty() && !waiting_.empty()) {
    const auto q = waiting_.front().q_thousandths;
    const auto end = std::find_if(waiting_.begin(), waiting_.end(),
                                  [&](const Target& target) { return target.q_thousandths != q; });
    std::vector<Target> group(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
    waiting_.erase(waiting_.begin(), end);
    for (auto& target : group) make_ready(std::move(target));
  }
}

Target TargetSet::take_ready() {
  Target target = std::move(ready_.front());
  ready_.pop_front();
  return target;
}

void TargetSet::instance_answered(const std::string& instance) {
  if (instance.empty()) return;
  // It stays busy: what is found of it later waits for ever.
  std::erase_if(spares_, [&](const Target& target) { return target.instance == instance; });
}

void TargetSet::instance_failed(const std::string& instance) {
  if (instance.empty()) return;
  busy_.erase(instance);
  const auto spare = std::find_if(spares_.begin(), spares_.end(),
                                  [&](const Target& target) { return target.instance == instance; });
  if (spare == spares_.end()) return;
  Target target = std::move(*spare);
  spares_.erase(spare);
  make_ready(std::move(target));
}

void TargetSet::clear() {
  waiting_.clear();
  ready_.clear();
  spares_.clear();
}

}  // namespace ringway::sip::proxy
