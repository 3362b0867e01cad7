#include "sim/check/ring_check.hpp"

#include <array>

#include "reload/ids.hpp"

namespace ringway::sim {

std::string responsibility_fault(const Simulation& simulation, const std::vector<std::string>& keys) {
  std::vector<std::pair<PeerNumber, topology::RingViewPtr>> views;
  for (const PeerNumber number : simulation.living())
    views.emplace_back(number, simulation.peer(number).status().view);
  for (const std::string& key : keys) {
    const ResourceId resource = resource_id_of(key);
    std::string claims;
    std::size_t count = 0;
    for (const auto& [number, view] : views) {
      if (!view || !view->responsible_for(resource)) continue;
      ++count;
      claims += " " + std::to_string(number);
    }
    if (count == 0) return "no peer is responsible for " + key;
    if (count > 1) return "several peers are responsible for " + key + ":" + claims;
  }
  return {};
}

std::string bounds_fault(const SimPeer& peer, const SimulationSettings& bounds) {
  const auto routing = peer.status();
  const auto storage = peer.storage().statistics();
  const auto replication = peer.replication().statistics();
  struct Table {
    const char* name;
    std::size_t size;
    std::size_t bound;
  };
  const auto tables = std::to_array<Table>({
      {"links", routing.links.size(), bounds.routing.max_links},
      {"transactions", routing.transactions, bounds.routing.max_transactions},
      {"requests that wait", storage.pending_requests, bounds.storage.max_pending_requests},
      {"calls", storage.pending_calls, bounds.storage.max_pending_calls},
      {"decoded Kinds", storage.cached_kinds, bounds.storage.max_cached_kinds},
      {"values that wait for their copies", replication.pending_values,
       bounds.replication.max_pending_values},
  });
  for (const Table& table : tables)
    if (table.size > table.bound)
      return std::to_string(table.size) + " " + table.name + ", more than " + std::to_string(table.bound);
  return {};
}

}  // namespace ringway::sim
