// What the records ask of a database: a session that runs statements with parameters. One text of each
// statement serves SQLite and PostgreSQL; parameters are $1, $2, ...
//
// Inside this folder the database's trouble is an exception, SqlError: a transaction is many statements, and
// each of them can fail in the same few ways. Pool turns it into a Failure.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "services/enrolld/records/record_types.hpp"

namespace ringway::enrolld {

class SqlError : public std::exception {
 public:
  enum class Kind {
    conflict,   // with another transaction; again may succeed
    lost,       // no connection, nothing was committed; again may succeed
    not_known,  // the connection went while it committed
    refused,    // would be refused again
  };
  SqlError(Kind kind, std::string reason) : kind_(kind), reason_(std::move(reason)) {}
  Kind kind() const { return kind_; }
  bool worth_another_try() const { return kind_ == Kind::conflict || kind_ == Kind::lost; }
  const char* what() const noexcept override { return reason_.c_str(); }

 private:
  Kind kind_;
  std::string reason_;
};

// Ends the transaction without a trace, and the call with this reason.
[[noreturn]] inline void refuse(std::string reason) {
  throw SqlError(SqlError::Kind::refused, std::move(reason));
}

using Value = std::variant<std::monostate, std::int64_t, std::string, Bytes>;

// Each reader refuses a column of another type or size: the database is damaged, or not ours.
class Row {
 public:
  explicit Row(std::vector<Value> values) : values_(std::move(values)) {}
  bool is_null(std::size_t column) const;
  std::int64_t number(std::size_t column) const;
  const std::string& text(std::size_t column) const;
  const Bytes& bytes(std::size_t column) const;
  WallMs time(std::size_t column) const { return static_cast<WallMs>(number(column)); }
  std::optional<WallMs> optional_time(std::size_t column) const;
  Digest digest(std::size_t column) const;
  std::optional<Digest> optional_digest(std::size_t column) const;
  NodeId node(std::size_t column) const;
  std::optional<NodeId> optional_node(std::size_t column) const;

 private:
  template <typename T>
  const T& at(std::size_t column) const;
  std::vector<Value> values_;
};
using Rows = std::vector<Row>;

inline Value value_of(std::int64_t number) { return number; }
Value value_of(WallMs time);
inline Value value_of(std::uint32_t number) { return std::int64_t{number}; }
inline Value value_of(const std::string& text) { return text; }
inline Value value_of(const Bytes& bytes) { return bytes; }
inline Value value_of(const NodeId& node) { return copy_of(node.view()); }
template <std::size_t N>
Value value_of(const std::array<std::uint8_t, N>& bytes) {
  return Bytes(bytes.begin(), bytes.end());
}
template <typename T>
Value value_of(const std::optional<T>& value) {
  return value ? value_of(*value) : Value{};
}
template <typename... T>
std::vector<Value> values(const T&... each) {
  return {value_of(each)...};
}

enum class Access { read, write };

class Session {
 public:
  Session() = default;
  virtual ~Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // A write transaction sees, in each statement, what others have committed before that statement began, and
  // waits for others that have changed the same rows; a read transaction sees one moment.
  virtual void begin(Access access) = 0;
  virtual void commit() = 0;
  virtual void rollback() noexcept = 0;
  virtual Rows run(const std::string& sql, const std::vector<Value>& parameters = {}) = 0;
  // Until the transaction ends nobody else comes past this call.
  virtual void lock_schema() = 0;
  // Several statements of the schema, with {id} (a number that the database counts up), {int}, {blob}, {text}
  // (compared byte-wise) and {table} (behind each table) as this database calls them.
  virtual void run_schema(const std::string& text) = 0;
  // No use any more.
  virtual bool broken() const = 0;
};

// Both databases compare and keep such a text alike: UTF-8 without NUL, `most` bytes at most.
void need_text(const std::string& what, const std::string& text, std::size_t most);

}  // namespace ringway::enrolld
