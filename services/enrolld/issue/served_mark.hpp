// Where the names of an authority's folder are given: a server that enrols leaves word in the folder of which
// records it keeps.
#pragma once

#include <optional>
#include <string>

#include "reload/result.hpp"

namespace ringway::enrolld {

struct ServedMark {
  std::string file;  // of SQLite; empty: a database elsewhere, whose address may hold a password
};

// Nothing when no server has ever served the folder.
Result<std::optional<ServedMark>> read_served_mark(const std::string& directory);
// `database`: as RecordsOptions has it. Writes nothing when the folder says so already.
Outcome<> write_served_mark(const std::string& directory, const std::string& database);

}  // namespace ringway::enrolld
