// Since when the peers that hold a resource are the same, as far as this peer sees: who has just come holds
// nothing yet of what it was not given. In a ring that changes all the time most of them still are.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include "reload/data/value_store.hpp"
#include "reload/time.hpp"
#include "reload/topology/ring_view.hpp"

namespace ringway::data {

inline constexpr std::size_t k_most_earlier_views = 64;  // before that, all sets count as others

class SetChanges {
 public:
  // `long_enough`: a set that has been the same so long is settled.
  explicit SetChanges(Duration long_enough) : long_enough_(long_enough) {}

  // `before` was the view until now.
  void changed(MonoTime now, topology::RingViewPtr before);
  bool is_settled(MonoTime now, const topology::RingView& view, const ResourceId& resource) const;
  std::size_t size() const { return earlier_.size(); }

 private:
  struct Earlier {
    topology::RingViewPtr view;
    MonoTime until;
  };
  Duration long_enough_;
  std::deque<Earlier> earlier_;              // the oldest first
  std::optional<MonoTime> forgotten_until_;  // the last of those that had to make room
};

}  // namespace ringway::data
