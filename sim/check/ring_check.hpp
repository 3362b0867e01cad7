// Checks of the ring as a whole, and of each peer's tables, on a simulation that stands still.
#pragma once

#include <string>
#include <vector>

#include "reload/table_size.hpp"
#include "sim/simulation.hpp"

namespace ringway::sim {

// How many neighbours on each side a peer has to know (RFC 6940 §10.1).
inline constexpr std::size_t k_ring_depth = 3;

// Not exactly one living peer holds itself responsible for one of these keys; empty when all is well.
std::string responsibility_fault(const Simulation& simulation, const std::vector<std::string>& keys);
// All that this peer has.
TableSizes tables_of(const SimPeer& peer);
// One that has outgrown its bound; empty when none has.
std::string bounds_fault(const TableSizes& tables);

}  // namespace ringway::sim
