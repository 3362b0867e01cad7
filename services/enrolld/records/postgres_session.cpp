#include "services/enrolld/records/postgres_session.hpp"

#include <libpq-fe.h>

#include <charconv>
#include <cstring>
#include <unordered_map>

#include "services/enrolld/records/dialect.hpp"

namespace ringway::enrolld {
namespace {

struct CloseConnection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
struct FreeMemory {
  void operator()(void* memory) const { PQfreemem(memory); }
};
using ResultPtr = std::unique_ptr<PGresult, ClearResult>;

// The types of pg_type.dat that we write and read.
constexpr Oid k_bytea = 17;
constexpr Oid k_int8 = 20;
constexpr Oid k_int2 = 21;
constexpr Oid k_int4 = 23;
constexpr Oid k_text = 25;

// Parameters in the arrays that libpq takes; numbers as text, bytes as they are.
struct Parameters {
  explicit Parameters(const std::vector<Value>& from) {
    numbers.reserve(from.size());  // `data` points into it
    for (const Value& value : from) add(value);
  }
  void add(const Value& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      numbers.push_back(std::to_string(*number));
      add(k_int8, numbers.back().c_str(), 0, 0);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      add(k_text, text->c_str(), 0, 0);
    } else if (const auto* bytes = std::get_if<Bytes>(&value)) {
      const char* start =
          bytes->empty() ? "" : reinterpret_cast<const char*>(bytes->data());  // none would be NULL
      add(k_bytea, start, bytes->size(), 1);
    } else {
      add(0, nullptr, 0, 0);
    }
  }
  void add(Oid type, const char* start, std::size_t size, int format) {
    types.push_back(type);
    data.push_back(start);
    sizes.push_back(static_cast<int>(size));
    formats.push_back(format);
  }
  int count() const { return static_cast<int>(data.size()); }

  std::vector<std::string> numbers;
  std::vector<Oid> types;
  std::vector<const char*> data;
  std::vector<int> sizes;
  std::vector<int> formats;  // 1: binary
};

void ignore_notice(void*, const PGresult*) {}

// "ERROR:  text\n" over several lines, as one.
std::string one_line(const char* message) {
  std::string line = message == nullptr ? "no reason given" : message;
  while (!line.empty() && line.back() == '\n') line.pop_back();
  for (char& c : line) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  return "database: " + line;
}

// Which of the errors of PostgreSQL's appendix A pass.
SqlError::Kind kind_of(std::string_view state) {
  // Serialization failure, deadlock and the like; a lock waited for too long.
  if (state.starts_with("40") || state == "55P03") return SqlError::Kind::conflict;
  // Connections, too many of them, a server that stops or starts.
  if (state.starts_with("08") || state == "53300" || state.starts_with("57P0") || state == "25P03")
    return SqlError::Kind::lost;
  return SqlError::Kind::refused;
}

class PostgresSession final : public Session {
 public:
  PostgresSession(const std::string& url, Duration patience) {
    const std::string seconds = std::to_string(std::max<std::int64_t>(2, patience.count() / 1000));
    // Later ones win, so the URL can say otherwise.
    const char* const names[] = {"connect_timeout", "tcp_user_timeout", "application_name", "dbname",
                                 nullptr};
    const char* const texts[] = {seconds.c_str(), "20000", "ringway-enrolld", url.c_str(), nullptr};
    connection_.reset(PQconnectdbParams(names, texts, 1));
    if (PQstatus(connection_.get()) != CONNECTION_OK)
      throw SqlError(SqlError::Kind::lost, one_line(PQerrorMessage(connection_.get())));
    PQsetNoticeReceiver(connection_.get(), ignore_notice, nullptr);
    check_encoding();
    const std::string patience_ms = std::to_string(patience.count());
    command("SET lock_timeout = " + patience_ms);
    // A server that hangs with a transaction open must not hold up the others for ever.
    command("SET statement_timeout = 30000");
    command("SET idle_in_transaction_session_timeout = 60000");
    command("SET synchronous_commit = on");
    command("SET client_encoding = 'UTF8'");
  }

  void begin(Access access) override {
    command(access == Access::write ? "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
                                    : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  }
  void commit() override {
    const ResultPtr result(PQexec(connection_.get(), "COMMIT"));
    if (PQstatus(connection_.get()) != CONNECTION_OK)
      throw SqlError(SqlError::Kind::not_known,
                     "the connection to the database was lost while it committed: the outcome is not known");
    check(result.get());
    // PostgreSQL answers ROLLBACK to the COMMIT of a transaction that had failed.
    if (std::strcmp(PQcmdStatus(result.get()), "COMMIT") != 0)
      refuse("database: the transaction was not committed");
  }
  void rollback() noexcept override {
    if (PQtransactionStatus(connection_.get()) == PQTRANS_IDLE) return;
    const ResultPtr result(PQexec(connection_.get(), "ROLLBACK"));
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) failed_ = true;
  }
  Rows run(const std::string& sql, const std::vector<Value>& parameters = {}) override {
    const Parameters arrays(parameters);
    const std::string& name = prepared(sql, arrays);
    const ResultPtr result(PQexecPrepared(connection_.get(), name.c_str(), arrays.count(), arrays.data.data(),
                                          arrays.sizes.data(), arrays.formats.data(), 0));
    check(result.get());
    Rows rows;
    for (int row = 0; row < PQntuples(result.get()); ++row) rows.push_back(row_of(result.get(), row));
    return rows;
  }
  void lock_schema() override {
    command("SELECT pg_advisory_xact_lock(7243562840)");  // any number that nobody else uses in this database
  }
  void run_schema(const std::string& text) override {
    constexpr Dialect k_dialect{.id = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
                                .integer = "BIGINT",
                                .blob = "BYTEA",
                                .text = "TEXT COLLATE \"C\"",
                                .table = ""};
    command(in_dialect(text, k_dialect));
  }
  bool broken() const override { return failed_ || PQstatus(connection_.get()) != CONNECTION_OK; }

 private:
  // Names are kept as UTF-8; another encoding could not hold them all.
  void check_encoding() {
    const char* encoding = PQparameterStatus(connection_.get(), "server_encoding");
    if (encoding == nullptr || std::strcmp(encoding, "UTF8") != 0)
      refuse("the database's encoding must be UTF8");
  }
  void command(const std::string& sql) { check(ResultPtr(PQexec(connection_.get(), sql.c_str())).get()); }

  void check(const PGresult* result) const {
    const auto status = PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return;
    const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const bool lost = PQstatus(connection_.get()) != CONNECTION_OK;
    // The message of the connection lies past the result's: a result without state is libpq's own.
    throw SqlError(lost ? SqlError::Kind::lost : kind_of(state == nullptr ? "" : state),
                   one_line(lost ? PQerrorMessage(connection_.get()) : PQresultErrorMessage(result)));
  }

  const std::string& prepared(const std::string& sql, const Parameters& arrays) {
    if (const auto known = statements_.find(sql); known != statements_.end()) return known->second;
    std::string name = "s" + std::to_string(statements_.size());
    const ResultPtr result(
        PQprepare(connection_.get(), name.c_str(), sql.c_str(), arrays.count(), arrays.types.data()));
    check(result.get());
    return statements_.emplace(sql, std::move(name)).first->second;
  }

  static Row row_of(const PGresult* result, int row) {
    std::vector<Value> values;
    values.reserve(static_cast<std::size_t>(PQnfields(result)));
    for (int column = 0; column < PQnfields(result); ++column)
      values.push_back(value_at(result, row, column));
    return Row(std::move(values));
  }
  static Value value_at(const PGresult* result, int row, int column) {
    if (PQgetisnull(result, row, column) != 0) return std::monostate{};
    const char* text = PQgetvalue(result, row, column);
    const auto size = static_cast<std::size_t>(PQgetlength(result, row, column));
    switch (PQftype(result, column)) {
      case k_int2:
      case k_int4:
      case k_int8: {
        std::int64_t number = 0;
        if (std::from_chars(text, text + size, number).ptr != text + size)
          refuse("the database sent no number");
        return number;
      }
      case k_bytea: {
        std::size_t count = 0;
        const std::unique_ptr<unsigned char, FreeMemory> bytes(
            PQunescapeBytea(reinterpret_cast<const unsigned char*>(text), &count));
        if (!bytes) throw std::bad_alloc();
        return Bytes(bytes.get(), bytes.get() + count);
      }
      default:
        return std::string(text, size);
    }
  }

  std::unique_ptr<PGconn, CloseConnection> connection_;
  std::unordered_map<std::string, std::string> statements_;  // each statement of the program once: text, name
  bool failed_ = false;
};

}  // namespace

bool is_postgres_url(const std::string& url) {
  char* error = nullptr;
  PQconninfoOption* options = PQconninfoParse(url.c_str(), &error);
  PQfreemem(error);  // may quote a password
  if (options == nullptr) return false;
  PQconninfoFree(options);
  return true;
}

std::unique_ptr<Session> open_postgres(const std::string& url, Duration patience) {
  return std::make_unique<PostgresSession>(url, patience);
}

}  // namespace ringway::enrolld
