// Copies that a peer which leaves has sent here (RFC 6940 §10.9): this peer comes into the replica set only
// when that one has gone, and must not clean them away before.
#pragma once

#include <vector>

#include "reload/data/ring_digest.hpp"
#include "reload/time.hpp"
#include "reload/topology/ring_view.hpp"

namespace ringway::data {

// A leave takes a few seconds; so long until it is noticed, or given up.
inline constexpr Duration k_parting_is_kept{60'000};
inline constexpr std::size_t k_most_partings = 4;  // then the oldest is forgotten

class PartingCopies {
 public:
  // A copy was taken from a peer that stands before the replica set of what it sent.
  void taken(const Now& now, const topology::RingView& view, const NodeId& sender);
  bool keeps(const Now& now, const ResourceId& resource) const;
  std::size_t size() const { return partings_.size(); }

 private:
  struct Parting {
    NodeId sender;
    Span span;
    MonoTime until;
  };
  std::vector<Parting> partings_;  // the oldest first
};

}  // namespace ringway::data
