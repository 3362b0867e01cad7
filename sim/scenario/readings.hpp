// Reading what a scenario has written, and judging what was read.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/scenario/stage.hpp"

namespace ringway::sim {

struct Reading {
  // A quiet ring has to show everything that was acknowledged; any other may not have it at hand.
  bool quiet = false;
  // A call that fails without saying what is stored is made again so often, through another peer.
  int tries = 1;
};
struct Misread {
  std::string key;
  Law law;
  std::string what;
};
// Reads these keys, each through a peer of its own. What nobody has written is a violation at once; what else
// a quiet ring should have shown is given back.
std::vector<Misread> read_values(Stage& stage, const std::vector<std::string>& keys, Reading how);

}  // namespace ringway::sim
