#include "sip-usage/element/call_rates.hpp"

#include <algorithm>

namespace ringway::sip::element {
namespace {

constexpr Duration k_burst{std::int64_t{1000} * k_call_burst_s};
constexpr Duration k_between_sweeps{100};

}  // namespace

Duration CallRates::owed(MonoTime now, const Bucket& bucket) const {
  return std::max(Duration{0}, bucket.owed - (now - bucket.at));
}

bool CallRates::has_room(MonoTime now, const Bucket& bucket, Duration cost) const {
  return owed(now, bucket) + cost <= k_burst;
}

// Who owes nothing is as one who has not called. Of a full table not with each call: it is a walk through it.
void CallRates::sweep(MonoTime now) {
  if (now < swept_at_ + k_between_sweeps) return;
  swept_at_ = now;
  const auto owes_nothing = [&](const auto& each) { return owed(now, each.second) == Duration{0}; };
  std::erase_if(of_sender_, owes_nothing);
  std::erase_if(of_callee_, owes_nothing);  // users may have left
}

bool CallRates::take(MonoTime now, const Aor& callee, const std::string& sender) {
  if (calls_per_second_ == 0) return true;
  if (of_sender_.size() >= k_max_call_rates) sweep(now);
  const Duration cost{std::max(std::int64_t{1}, std::int64_t{1000} / calls_per_second_)};
  Bucket& all = of_callee_.try_emplace(callee, Bucket{Duration{0}, now}).first->second;
  const auto key = std::make_pair(callee, sender);
  auto found = of_sender_.find(key);
  if (!has_room(now, all, cost) || (found != of_sender_.end() && !has_room(now, found->second, 2 * cost)))
    return false;
  if (found == of_sender_.end()) {
    if (of_sender_.size() >= k_max_call_rates) return false;
    found = of_sender_.emplace(key, Bucket{Duration{0}, now}).first;
  }
  all = {owed(now, all) + cost, now};
  found->second = {owed(now, found->second) + 2 * cost, now};
  return true;
}

}  // namespace ringway::sip::element
