// Questions to DNS, by c-ares on the shared I/O threads: addresses, SRV and NAPTR records as values, a cache
// that keeps to the records' lifetimes, a bound on what is under way. Nothing blocks, and there are no
// threads of its own. What the records are for is not known here.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "reload/result.hpp"
#include "reload/table_size.hpp"
#include "reload/time.hpp"

namespace ringway::net {
class IoPool;  // net/io_pool.hpp: the shared I/O threads
}

namespace ringway::net::dns {

inline constexpr std::size_t k_max_records = 64;  // of one answer; the others are left out

enum class RecordType : std::uint8_t { a, aaaa, srv, naptr };

using Addresses = std::vector<std::string>;  // numeric
// RFC 2782. A target of "." is an empty one.
struct Srv {
  std::uint16_t priority = 0;
  std::uint16_t weight = 0;
  std::uint16_t port = 0;
  std::string target;
  bool operator==(const Srv&) const = default;
};
// RFC 3403 §4.1.
struct Naptr {
  std::uint16_t order = 0;
  std::uint16_t preference = 0;
  std::string flags;
  std::string services;
  std::string regexp;
  std::string replacement;
  bool operator==(const Naptr&) const = default;
};
// Of the type that was asked for. Empty: there is no such name, or it has no such records.
using Records = std::variant<Addresses, std::vector<Srv>, std::vector<Naptr>>;

enum class Problem {
  no_answer,   // in time
  refused,     // servers that refuse, fail or are not there
  bad_answer,  // nonsense
  bad_name,    // not to be asked for
};
struct QueryFailure {
  Problem problem = Problem::no_answer;
  std::string reason;
};
using Answer = Result<Records, QueryFailure>;

struct Settings {
  std::string servers;       // "127.0.0.1:5353,[::1]:53"; empty: those of /etc/resolv.conf
  Duration try_time{1'500};  // for a server's answer, doubled with each round; then the next one is asked
  int tries = 2;             // of each server
  Duration patience{4'000};  // for an answer, however many servers there are
  std::size_t max_queries = 1024;
  std::size_t max_cached = 1024;
  Duration max_lifetime{3'600'000};        // in the cache, whatever the record says
  Duration max_lifetime_of_none{300'000};  // of names and records that are not there (RFC 2308 §5)
  Duration lifetime_of_failure{5'000};     // RFC 9520 §3.2
};

struct Counters {
  std::uint64_t queries = 0;  // that were taken
  std::uint64_t from_cache = 0;
  std::uint64_t joined = 0;        // the same was being asked already
  std::uint64_t asked = 0;         // of the servers
  std::uint64_t failed = 0;        // answers that are a QueryFailure
  std::uint64_t refused_full = 0;  // as many as may be under way
};

struct QueryId {
  std::uint64_t number = 0;
  auto operator<=>(const QueryId&) const = default;
};

class Resolver {
 public:
  // On an I/O thread, once.
  using Done = std::function<void(Answer)>;

  // Fails when the servers of the settings are none.
  static Result<std::shared_ptr<Resolver>> start(IoPool& pool, Settings settings);
  virtual ~Resolver() = default;

  // From any thread; neither blocks. A Failure: too many are under way, or it is
  // stopped; `done` is not called.
  virtual Result<QueryId> query(const std::string& name, RecordType type, Done done) = 0;
  // `done` is not called any more, unless it is on its way.
  virtual void cancel(QueryId query) = 0;

  // Ends all; nothing is told once it returns. Not to be called on an I/O thread.
  virtual void stop() = 0;
  virtual Counters counters() const = 0;
  virtual TableSizes tables() const = 0;
};

}  // namespace ringway::net::dns
