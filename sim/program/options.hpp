// What the command line of ringway-sim asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sim/planted_bugs.hpp"
#include "sim/scenario/scenario.hpp"

namespace ringway::sim {

// More peers than these would take too long to join one by one: they are there at once.
inline constexpr std::size_t k_most_grown = 2'000;

struct Options {
  std::size_t peers = 0;
  std::string scenario_file;  // empty: grow a ring and look keys up
  Size size = Size::large;
  std::uint64_t first_seed = 1;
  std::uint64_t last_seed = 1;
  std::uint64_t lookups = 1000;
  std::string report_file;
  std::string plot_file;
  std::uint64_t shrink_s = 60;  // how long the shortest scenario is looked for
  bool real_crypto = false;
  PlantedBug planted_bug = PlantedBug::none;
};

// None when the program is to end with that exit code: help was asked for, or the command line is wrong.
struct Parsed {
  std::optional<Options> options;
  int exit_code = 0;
};
Parsed parse_options(int argc, char** argv);

}  // namespace ringway::sim
