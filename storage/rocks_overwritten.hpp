// What has been written over Kinds that lie in a damaged block since that was seen. A read across the block
// does not come as far, so these records are looked up one by one. Known for as long as the store is open:
// the next opening sorts the block's file out (rocks_salvage.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reload/data/value_store.hpp"

namespace ringway::storage {

// Past these, Kinds that were seen and not written since make room; where there are none, and when there are
// more keys, the next ones are read as far as it goes.
inline constexpr std::size_t k_most_overwritten_kinds = 65'536;
inline constexpr std::size_t k_most_overwritten_keys = 65'536;  // of all
inline constexpr std::size_t k_most_lost_spans = 256;           // further ones are not remembered

class Overwritten {
 public:
  struct Kind {
    bool whole = false;          // it was dropped: it has these and nothing else
    std::set<std::string> keys;  // in the family of values; some may have been deleted since
  };

  // From now on what is written of that Kind is remembered.
  void begin(const data::KindAt& at);
  // From that resource on, up to but without the other (to the end of the ring when there is none), nothing
  // names the Kinds: so of every one that is written there.
  void begin(const RingId& from, const std::optional<RingId>& end);
  // Before the batches are written, so that nobody who sees them misses a key here; and when they are: what
  // was written is seen from that sequence number on.
  void writing(const std::vector<data::WriteBatch>& batches);
  void written(const std::vector<data::WriteBatch>& batches, std::uint64_t sequence);

  // As who reads at that sequence number has it; asked after that was taken.
  std::optional<Kind> of(const data::KindAt& at, std::uint64_t sequence) const;
  // As begin() has it.
  std::vector<data::KindAt> between(const RingId& from, const std::optional<RingId>& end) const;

 private:
  struct Entry {
    std::set<std::string> keys;
    std::optional<std::uint64_t> whole_from;  // the sequence number
    bool overflowed = false;                  // keys are missing
    bool dropping = false;                    // by what is being written; what follows there is known
    bool is_written() const { return !keys.empty() || whole_from || overflowed || dropping; }
  };
  using Kinds = std::map<data::KindAt, Entry>;
  Entry* entry(const data::KindAt& at);
  bool is_in_lost_span(const RingId& point) const;
  void add(const data::PutRecord& put);
  void drop_in(Entry& here);
  void make_room();

  mutable std::mutex mutex_;  // reads and commits come from different threads
  Kinds kinds_;
  std::deque<data::KindAt> begun_;  // those of kinds_ that make_room() has not looked at, in order
  std::map<RingId, std::optional<RingId>> lost_;
  std::size_t keys_ = 0;
};

}  // namespace ringway::storage
