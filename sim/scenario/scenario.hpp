// A scenario: the statements of a file. Lines may be blank or begin with #; those that begin with "small:" or
// "large:" are for that size of the scenario only, so that one file has the form that runs for a thousand
// seeds and the one that runs in the night.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reload/result.hpp"
#include "sim/scenario/grammar.hpp"

namespace ringway::sim {

enum class Size { small, large };

inline constexpr std::size_t k_max_statements = 1000;

struct Scenario {
  std::string name;
  std::vector<Statement> statements;
};

// The failure names the line.
Result<Scenario> parse_scenario(std::string name, std::string_view text, Size size);
// One statement a line.
std::string text_of(const Scenario& scenario);

}  // namespace ringway::sim
