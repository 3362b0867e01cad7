// The tables, and how they came to be: numbered migrations, each in one transaction, each carried out once
// however many servers start at the same moment.
#pragma once

#include <span>
#include <string>

#include "services/enrolld/records/pool.hpp"

namespace ringway::enrolld {

// Version n is made by the n-th; a migration that has been released is never changed.
struct Migration {
  std::string name;
  std::string sql;  // in the words of Session::run_schema
};
std::span<const Migration> migrations();

// Brings the database to version steps.size(). Refused when it is at a later one: an old program could damage
// it.
Outcome<> migrate(Pool& pool, std::span<const Migration> steps);

}  // namespace ringway::enrolld
