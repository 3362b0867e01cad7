// What is done about a data file of which a block is damaged. While the store is open nothing can be: its
// other blocks are read as ever. The folder is marked; whoever opens the store next has RocksDB sort out the
// files that cannot be read whole (they go to the folder lost/, for people), before a compaction fails over
// them. Values come back from the replicas, and their certificates with them; what the peer kept for itself
// (facts) nobody else has.
#pragma once

#include <rocksdb/status.h>

#include <atomic>
#include <string>

#include "reload/result.hpp"
#include "storage/rocks_store.hpp"

namespace ringway::storage {

inline constexpr const char* k_salvage_mark = "DAMAGED";  // a file in the store's folder

// Of reading: other bytes than were written, or none, while the store itself goes on.
bool is_damage(const rocksdb::Status& status);

class SalvageMark {
 public:
  explicit SalvageMark(const std::string& directory) : path_(directory + "/" + k_salvage_mark) {}
  // A read has failed so: the next opening is to sort files out if one of them is damaged. From any thread.
  void note(const rocksdb::Status& status) const;
  bool is_set() const;
  void remove() const;

 private:
  std::string path_;
  mutable std::atomic<bool> noted_{false};
};

// Of a store that is not open.
Outcome<> salvage(const RocksSettings& settings);

}  // namespace ringway::storage
