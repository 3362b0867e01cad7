// The shortest scenario that still breaks the same law: statements are left out (delta debugging) and counts
// and shares halved, as long as it fails. What a scenario waits for, and what ends a fault, stays while there
// is something to wait for or to end: without it the rest would fail for a reason of its own.
#pragma once

#include <cstddef>
#include <functional>

#include "sim/check/violation.hpp"
#include "sim/scenario/scenario.hpp"

namespace ringway::sim {

struct ShrinkLimits {
  std::size_t runs = 400;
  // Asked before each run; false ends the search.
  std::function<bool()> time_is_left = [] { return true; };
};
struct Shrunk {
  Scenario scenario;
  std::size_t runs = 0;
};
// `fails` plays a scenario and says whether it breaks the law in question; `scenario` does.
Shrunk shrink(Scenario scenario, const std::function<bool(const Scenario&)>& fails,
              const ShrinkLimits& limits = {});

// Everything in the scenario has what it needs: no fault is left without its end that had one before, and
// each wait stands behind what it waited for.
bool keeps_its_waits(const Scenario& whole, const std::vector<bool>& kept);

}  // namespace ringway::sim
