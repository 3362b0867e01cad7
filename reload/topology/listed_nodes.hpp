// What the latest Update of each peer listed, its predecessors and then its successors (RFC 6940 §10.7.1).
// Neighbours list mostly each other and the same nodes, so each node is here once: there is one of these at
// each peer, of which a simulation has very many. Made anew with each change, which comes with an Update.
#pragma once

#include <cstdint>
#include <vector>

#include "reload/ids.hpp"

namespace ringway::topology {

// Peers that have listed others, and what they have listed. A peer of any ring needs a few hundred.
inline constexpr std::size_t k_max_listings = 65'535;

class ListedNodes {
 public:
  // Instead of what that peer has listed before; an empty list is one, too. What is beyond k_max_listings is
  // left out: the result says how many of the list, or of its teller.
  std::size_t set(const NodeId& teller, std::vector<NodeId> nodes);
  void erase(const NodeId& teller);
  void clear() { *this = {}; }

  bool contains(const NodeId& teller) const;
  std::vector<NodeId> of(const NodeId& teller) const;  // in the order of its Update
  std::vector<NodeId> tellers() const;                 // ascending
  std::size_t listings() const { return lists_.size() + places_.size(); }
  // Calls `see` with each who tells and whom it has listed.
  template <typename See>
  void for_each(See see) const {
    std::size_t begin = 0;
    for (const List& list : lists_) {
      for (std::size_t i = begin; i < list.end; ++i) see(nodes_[list.teller], nodes_[places_[i]]);
      begin = list.end;
    }
  }

 private:
  using Place = std::uint16_t;  // in nodes_, which has no more than there are listings
  struct List {
    Place teller = 0;
    std::uint16_t end = 0;  // of its part of places_, which begins where the one before ends
  };
  using Lists = std::vector<List>;
  Lists::const_iterator find(const NodeId& teller) const;
  // All lists once more, with this one, or without that peer's.
  void remake(const NodeId& teller, const std::vector<NodeId>* nodes);

  std::vector<NodeId> nodes_;  // each once, ascending
  Lists lists_;                // by their tellers
  std::vector<Place> places_;
};

}  // namespace ringway::topology
