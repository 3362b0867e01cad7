// Where the names of an authority's folder are given: a server that enrols leaves word in the folder of which
// records it keeps.
#pragma once

#include <string>
#include <vector>

#include "reload/result.hpp"

namespace ringway::enrolld {

// What the mark says of a database that is no file: its address may hold a password.
inline constexpr const char* k_postgres_records = "postgresql";

// `database`, as RecordsOptions has it, in the words of the mark: a file's full path, or k_postgres_records.
std::string marked_as(const std::string& database);

// All records that ever gave names of the folder; none when no server has ever served it.
Result<std::vector<std::string>> read_served_mark(const std::string& directory);
// Adds `database` to them, and says which they are then: more than one when somebody serves the folder with
// other records than before.
Result<std::vector<std::string>> write_served_mark(const std::string& directory, const std::string& database);

}  // namespace ringway::enrolld
