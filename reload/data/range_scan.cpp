#include "reload/data/range_scan.hpp"

namespace ringway::data {

namespace {

bool same_point(const RingId& a, const RingId& b) { return a == b; }

// A slice that was cut off may end within a resource: that one is left for the next slice.
void drop_cut_resource(std::vector<KindAt>& kinds) {
  const ResourceId last = kinds.back().resource;
  if (kinds.front().resource == last) return;
  while (kinds.back().resource == last) kinds.pop_back();
}

}  // namespace

Result<std::vector<KindAt>> RangeScan::next(const ValueStore& store, std::size_t limit) {
  if (done_) return std::vector<KindAt>{};
  auto listed = store.list(cursor_, up_to_, limit);
  if (!listed) return listed;
  if (listed->size() < limit) {
    done_ = true;
    return listed;
  }
  drop_cut_resource(*listed);
  cursor_ = listed->back().resource;
  // (up_to, up_to] would be everything once more.
  done_ = same_point(cursor_, up_to_);
  return listed;
}

}  // namespace ringway::data
