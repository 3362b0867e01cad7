// Turns the batches of one group commit into one RocksDB write. What a write needs to know of what is stored
// (generations and certificates are only ever extended) it looks up, among the group's own writes first.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <map>
#include <vector>

#include "reload/data/value_store.hpp"
#include "reload/result.hpp"
#include "storage/record_codec.hpp"
#include "storage/rocks_families.hpp"

namespace ringway::storage {

class RocksGroup {
 public:
  RocksGroup(rocksdb::DB& database, const Families& families, WallMs now_ms)
      : database_(database), families_(families), now_ms_(now_ms) {}

  void add(const data::WriteBatch& batch);
  // The whole group. What is stored and cannot be read, for good or now, is written over.
  Result<rocksdb::WriteBatch> finish();

 private:
  struct KindInGroup {
    GenerationEntry generation;
    bool unknown = false;              // what is stored of it cannot be read, and stays until it is set
    bool dropped = false;              // and not written since
    std::vector<data::ItemKey> items;  // put by this group
  };

  void add(const data::PutRecord& put);
  void add(const data::DropRecord& drop);
  void add(const data::SetGeneration& set);
  void add(const data::DropKind& drop);
  void add(const data::KeepCertificate& keep);
  void add(const data::PutFact& put);
  void add(const data::DropFact& drop);

  KindInGroup& kind_at(const data::KindAt& at);
  CertificateEntry& certificate_at(const Bytes& sha256);
  void delete_stored_records(const data::KindAt& at);
  enum class Found { nothing, value, unreadable };
  Found read(rocksdb::ColumnFamilyHandle* family, std::string_view key, rocksdb::PinnableSlice& value);
  void keep(const rocksdb::Status& status);

  rocksdb::DB& database_;
  const Families families_;
  const WallMs now_ms_;
  rocksdb::WriteBatch out_;
  std::map<data::KindAt, KindInGroup> kinds_;
  std::map<Bytes, CertificateEntry> certificates_;
  std::vector<Failure> failures_;
};

}  // namespace ringway::storage
