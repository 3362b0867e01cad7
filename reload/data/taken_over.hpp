// The ranges that this peer answers for since their peer has gone, for a short time. It was a replica of them
// if it has been here for long; one that has come in just before may not have been given its copies yet
// (RFC 6940 §10.7.1 lets half a minute pass), while the replicas behind it have everything. So what is not
// found here may be there.
#pragma once

#include <vector>

#include "reload/data/ring_digest.hpp"
#include "reload/time.hpp"
#include "reload/topology/ring_view.hpp"

namespace ringway::data {

// The hold-down of RFC 6940 §10.7.1, and as long again for copying.
inline constexpr Duration k_taken_over_for{60'000};
inline constexpr std::size_t k_max_taken_over = 16;  // ranges; then they count as one, the whole ring

class TakenOver {
 public:
  void ring_changed(const Now& now, const topology::RingView& before, const topology::RingView& after);
  bool may_lack(const Now& now, const ResourceId& resource) const;
  std::size_t size() const { return ranges_.size(); }

 private:
  struct Range {
    Span span;
    MonoTime until;
  };
  std::vector<Range> ranges_;
};

}  // namespace ringway::data
