// data::ValueStore on RocksDB: one column family per concern (key_layout.hpp), group commit with one synced
// write, expiry by compaction filters. What is acknowledged survives kill -9 and the loss of power.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "reload/data/value_store.hpp"
#include "reload/result.hpp"
#include "reload/time.hpp"

namespace rocksdb {
class Env;
}

namespace ringway::storage {

struct RocksSettings {
  std::string directory;        // made with mode 0700 when it is not there
  std::function<WallMs()> now;  // called from RocksDB's threads too; the system's clock when empty
  std::size_t block_cache_bytes = 32U << 20;
  std::size_t write_buffer_bytes = 16U << 20;
  int max_open_files = 256;
  std::uint64_t reclaim_interval_s = 24ULL * 3600;  // how old a file may grow before what expired in it goes
  rocksdb::Env* env = nullptr;                      // the disk; the system's when there is none
};

class RocksStore final : public data::ValueStore {
 public:
  // A failure when the directory cannot be used, another process has it open, it is damaged, or a newer
  // program has written it.
  static Result<std::unique_ptr<RocksStore>> open(RocksSettings settings);
  static Result<std::unique_ptr<RocksStore>> open(const std::string& directory);
  ~RocksStore() override;
  RocksStore(const RocksStore&) = delete;
  RocksStore& operator=(const RocksStore&) = delete;

  Result<data::KindState> load(const data::KindAt& at) const override;
  Result<std::optional<SharedBytes>> certificate(BytesView sha256) const override;
  Result<std::vector<data::KindAt>> list(const RingId& after, const RingId& up_to,
                                         std::size_t limit) const override;
  Result<std::optional<Bytes>> fact(const std::string& name) const override;
  Result<std::vector<data::PutFact>> list_facts(const std::string& prefix, std::size_t limit) const override;
  // Estimates; `resources` counts a resource once for each of its Kinds.
  Result<Totals> totals() const override;
  Outcome<> commit(const std::vector<data::WriteBatch>& batches) override;
  // Does nothing: compactions reclaim, at the latest after reclaim_interval_s.
  void reclaim(WallMs now_ms) override;

  // Rewrites every file now, without what has expired. Takes long; for maintenance and tests.
  Outcome<> compact();

 private:
  class Impl;
  explicit RocksStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringway::storage
