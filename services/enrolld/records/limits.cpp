// How often something was asked for, and whether that was too often.
#include <algorithm>

#include "services/enrolld/records/pool.hpp"
#include "services/enrolld/records/records.hpp"
#include "services/enrolld/records/room.hpp"
#include "services/enrolld/records/statements.hpp"

namespace ringway::enrolld {
namespace {

// A key's window starts at its first count: one that all keys shared would let everybody have twice as much
// around its end, which anybody could know. $3 is now, $4 how long a window lasts. It never goes back: the
// clocks of two servers may differ. The count stops behind the limit, so that nobody can make it overflow.
constexpr const char* k_count =
    "count = CASE WHEN limits.window_start_ms + $4 <= $3 THEN 1 WHEN limits.count > $5 THEN limits.count "
    "ELSE limits.count + 1 END, "
    "window_end_ms = CASE WHEN limits.window_start_ms + $4 <= $3 THEN $3 + $4 ELSE limits.window_start_ms + "
    "$4 END, "
    "window_start_ms = CASE WHEN limits.window_start_ms + $4 <= $3 THEN $3 ELSE limits.window_start_ms END";

}  // namespace

Result<Allowance> Records::count_against(const std::string& limit, const std::string& key, Duration window,
                                         std::uint32_t most, WallMs now_ms) {
  if (window.count() <= 0) return Failure{"a limit needs a window of time"};
  const auto length_ms = static_cast<WallMs>(window.count());
  return pool_->transact(Access::write, [&](Session& session) {
    need_text("limit", limit, k_max_text_bytes);
    need_text("key of the limit", key, k_max_text_bytes);
    const auto parameters = values(limit, key, now_ms, length_ms, most);
    const std::string counted = " RETURNING count, window_end_ms";
    Rows rows = session.run(
        std::string("UPDATE limits SET ") + k_count + " WHERE name = $1 AND key = $2" + counted, parameters);
    if (rows.empty()) {
      // So many strangers at once: those that are new wait until older windows have passed.
      if (!limits_room_->take(session)) return Allowance{false, 0, now_ms + length_ms};
      rows =
          session.run(std::string("INSERT INTO limits (name, key, window_start_ms, window_end_ms, count) "
                                  "VALUES ($1, $2, $3, $3 + $4, 1) ON CONFLICT (name, key) DO UPDATE SET ") +
                          k_count + counted,
                      parameters);
    }
    const auto count = static_cast<std::uint32_t>(rows.at(0).number(0));
    return Allowance{count <= most, count, rows[0].time(1)};
  });
}

}  // namespace ringway::enrolld
