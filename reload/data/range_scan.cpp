#include "reload/data/range_scan.hpp"

namespace ringway::data {

namespace {

bool same_point(const RingId& a, const RingId& b) { return a == b; }

}  // namespace

Result<std::vector<KindAt>> RangeScan::next(const ValueStore& store, std::size_t limit) {
  if (done_) return std::vector<KindAt>{};
  auto listed = store.list(cursor_, up_to_, limit);
  if (!listed) return listed;
  if (listed->size() < limit) {
    done_ = true;
    return listed;
  }
  cursor_ = listed->back().resource;
  // (up_to, up_to] would be everything once more.
  done_ = same_point(cursor_, up_to_);
  return listed;
}

}  // namespace ringway::data
