// The ReDiR tree over the ring (RFC 7374 §3): which tree node, and which of its intervals, a Node-ID falls
// into at a level, and where a tree node is stored. All of it exact: an interval's bounds are no whole
// numbers when the branching factor is no power of two, so Node-IDs are scaled to numbers of intervals, never
// bounds to Node-IDs.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "reload/ids.hpp"

namespace ringway::redir {

inline constexpr std::uint32_t k_default_branching_factor = 10;  // §8
inline constexpr std::uint32_t k_least_branching_factor = 2;
// A tree node's number has 16 bits on the wire (AMB-47); with more there would be no level but the root.
inline constexpr std::uint32_t k_most_branching_factor = 65535;
inline constexpr unsigned k_usual_start_level = 2;  // §4.2
inline constexpr unsigned k_most_levels = 17;       // with a branching factor of 2: levels 0 to 16

struct TreeNode {
  std::uint16_t level = 0;
  std::uint16_t number = 0;  // from the left, the first is 0 (AMB-47)
  auto operator<=>(const TreeNode&) const = default;
};

class Tree {
 public:
  // A branching factor out of bounds is brought within.
  explicit Tree(std::uint32_t branching_factor);

  // Where b^level still has numbers of 16 bits (AMB-47).
  unsigned deepest_level() const { return deepest_; }
  // The tree node that is responsible for I(level, key); levels to deepest_level() only.
  TreeNode node_for(unsigned level, const RingId& key) const;
  // Of all intervals of that level, from the left.
  std::uint64_t interval(unsigned level, const RingId& key) const;
  bool same_interval(unsigned level, const RingId& a, const RingId& b) const {
    return interval(level, a) == interval(level, b);
  }
  // Whether one of the tree node's intervals holds the key (§5).
  bool holds(const TreeNode& node, const RingId& key) const;

 private:
  std::uint64_t power(unsigned exponent) const;

  std::uint64_t branching_;
  unsigned deepest_ = 0;
};

// namespace ‖ level ‖ node, the numbers in two bytes each (§6, AMB-47).
std::string resource_name_of(std::string_view service, const TreeNode& node);

}  // namespace ringway::redir
