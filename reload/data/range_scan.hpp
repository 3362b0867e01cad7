// Walking over what is stored in a range of the ring, a slice at a time, so that no step takes long.
#pragma once

#include <vector>

#include "reload/data/value_store.hpp"
#include "reload/ids.hpp"

namespace ringway::data {

class RangeScan {
 public:
  RangeScan() = default;
  // (after, up_to]; (x, x] is everything.
  RangeScan(const RingId& after, const RingId& up_to) : cursor_(after), up_to_(up_to), done_(false) {}

  // The next Kinds, whole resources at a time; about `limit` of them. Empty does not mean done.
  Result<std::vector<KindAt>> next(const ValueStore& store, std::size_t limit);
  bool done() const { return done_; }

 private:
  RingId cursor_;
  RingId up_to_;
  bool done_ = true;
};

}  // namespace ringway::data
