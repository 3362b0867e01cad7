#include "reload/data/item_times.hpp"

#include <algorithm>

namespace ringway::data {

std::uint64_t ItemTimes::newest_ms(const KindAt& at, const ItemKey& item) {
  const auto found = entries_.find({at, item});
  return found == entries_.end() ? 0 : found->second.storage_time_ms;
}

void ItemTimes::remember(const KindAt& at, const ItemKey& item, std::uint64_t storage_time_ms) {
  const auto [found, added] = entries_.try_emplace({at, item});
  if (added) {
    recent_.push_front(&found->first);
    found->second.recent = recent_.begin();
  } else {
    recent_.splice(recent_.begin(), recent_, found->second.recent);
  }
  found->second.storage_time_ms = std::max(found->second.storage_time_ms, storage_time_ms);
  if (entries_.size() <= max_items_) return;
  const auto oldest = entries_.find(*recent_.back());
  recent_.pop_back();
  entries_.erase(oldest);
}

void ItemTimes::forget_all() {
  recent_.clear();
  entries_.clear();
}

}  // namespace ringway::data
