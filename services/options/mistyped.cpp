#include "services/options/mistyped.hpp"

namespace ringway::services {

std::string mistyped_command(const CLI::App& app, const CLI::ParseError& wrong) {
  if (wrong.get_exit_code() != static_cast<int>(CLI::ExitCodes::RequiredError)) return "";
  if (!app.get_subcommands().empty()) return "";
  const auto words = app.remaining();
  return words.empty() || words.front().starts_with('-') ? "" : words.front();
}

}  // namespace ringway::services
