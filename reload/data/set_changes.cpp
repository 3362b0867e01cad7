#include "reload/data/set_changes.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "reload/data/replica_rules.hpp"

namespace ringway::data {

namespace {

std::vector<NodeId> set_of(const topology::RingView& view, const ResourceId& resource) {
  if (!view.joined) return {};
  auto holders = holders_of(view, resource);
  std::sort(holders.begin(), holders.end());
  return holders;
}

}  // namespace

void SetChanges::changed(MonoTime now, topology::RingViewPtr before) {
  while (!earlier_.empty() && now - earlier_.front().until >= long_enough_) earlier_.pop_front();
  if (earlier_.size() >= k_most_earlier_views) {
    forgotten_until_ = earlier_.front().until;
    earlier_.pop_front();
  }
  earlier_.push_back({std::move(before), now});
}

bool SetChanges::is_settled(MonoTime now, const topology::RingView& view, const ResourceId& resource) const {
  if (forgotten_until_ && now - *forgotten_until_ < long_enough_) return false;
  const auto set = set_of(view, resource);
  return std::all_of(earlier_.begin(), earlier_.end(), [&](const Earlier& earlier) {
    return now - earlier.until >= long_enough_ || set_of(*earlier.view, resource) == set;
  });
}

}  // namespace ringway::data
