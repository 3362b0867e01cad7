// Shell completion, written from the tree of commands and options itself.
#pragma once

#include <CLI/App.hpp>

#include <string>

namespace ringway::services {

std::string bash_completion(const CLI::App& app);
std::string zsh_completion(const CLI::App& app);
std::string fish_completion(const CLI::App& app);

}  // namespace ringway::services
