// The store in memory, for the simulator and for tests: the same promises as RocksStore, and what a crash does to writes
// that were not yet synced.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <set>

#include "reload/data/value_store.hpp"

namespace ringway::storage {

class MemoryStore : public data::ValueStore {
 public:
  Result<data::KindState> load(const data::KindAt& at) const override;
  Result<std::optional<SharedBytes>> certificate(BytesView sha256) const override;
  Result<std::vector<data::KindAt>> list(const RingId& after, const RingId& up_to, std::size_t limit) const override;
  Result<std::optional<Bytes>> fact(const std::string& name) const override;
  Result<Totals> totals() const override;
  Outcome<> commit(const std::vector<data::WriteBatch>& batches) override;
  void reclaim(WallMs now_ms) override;

  // A commit in two steps, as a disk does it: handed over, then synced. A crash between them loses the whole group (a
  // write-ahead log never shows a part of one).
  using Ticket = std::uint64_t;
  Ticket begin_commit(std::vector<data::WriteBatch> batches);
  void finish_commit(Ticket ticket);
  void crash();

 private:
  struct Kind {
    std::uint64_t generation_counter = 0;
    std::map<data::ItemKey, data::RecordPtr> records;
  };
  struct Certificate {
    SharedBytes der;
    WallMs until_ms = 0;
  };
  void apply(const data::Write& write);
  Kind* kind_of(const data::KindAt& at);

  mutable std::mutex mutex_;  // reads go on beside a commit
  std::map<data::KindAt, Kind> kinds_;
  std::map<Bytes, Certificate> certificates_;
  std::map<std::string, Bytes> facts_;
  std::map<Ticket, std::vector<data::WriteBatch>> unsynced_;
  Ticket next_ticket_ = 1;
};

}  // namespace ringway::storage
