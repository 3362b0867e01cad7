// Reads Kinds from an open database in spite of what is damaged there: says what of a Kind cannot be read,
// and lists on behind it.
#pragma once

#include <rocksdb/db.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reload/data/value_store.hpp"
#include "reload/result.hpp"
#include "storage/rocks_families.hpp"
#include "storage/rocks_overwritten.hpp"
#include "storage/rocks_read_errors.hpp"
#include "storage/rocks_salvage.hpp"

namespace ringway::storage {

class RocksReader {
 public:
  // The mark is set when damage is met.
  RocksReader(rocksdb::DB& database, const Families& families, const SalvageMark& mark,
              std::function<WallMs()> now)
      : database_(database), families_(families), mark_(mark), now_(std::move(now)) {}

  // What data::ValueStore promises.
  Result<data::KindState> load(const data::KindAt& at);
  Result<std::vector<data::KindAt>> list(const RingId& after, const RingId& up_to, std::size_t limit);
  // False when there is nothing at the key.
  Result<bool> get(rocksdb::ColumnFamilyHandle* family, std::string_view key, rocksdb::PinnableSlice& value);
  // Told of each commit.
  Overwritten& overwritten() { return overwritten_; }

 private:
  // A Kind while it is loaded.
  struct Work {
    const data::KindAt& at;
    const std::string prefix;
    const rocksdb::Snapshot* snapshot;  // records and generation of the same moment
    std::optional<Overwritten::Kind> over;
    data::KindState state = {};
    data::Damage damage = {};

    void damaged(std::string what);
  };
  Result<bool> load_generation(Work& work);
  Outcome<> load_records(Work& work);
  void load_backwards(Work& work);
  Outcome<> load_by_keys(Work& work);
  Outcome<> hide_unsigned(Work& work);
  Result<bool> has_certificate(Work& work, const Bytes& sha256);
  static void add_record(Work& work, std::string_view key, const rocksdb::Slice& value);

  enum class Reach { all, limit, damage };
  Result<bool> collect(std::string from, const RingId* up_to, std::size_t limit,
                       std::vector<data::KindAt>& out);
  Result<Reach> walk(rocksdb::ColumnFamilyHandle* family, std::string& from, const RingId* up_to,
                     std::size_t limit, std::vector<data::KindAt>& out);
  std::optional<RingId> next_readable(const RingId& from);
  bool is_damaged_at(rocksdb::ColumnFamilyHandle* family, const RingId& point);
  rocksdb::Status look_up(rocksdb::ColumnFamilyHandle* family, std::string_view key,
                          rocksdb::PinnableSlice& value, const rocksdb::Snapshot* snapshot);
  bool is_damage(const rocksdb::Status& status, const std::string& key);

  rocksdb::DB& database_;
  const Families families_;
  const SalvageMark& mark_;
  const std::function<WallMs()> now_;
  ReadErrors errors_;
  Overwritten overwritten_;
};

}  // namespace ringway::storage
