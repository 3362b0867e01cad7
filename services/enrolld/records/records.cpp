#include "services/enrolld/records/records.hpp"

#include "services/enrolld/records/pool.hpp"
#include "services/enrolld/records/postgres_session.hpp"
#include "services/enrolld/records/room.hpp"
#include "services/enrolld/records/schema.hpp"
#include "services/enrolld/records/sqlite_session.hpp"

namespace ringway::enrolld {
namespace {

// How long the outcome of an enrolment can be asked for after its time.
constexpr WallMs k_outcome_ms = 3'600'000;

bool names_postgres(const std::string& database) {
  return database.starts_with("postgresql://") || database.starts_with("postgres://");
}

Result<std::unique_ptr<Pool>> pool_for(const RecordsOptions& options) {
  const std::string& database = options.database;
  const Duration patience = options.patience;
  if (names_postgres(database)) {
    if (!is_postgres_url(database)) return Failure{"the address of the PostgreSQL database cannot be read"};
    if (options.connections == 0) return Failure{"no connection to the database is allowed"};
    return std::make_unique<Pool>([=] { return open_postgres(database, patience); }, options.connections,
                                  patience);
  }
  if (database.empty() || database.find("://") != std::string::npos)
    return Failure{"a database is postgresql://... or the path of a file"};
  // SQLite has one writer at a time anyway; in one process they wait their turn without polling.
  return std::make_unique<Pool>([=] { return open_sqlite(database, patience); }, 1, patience);
}

}  // namespace

Records::Records(const RecordsOptions& options, std::unique_ptr<Pool> pool)
    : options_(options),
      pool_(std::move(pool)),
      pending_room_(std::make_unique<Room>("pending", options.max_pending)),
      limits_room_(std::make_unique<Room>("limits", options.max_limits)) {}
Records::~Records() = default;

Result<std::unique_ptr<Records>> Records::open(const RecordsOptions& options) {
  auto pool = pool_for(options);
  if (!pool) return pool.error();
  const auto migrated = migrate(**pool, migrations());
  if (!migrated) return migrated.error();
  return std::unique_ptr<Records>(new Records(options, std::move(*pool)));
}

Outcome<> Records::check() {
  return pool_->transact(Access::read, [](Session& session) {
    session.run("SELECT count(*) FROM migrations");
    return Done{};
  });
}

Result<std::uint64_t> Records::prune(WallMs now_ms) {
  std::uint64_t dropped = 0;
  const auto drop = [&](const std::string& sql, const Value& bound) {
    return pool_->transact(Access::write, [&](Session& session) {
      return static_cast<std::uint64_t>(session.run(sql, {bound}).size());
    });
  };
  const WallMs forgotten_ms = now_ms > k_outcome_ms ? now_ms - k_outcome_ms : 0;
  // One transaction each, so that nobody waits long.
  for (const auto& result :
       {drop("DELETE FROM pending WHERE expires_ms <= $1 RETURNING 1", value_of(forgotten_ms)),
        drop("DELETE FROM limits WHERE window_end_ms <= $1 RETURNING 1", value_of(now_ms)),
        drop("DELETE FROM invitations WHERE expires_ms <= $1 RETURNING 1", value_of(now_ms)),
        drop("DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - $1 RETURNING 1",
             value_of(options_.max_audit_entries))}) {
    if (!result) return result.error();
    dropped += *result;
  }
  return dropped;
}

bool made_certificate(Verdict verdict) {
  switch (verdict) {
    case Verdict::made_account:
    case Verdict::added_device:
    case Verdict::replaced_device:
    case Verdict::same_device:
    case Verdict::renewed:
      return true;
    default:
      return false;
  }
}

const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::made_account:
      return "made_account";
    case Verdict::added_device:
      return "added_device";
    case Verdict::replaced_device:
      return "replaced_device";
    case Verdict::same_device:
      return "same_device";
    case Verdict::renewed:
      return "renewed";
    case Verdict::wrong_proof:
      return "wrong_proof";
    case Verdict::proof_expired:
      return "proof_expired";
    case Verdict::out_of_attempts:
      return "out_of_attempts";
    case Verdict::proof_used:
      return "proof_used";
    case Verdict::name_taken:
      return "name_taken";
    case Verdict::account_blocked:
      return "account_blocked";
    case Verdict::quota_reached:
      return "quota_reached";
    case Verdict::key_revoked:
      return "key_revoked";
    case Verdict::key_in_use:
      return "key_in_use";
    case Verdict::device_revoked:
      return "device_revoked";
    case Verdict::no_such_device:
      return "no_such_device";
    case Verdict::node_id_taken:
      return "node_id_taken";
  }
  return "?";
}

}  // namespace ringway::enrolld
