// The report of one or more runs as JSON, for programs: `hops.mean`, `lookups.ok` and so on are members of
// members.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/check/violation.hpp"
#include "sim/report/measurements.hpp"
#include "sim/trace.hpp"

namespace ringway::sim {

// Runs of one scenario with several seeds. What they measured is put together.
struct Report {
  std::string scenario;  // its file; empty: the program's own
  std::uint64_t first_seed = 0;
  std::uint64_t runs = 0;
  std::string crypto;  // which was used
  std::string ring;    // "grown" or "built", when it was asked for by its size
  double wall_s = 0;
  // Of all runs' traces in their order (sim/trace.hpp): the same seeds give the same, byte for byte.
  Trace trace;
  Measurements measured;
  struct Broken {
    std::uint64_t seed = 0;
    Violation violation;
  };
  std::vector<Broken> violations;
  std::vector<std::string> shortest;  // statements that still break the first violation's law, if looked for
};

std::string json_of(const Report& report);
// Adds what another run has measured.
void add(Measurements& all, Measurements one);

}  // namespace ringway::sim
