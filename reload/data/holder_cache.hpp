// Which stretch of the ring a peer was found to be responsible for lately, so that reading in one
// neighbourhood does not look for its peers each time. Bounded, and forgotten soon: rings change.
#pragma once

#include <cstddef>
#include <map>
#include <optional>

#include "reload/ids.hpp"
#include "reload/time.hpp"

namespace ringway::data {

inline constexpr std::size_t k_max_cached_owners = 4096;
inline constexpr Duration k_owner_is_known_for{30'000};

class HolderCache {
 public:
  // Whoever lies in [point, owner] is the owner's.
  struct Fact {
    RingId point;
    NodeId owner;
    unsigned ways = 1;  // that have led to it
  };

  // Of one owner the longest stretch is kept.
  void learn(MonoTime now, const Fact& fact);
  // The owner of a point, when at least so many ways led to it.
  std::optional<NodeId> owner_of(MonoTime now, const RingId& point, unsigned ways) const;
  // It was not there when it was asked.
  void forget(const NodeId& owner) { stretches_.erase(owner); }
  void clear() { stretches_.clear(); }
  std::size_t size() const { return stretches_.size(); }

 private:
  struct Stretch {
    RingId point;
    unsigned ways = 1;
    MonoTime learned;
  };
  static bool fresh(const Stretch& stretch, MonoTime now) {
    return now < stretch.learned + k_owner_is_known_for;
  }

  std::map<NodeId, Stretch> stretches_;  // by owner
};

}  // namespace ringway::data
