#include "reload/data/ways.hpp"

#include <algorithm>
#include <tuple>

namespace ringway::data {

namespace {

// A question to a point is asked along so many first hops before relays are tried.
constexpr unsigned k_first_hops_first = 3;

RingId apart(const RingId& a, const RingId& b) { return std::min(ring_distance(a, b), ring_distance(b, a)); }

bool contains(const std::vector<NodeId>& nodes, const RingId& node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

}  // namespace

std::optional<Route> Ways::to_point(Taken& taken, const RingId& point) {
  const unsigned asked = taken.asked++;
  if (asked >= k_first_hops_first && asked % 2 == 1)
    if (auto route = relay(taken, point)) return route;
  if (auto route = first_hop(taken)) return route;
  return relay(taken, point);
}

std::optional<Route> Ways::to_node(Taken& taken, const NodeId& node, const std::optional<NodeId>& by) {
  const auto known = known_.find(node);
  if (!taken.known && known != known_.end()) {
    taken.known = true;
    const Route& route = known->second.route;
    if (route.relays.empty()) {
      taken.ranks.set(route.rank);
    } else {
      taken.relays.push_back(route.relays.back());
    }
    return route;
  }
  if (by && !contains(taken.relays, *by)) {
    const auto relay = known_.find(*by);
    if (relay != known_.end() && can_relay(relay->second.route, *by, node)) {
      taken.relays.push_back(*by);
      return through(*by);
    }
  }
  if (taken.asked++ % 2 == 0)
    if (auto route = relay(taken, node)) return route;
  if (auto route = first_hop(taken)) return route;
  return relay(taken, node);
}

std::optional<Route> Ways::first_hop(Taken& taken) {
  std::optional<std::uint32_t> best;
  const auto cost = [&](std::uint32_t rank) {
    return std::tuple(ways_[rank].failures, ways_[rank].uses, rank);
  };
  for (std::uint32_t rank = 0; rank < count_; ++rank)
    if (!taken.ranks.test(rank) && (!best || cost(rank) < cost(*best))) best = rank;
  if (!best) return std::nullopt;
  taken.ranks.set(*best);
  ++ways_[*best].uses;
  return Route{*best, {}};
}

// The nearest that has not failed more often than it has passed something on.
std::optional<Route> Ways::relay(Taken& taken, const RingId& target) {
  const auto cost = [&](const auto& one) {
    const Known& known = one.second;
    return std::tuple(known.failures - std::min(known.failures, known.successes), apart(one.first, target));
  };
  auto best = known_.end();
  for (auto at = known_.begin(); at != known_.end(); ++at) {
    if (!can_relay(at->second.route, at->first, target) || contains(taken.relays, at->first)) continue;
    if (best == known_.end() || cost(*at) < cost(*best)) best = at;
  }
  if (best == known_.end()) return std::nullopt;
  taken.relays.push_back(best->first);
  return through(best->first);
}

// No node may be in a destination list twice (ROUTE-21).
bool Ways::can_relay(const Route& route, const RingId& relay, const RingId& target) {
  return route.relays.size() < k_most_relays && relay != target && !contains(route.relays, target);
}

Route Ways::through(const NodeId& relay) const {
  Route route = known_.at(relay).route;
  route.relays.push_back(relay);
  return route;
}

void Ways::reached(const NodeId& node, const Route& route) {
  if (!route.relays.empty())
    if (const auto last = known_.find(route.relays.back()); last != known_.end()) ++last->second.successes;
  const auto known = known_.find(node);
  if (known == known_.end()) {
    if (known_.size() < k_max_known_ways) known_[node].route = route;
  } else if (route.relays.size() < known->second.route.relays.size()) {
    known->second.route = route;
  }
}

void Ways::failed(const Route& route) {
  if (route.relays.empty()) {
    ++ways_[route.rank].failures;
  } else if (const auto last = known_.find(route.relays.back()); last != known_.end()) {
    ++last->second.failures;
  }
}

void Ways::failed(const Route& route, const NodeId& node) {
  failed(route);
  if (const auto known = known_.find(node); known != known_.end() && known->second.route == route)
    ++known->second.failures;
}

void Ways::end_at(std::uint32_t count) { count_ = std::min(count_, count); }

}  // namespace ringway::data
