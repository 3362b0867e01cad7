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

class SalvageMark {
 public:
  explicit SalvageMark(const std::string& directory) : path_(directory + "/" + k_salvage_mark) {}
  // Damage has been met: the next opening is to sort files out. From any thread. A mark that cannot be
  // written is tried again the next time.
  void set(const rocksdb::Status& damage) const;
  // If that is damage for sure; an I/O error may be of a moment.
  void note(const rocksdb::Status& status) const {
    if (status.IsCorruption()) set(status);
  }
  bool is_set() const;
  void remove() const;

 private:
  std::string path_;
  mutable std::atomic<bool> noted_{false};
};

// Of a store that is not open.
Outcome<> salvage(const RocksSettings& settings);

}  // namespace ringway::storage
