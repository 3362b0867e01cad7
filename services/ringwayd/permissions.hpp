// File permissions that are probably not meant: looked at once when a peer starts, and warned of.
#pragma once

#include <string>

namespace ringway::services {

// Empty when there is nothing to say. Only the folder that the socket lies in is looked at, not those above
// it.
std::string socket_warning(const std::string& socket_path, unsigned socket_mode);
// What is in the data folder can be read by everyone on this machine.
std::string data_folder_warning(const std::string& folder);

}  // namespace ringway::services
