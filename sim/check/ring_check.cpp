#include "sim/check/ring_check.hpp"

#include "reload/ids.hpp"

namespace ringway::sim {

std::string responsibility_fault(const Simulation& simulation, const std::vector<std::string>& keys) {
  std::vector<std::pair<PeerNumber, topology::RingViewPtr>> views;
  for (const PeerNumber number : simulation.living())
    views.emplace_back(number, simulation.peer(number).view());
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

TableSizes tables_of(const SimPeer& peer) {
  TableSizes all = peer.routing().tables();
  const TableSizes of_inspection = peer.inspection_tables();
  all.insert(all.end(), of_inspection.begin(), of_inspection.end());
  // What was never needed is empty.
  if (!peer.has_data()) return all;
  for (const auto& part : {peer.storage().tables(), peer.replication().tables()})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

std::string bounds_fault(const TableSizes& tables) {
  for (const TableSize& table : tables)
    if (table.size > table.bound)
      return std::to_string(table.size) + " " + table.name + ", more than " + std::to_string(table.bound);
  return {};
}

}  // namespace ringway::sim
