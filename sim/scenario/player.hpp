// Plays a scenario on a simulation and says what it broke. The same scenario, settings and seed give the same
// run.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "sim/check/violation.hpp"
#include "sim/report/measurements.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/simulation.hpp"

namespace ringway::sim {

struct PlaySettings {
  SimulationSettings simulation;  // the seed is in it
  // Before each statement: how many were done, and which is next.
  std::function<void(std::size_t done, const Statement& next)> progress;
};

struct Run {
  std::uint64_t seed = 0;
  std::vector<Violation> violations;
  Measurements measured;
  std::uint64_t trace_hash = 0;
};

Run play(const Scenario& scenario, const PlaySettings& settings);

}  // namespace ringway::sim
