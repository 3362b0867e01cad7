// A session with a SQLite file: write-ahead log, every commit synced, readable by its owner alone.
#pragma once

#include <memory>
#include <string>

#include "services/enrolld/records/sql.hpp"

namespace ringway::enrolld {

// Makes the file if there is none. Waits for others up to `patience`. Throws SqlError.
std::unique_ptr<Session> open_sqlite(const std::string& path, Duration patience);

}  // namespace ringway::enrolld
