#include "sim/scenario/scenario.hpp"

#include <utility>

namespace ringway::sim {

namespace {

// Takes the prefix off and says whether the line is for the other size.
bool for_the_other(std::string_view& line, Size size) {
  for (const auto& [prefix, of] : {std::pair{std::string_view("small:"), Size::small},
                                   std::pair{std::string_view("large:"), Size::large}}) {
    if (!line.starts_with(prefix)) continue;
    line.remove_prefix(prefix.size());
    return of != size;
  }
  return false;
}

}  // namespace

Result<Scenario> parse_scenario(std::string name, std::string_view text, Size size) {
  Scenario scenario{std::move(name), {}};
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto length = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, length);
    text.remove_prefix(std::min(length + 1, text.size()));
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    const bool other = for_the_other(line, size);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos || line.starts_with('#')) continue;
    const std::string where = scenario.name + ":" + std::to_string(number) + ": ";
    auto statement = parse_statement(line);
    if (!statement) return Failure{where + statement.error().reason, number};
    if (other) continue;
    if (scenario.statements.size() == k_max_statements)
      return Failure{where + "more than " + std::to_string(k_max_statements) + " statements", number};
    statement->line = number;
    scenario.statements.push_back(std::move(*statement));
  }
  return scenario;
}

std::string text_of(const Scenario& scenario) {
  std::string text;
  for (const Statement& statement : scenario.statements) text += text_of(statement) + "\n";
  return text;
}

}  // namespace ringway::sim
