// The command that a program does not have.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace ringway::services {

// The word that stands where a command of `app` should; empty when `wrong` is about something else. CLI11
// only says that a command is missing.
std::string mistyped_command(const CLI::App& app, const CLI::ParseError& wrong);

}  // namespace ringway::services
