// The ways that the requests of one careful read take. Each first hop of this peer is a way, by its rank
// (routing::SendRequest::Way): whoever sits on one way hides nothing that comes along another, but near their
// end all ways come together. So peers that have answered are ways as well: a relay passes the request on
// (they stand before its destination in the destination list, RFC 6940 §6.1), and one that is near to the
// destination on the ring has a link to it. Answers are signed, so a relay can keep them back and nothing
// else.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "reload/ids.hpp"

namespace ringway::data {

inline constexpr std::uint32_t k_max_ways = 64;
inline constexpr std::size_t k_most_relays = 3;  // on one way
inline constexpr std::size_t k_max_known_ways = 256;

struct Route {
  std::uint32_t rank = 0;      // of the first hop
  std::vector<NodeId> relays;  // in the order in which it comes to them
  bool operator==(const Route&) const = default;
};

class Ways {
 public:
  // Those that one question has been asked along.
  struct Taken {
    std::bitset<k_max_ways> ranks;
    std::vector<NodeId> relays;
    bool known = false;  // that along which the node itself has answered
    unsigned asked = 0;
  };

  // One that this question has not taken yet: of the first hops the one that has failed least, then that has
  // been used least, then the shortest. Nothing when there is no other.
  std::optional<Route> to_point(Taken& taken, const RingId& point);
  std::optional<Route> through_relay(Taken& taken, const RingId& point) { return relay(taken, point); }
  // That along which the node has answered, or through `by`, which has named it; then relays and first hops
  // in turn.
  std::optional<Route> to_node(Taken& taken, const NodeId& node, const std::optional<NodeId>& by = {});
  // That node has answered along that way, and so have its relays passed on.
  void reached(const NodeId& node, const Route& route);
  // No answer came along it, or one that cannot be right.
  void failed(const Route& route);
  // Nor from that node; whoever is silent along the way along which it has answered is no good relay.
  void failed(const Route& route, const NodeId& node);
  // This peer has no more ways than that.
  void end_at(std::uint32_t count);

 private:
  struct Way {
    std::uint32_t failures = 0, uses = 0;
  };
  struct Known {
    Route route;
    unsigned failures = 0, successes = 0;  // as a relay
  };

  std::optional<Route> first_hop(Taken& taken);
  std::optional<Route> relay(Taken& taken, const RingId& target);
  static bool can_relay(const Route& route, const RingId& relay, const RingId& target);
  Route through(const NodeId& relay) const;

  std::array<Way, k_max_ways> ways_{};
  std::uint32_t count_ = k_max_ways;
  std::map<NodeId, Known> known_;  // k_max_known_ways at most
};

}  // namespace ringway::data
