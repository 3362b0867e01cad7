// A command as it may be typed into a shell.
#pragma once

#include <string>
#include <vector>

namespace ringway::services {

// The words with spaces between them; those that a shell would not leave as they are in quotes.
std::string command_text(const std::vector<std::string>& command);

}  // namespace ringway::services
