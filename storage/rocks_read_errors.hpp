// Which reads that fail have met damage. Other bytes than were written are; so is a place that has not been
// given for a minute (a sector, or a file that has gone). Anything else is of a moment (too many open files,
// a disk that is away, the first failure of a sector): the store cannot be read now, and nobody may take what
// is there for missing.
#pragma once

#include <rocksdb/status.h>

#include <cstddef>
#include <map>
#include <mutex>
#include <string>

#include "reload/time.hpp"

namespace ringway::storage {

inline constexpr WallMs k_sector_is_lost_after_ms = 60'000;
inline constexpr WallMs k_sector_is_forgotten_after_ms = 600'000;  // since it has failed last
inline constexpr std::size_t k_most_failing_keys = 1024;    // then that which failed last longest ago goes
inline constexpr std::size_t k_most_failing_places = 1024;  // so too

class ReadErrors {
 public:
  // Of a read at or behind that key.
  bool is_damage(const rocksdb::Status& status, const std::string& key, WallMs now_ms);
  // It could be read.
  void good(const std::string& key);
  std::size_t keys() const;
  std::size_t places() const;

 private:
  struct Failing {
    WallMs first_ms = 0, last_ms = 0;
    std::string said;  // of a key: the place where it failed last
  };
  using Table = std::map<std::string, Failing>;
  static Failing& note(Table& table, std::size_t most, const std::string& name, WallMs now_ms);

  mutable std::mutex mutex_;  // whoever reads
  Table keys_;
  // By what RocksDB says, which names file and offset: a sector holds many keys, and they have its minute
  // together. (Not alone: with read-ahead one sector has several names.)
  Table places_;
};

}  // namespace ringway::storage
