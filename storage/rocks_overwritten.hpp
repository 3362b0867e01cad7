// What has been written over Kinds that lie in a damaged block since that was seen. A read across the block
// does not come as far, so these records are looked up one by one. Known for as long as the store is open:
// the next opening sorts the block's file out (rocks_salvage.hpp).
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reload/data/value_store.hpp"

namespace ringway::storage {

inline constexpr std::size_t k_most_overwritten_kinds = 1024;   // further ones are read as far as it goes
inline constexpr std::size_t k_most_overwritten_keys = 65'536;  // of all; then a Kind is read so again

class Overwritten {
 public:
  struct Kind {
    bool whole = false;          // it was dropped: it has these and nothing else
    std::set<std::string> keys;  // in the family of values; some may have been deleted since
  };

  // From now on what is written of that Kind is remembered.
  void begin(const data::KindAt& at);
  // Before the batches are written, so that nobody who sees them misses a key here; and when they are.
  void writing(const std::vector<data::WriteBatch>& batches);
  void written(const std::vector<data::WriteBatch>& batches);

  std::optional<Kind> of(const data::KindAt& at) const;
  // From that resource on, up to but without the other; to the end of the ring when there is none.
  std::vector<data::KindAt> between(const RingId& from, const std::optional<RingId>& end) const;

 private:
  struct Entry : Kind {
    bool overflowed = false;  // keys are missing
    bool dropping = false;    // by what is being written; what follows there is known
  };
  void add(const data::PutRecord& put);

  mutable std::mutex mutex_;  // reads and commits come from different threads
  std::map<data::KindAt, Entry> kinds_;
  std::size_t keys_ = 0;
};

}  // namespace ringway::storage
