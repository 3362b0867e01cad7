// The ways that the requests of one careful read take: each first hop of this peer is a way, by its rank
// (routing::SendRequest::Way). Whoever sits on one way hides nothing that comes along another.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace ringway::data {

inline constexpr std::uint32_t k_max_ways = 64;

class Ways {
 public:
  // Those that one question has been asked along.
  using Taken = std::bitset<k_max_ways>;

  // One that this question has not taken yet: that has failed least, then that has been used least, then the
  // shortest. Nothing when there is no other.
  std::optional<std::uint32_t> choose(Taken& taken);
  // No answer came along it, or one that cannot be right.
  void failed(std::uint32_t rank) { ++ways_[rank].failures; }
  // This peer has no more ways than that.
  void end_at(std::uint32_t count);

 private:
  struct Way {
    std::uint32_t failures = 0, uses = 0;
  };
  std::array<Way, k_max_ways> ways_{};
  std::uint32_t count_ = k_max_ways;
};

}  // namespace ringway::data
