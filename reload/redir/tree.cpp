#include "reload/redir/tree.hpp"

#include <algorithm>
#include <array>

namespace ringway::redir {

namespace {

constexpr std::uint64_t k_most_nodes_of_a_level = 65536;
constexpr std::size_t k_limbs = 4;
constexpr unsigned k_limb_bits = 32;

// floor(key * count / 2^128). `count` is below 2^32, so nothing overflows.
std::uint64_t scaled(const RingId& key, std::uint64_t count) {
  const std::array<std::uint64_t, k_limbs> limbs{key.low() & 0xFFFFFFFFU, key.low() >> k_limb_bits,
                                                 key.high() & 0xFFFFFFFFU, key.high() >> k_limb_bits};
  std::uint64_t carry = 0;
  for (const std::uint64_t limb : limbs) carry = (limb * count + carry) >> k_limb_bits;
  return carry;
}

}  // namespace

Tree::Tree(std::uint32_t branching_factor)
    : branching_(std::clamp(branching_factor, k_least_branching_factor, k_most_branching_factor)) {
  while (power(deepest_ + 1) <= k_most_nodes_of_a_level) ++deepest_;
}

std::uint64_t Tree::power(unsigned exponent) const {
  std::uint64_t result = 1;
  for (unsigned i = 0; i < exponent; ++i) result *= branching_;
  return result;
}

std::uint64_t Tree::interval(unsigned level, const RingId& key) const {
  return scaled(key, power(level + 1));
}

TreeNode Tree::node_for(unsigned level, const RingId& key) const {
  return {static_cast<std::uint16_t>(level), static_cast<std::uint16_t>(scaled(key, power(level)))};
}

bool Tree::holds(const TreeNode& node, const RingId& key) const {
  return node.level <= deepest_ && node_for(node.level, key) == node;
}

std::string resource_name_of(std::string_view service, const TreeNode& node) {
  std::string name(service);
  for (const std::uint16_t number : {node.level, node.number}) {
    name.push_back(static_cast<char>(number >> 8U));
    name.push_back(static_cast<char>(number & 0xFFU));
  }
  return name;
}

}  // namespace ringway::redir
