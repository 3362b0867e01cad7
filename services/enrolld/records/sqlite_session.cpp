#include "services/enrolld/records/sqlite_session.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <unordered_map>

#include "services/enrolld/records/dialect.hpp"

namespace ringway::enrolld {
namespace {

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct FinishStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using StatementPtr = std::unique_ptr<sqlite3_stmt, FinishStatement>;

// The server's secrets (hashes of passwords, addresses) are for its own user; SQLite gives the log's files
// the mode of the database's.
void make_private_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) refuse("cannot open " + path + ": " + std::strerror(errno));
  ::close(file);
}

class SqliteSession final : public Session {
 public:
  SqliteSession(const std::string& path, Duration patience) {
    make_private_file(path);
    sqlite3* opened = nullptr;
    const int status =
        sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    database_.reset(opened);
    check(status);
    sqlite3_extended_result_codes(opened, 1);
    check(sqlite3_busy_timeout(opened, static_cast<int>(std::min<std::int64_t>(patience.count(), INT_MAX))));
    check(sqlite3_db_config(opened, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr));
    const Rows mode = run("PRAGMA journal_mode = WAL");
    if (mode.size() != 1 || mode[0].text(0) != "wal")
      refuse("SQLite cannot keep a write-ahead log beside " + path);
    run("PRAGMA synchronous = FULL");
    run("PRAGMA foreign_keys = ON");
    run("PRAGMA trusted_schema = OFF");
  }

  void begin(Access access) override {
    // A write transaction takes the lock at once: one that began to read first could not wait for it.
    run(access == Access::write ? "BEGIN IMMEDIATE" : "BEGIN");
  }
  void commit() override { run("COMMIT"); }
  void rollback() noexcept override {
    // Some errors have rolled back already.
    if (sqlite3_get_autocommit(database_.get()) != 0) return;
    if (sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr) != SQLITE_OK) broken_ = true;
  }
  Rows run(const std::string& sql, const std::vector<Value>& parameters = {}) override {
    sqlite3_stmt* statement = prepared(sql);
    const Reset reset{statement};
    bind(statement, parameters);
    Rows rows;
    int status = sqlite3_step(statement);
    for (; status == SQLITE_ROW; status = sqlite3_step(statement)) rows.push_back(row_of(statement));
    check(status);
    return rows;
  }
  void lock_schema() override {}  // BEGIN IMMEDIATE has
  void run_schema(const std::string& text) override {
    constexpr Dialect k_dialect{
        .id = "INTEGER PRIMARY KEY", .integer = "INTEGER", .blob = "BLOB", .text = "TEXT", .table = "STRICT"};
    check(sqlite3_exec(database_.get(), in_dialect(text, k_dialect).c_str(), nullptr, nullptr, nullptr));
  }
  bool broken() const override { return broken_; }

 private:
  struct Reset {
    sqlite3_stmt* statement;
    ~Reset() {
      sqlite3_reset(statement);  // repeats the error of the last step, which has been seen
      sqlite3_clear_bindings(statement);
    }
  };

  void check(int status) const {
    if (status == SQLITE_OK || status == SQLITE_DONE) return;
    const int primary = status & 0xff;
    const bool busy = primary == SQLITE_BUSY || primary == SQLITE_LOCKED;
    const char* text = database_ ? sqlite3_errmsg(database_.get()) : sqlite3_errstr(status);
    throw SqlError(busy ? SqlError::Kind::conflict : SqlError::Kind::refused,
                   std::string("database: ") + text);
  }

  sqlite3_stmt* prepared(const std::string& sql) {
    if (const auto known = statements_.find(sql); known != statements_.end()) return known->second.get();
    sqlite3_stmt* statement = nullptr;
    check(sqlite3_prepare_v3(database_.get(), sql.c_str(), static_cast<int>(sql.size()) + 1,
                             SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
    statements_[sql].reset(statement);
    return statement;
  }

  void bind(sqlite3_stmt* statement, const std::vector<Value>& parameters) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      // SQLite numbers $1, $2, ... by where they first stand, not by what they say.
      const int place = sqlite3_bind_parameter_index(statement, ("$" + std::to_string(i + 1)).c_str());
      if (place == 0) refuse("a statement has no parameter " + std::to_string(i + 1));
      check(bind(statement, place, parameters[i]));
    }
  }
  // The values outlive the step, so nothing is copied.
  static int bind(sqlite3_stmt* statement, int place, const Value& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value))
      return sqlite3_bind_int64(statement, place, *number);
    if (const auto* text = std::get_if<std::string>(&value))
      return sqlite3_bind_text64(statement, place, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
    if (const auto* bytes = std::get_if<Bytes>(&value)) {
      if (bytes->empty()) return sqlite3_bind_zeroblob(statement, place, 0);  // no data would be NULL
      return sqlite3_bind_blob64(statement, place, bytes->data(), bytes->size(), SQLITE_STATIC);
    }
    return sqlite3_bind_null(statement, place);
  }

  static Row row_of(sqlite3_stmt* statement) {
    std::vector<Value> row;
    row.reserve(static_cast<std::size_t>(sqlite3_column_count(statement)));
    for (int column = 0; column < sqlite3_column_count(statement); ++column)
      row.push_back(column_of(statement, column));
    return Row(std::move(row));
  }
  static Value column_of(sqlite3_stmt* statement, int column) {
    const auto size = [&] { return static_cast<std::size_t>(sqlite3_column_bytes(statement, column)); };
    switch (sqlite3_column_type(statement, column)) {
      case SQLITE_INTEGER:
        return std::int64_t{sqlite3_column_int64(statement, column)};
      case SQLITE_TEXT: {
        const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
        return std::string(text, size());
      }
      case SQLITE_BLOB: {
        const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, column));
        return Bytes(bytes, bytes + size());
      }
      case SQLITE_NULL:
        return std::monostate{};
      default:
        refuse("the database has a value of the wrong type");
    }
  }

  std::unique_ptr<sqlite3, CloseDatabase> database_;
  std::unordered_map<std::string, StatementPtr> statements_;  // each statement of the program once
  bool broken_ = false;
};

}  // namespace

std::unique_ptr<Session> open_sqlite(const std::string& path, Duration patience) {
  return std::make_unique<SqliteSession>(path, patience);
}

}  // namespace ringway::enrolld
