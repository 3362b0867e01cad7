// A session with a PostgreSQL server, by libpq.
#pragma once

#include <memory>
#include <string>

#include "services/enrolld/records/sql.hpp"

namespace ringway::enrolld {

// `url` is libpq's: postgresql://user@host/database?parameters; what it does not say (a password, TLS) comes
// from libpq's environment variables and files. Throws SqlError; no reason names the password.
std::unique_ptr<Session> open_postgres(const std::string& url, Duration patience);

// Whether libpq can read it.
bool is_postgres_url(const std::string& url);

}  // namespace ringway::enrolld
