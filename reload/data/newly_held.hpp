// The ranges that this peer has come to hold, for a short time: by joining, or since a peer has gone. Those
// who held them before have everything; this one may not have been given it yet (RFC 6940 §10.7.1 lets half a
// minute pass; a peer that admits another may itself have just come). Nor has one that was cut off and alone
// what was written meanwhile. So what is not found here may be there. That the range has been compared does
// not end this: the replicas may have come as lately, and nothing that peers tell each other says so.
#pragma once

#include <vector>

#include "reload/data/ring_digest.hpp"
#include "reload/time.hpp"
#include "reload/topology/ring_view.hpp"

namespace ringway::data {

inline constexpr Duration k_copying_takes{30'000};   // after the hold-down of RFC 6940 §10.7.1
inline constexpr std::size_t k_max_newly_held = 16;  // ranges; then they count as one, the whole ring

class NewlyHeld {
 public:
  explicit NewlyHeld(Duration successor_hold_down) : lasts_(successor_hold_down + k_copying_takes) {}

  void ring_changed(const Now& now, const topology::RingView& before, const topology::RingView& after);
  bool may_lack(const Now& now, const ResourceId& resource) const;
  std::size_t size() const { return ranges_.size(); }

 private:
  struct Range {
    Span span;
    MonoTime until;
  };
  void add(const Now& now, const Span& span);

  Duration lasts_;
  std::vector<Range> ranges_;
  bool lost_others_ = false;  // is alone, and was not always
};

}  // namespace ringway::data
