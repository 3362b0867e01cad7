#include "services/enrolld/records/room.hpp"

#include <algorithm>

namespace ringway::enrolld {

bool Room::take(Session& session) {
  if (left_.fetch_sub(1) > 0) return true;
  const std::int64_t rows = session.run("SELECT count(*) FROM " + table_).at(0).number(0);
  const std::int64_t found = std::min(most_ - rows, k_step);
  left_ = std::max<std::int64_t>(found - 1, 0);
  return found > 0;
}

}  // namespace ringway::enrolld
