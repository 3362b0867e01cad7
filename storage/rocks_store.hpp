// The durable store, on RocksDB: one column family per concern, one synced write for all batches of a commit, expired
// records reclaimed while compacting. docs/storage-format.md describes the layout.
#pragma once

#include <memory>
#include <string>

#include "reload/data/value_store.hpp"

namespace ringway::storage {

// Raised with every change of the layout; a store with a newer one is refused.
inline constexpr std::uint32_t k_schema_version = 1;
// A generation counter outlives the last record of its Kind by this, so that a late writer still meets it.
inline constexpr WallMs k_generation_kept_ms = 24ULL * 3600 * 1000;

struct RocksSettings {
  std::string directory;
  std::size_t block_cache_bytes = 64U << 20;
  std::size_t write_buffer_bytes = 32U << 20;
  int max_open_files = 256;
};

class RocksStore : public data::ValueStore {
 public:
  // Opens or creates; the directory is made with access for its owner only.
  static Result<std::unique_ptr<RocksStore>> open(RocksSettings settings);
  static Result<std::unique_ptr<RocksStore>> open(std::string directory) {
    RocksSettings settings;
    settings.directory = std::move(directory);
    return open(std::move(settings));
  }
  ~RocksStore() override;

  Result<data::KindState> load(const data::KindAt& at) const override;
  Result<std::optional<SharedBytes>> certificate(BytesView sha256) const override;
  Result<std::vector<data::KindAt>> list(const RingId& after, const RingId& up_to, std::size_t limit) const override;
  Result<std::optional<Bytes>> fact(const std::string& name) const override;
  Result<Totals> totals() const override;
  Outcome<> commit(const std::vector<data::WriteBatch>& batches) override;
  // Compacts with this as the present time for the filter.
  void reclaim(WallMs now_ms) override;

 private:
  class Impl;
  explicit RocksStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringway::storage
