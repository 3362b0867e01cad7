// How many more rows a table may take, without counting it each time.
#pragma once

#include <atomic>
#include <string>

#include "services/enrolld/records/sql.hpp"

namespace ringway::enrolld {

// Counts the table when the room that it found last time is used up. Other servers fill the same table
// meanwhile, so the bound may be passed by k_step rows for each of them.
class Room {
 public:
  Room(std::string table, std::int64_t most) : table_(std::move(table)), most_(most) {}

  // False when the table is full.
  bool take(Session& session);

 private:
  static constexpr std::int64_t k_step = 256;
  const std::string table_;
  const std::int64_t most_;
  std::atomic<std::int64_t> left_{0};
};

}  // namespace ringway::enrolld
