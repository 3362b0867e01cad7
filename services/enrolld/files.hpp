// Files of the authority: read whole, written atomically, secrets readable by their owner only.
#pragma once

#include <string>

#include "reload/result.hpp"

namespace ringway::enrolld {

enum class Access { everyone, owner_only };

Result<std::string> read_file(const std::string& path);
// Through a temporary file and a rename, so that a crash leaves the old file or the new one.
Outcome<> write_file(const std::string& path, const std::string& contents, Access access);
Outcome<> make_directory(const std::string& path);
bool exists(const std::string& path);

}  // namespace ringway::enrolld
