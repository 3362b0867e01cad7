#include "storage/rocks_group.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "storage/key_layout.hpp"

namespace ringway::storage {
namespace {

// Of what is written over something that said until when it is to be kept, and cannot be read: longer than
// most that is stored.
constexpr WallMs k_kept_instead_ms = 365ULL * 24 * 3600 * 1000;

}  // namespace

void RocksGroup::add(const data::WriteBatch& batch) {
  for (const data::Write& write : batch) {
    std::visit([this](const auto& one) { add(one); }, write);
  }
}

Result<rocksdb::WriteBatch> RocksGroup::finish() {
  for (const auto& [at, kind] : kinds_) {
    const std::string key = kind_key(at);
    if (kind.unknown) continue;
    if (kind.dropped) {
      keep(out_.Delete(families_.generations, key));
    } else {
      keep(out_.Put(families_.generations, key, slice_of(encode_generation(kind.generation))));
    }
  }
  for (const auto& [sha256, entry] : certificates_) {
    keep(out_.Put(families_.certificates, slice_of(sha256), slice_of(encode_certificate(entry))));
  }
  if (!failures_.empty()) return failures_.front();
  return std::move(out_);
}

void RocksGroup::add(const data::PutRecord& put) {
  KindInGroup& kind = kind_at(put.at);
  kind.dropped = false;
  kind.generation.keep_for(*put.record);
  kind.items.push_back(data::item_key_of(put.record->stored.value));
  keep(out_.Put(families_.values, record_key(put.at, kind.items.back()),
                slice_of(encode_record(*put.record))));
}

void RocksGroup::add(const data::DropRecord& drop) {
  keep(out_.Delete(families_.values, record_key(drop.at, drop.item)));
}

void RocksGroup::add(const data::SetGeneration& set) {
  KindInGroup& kind = kind_at(set.at);
  kind.dropped = false;
  kind.unknown = false;
  kind.generation.counter = set.generation_counter;
  kind.generation.keep_from(now_ms_);
}

void RocksGroup::add(const data::DropKind& drop) {
  KindInGroup& kind = kind_at(drop.at);
  delete_stored_records(drop.at);
  for (const data::ItemKey& item : kind.items) {
    keep(out_.Delete(families_.values, record_key(drop.at, item)));
  }
  kind = {.generation = {}, .unknown = false, .dropped = true, .items = {}};
}

void RocksGroup::add(const data::KeepCertificate& keep_certificate) {
  CertificateEntry& entry = certificate_at(keep_certificate.sha256);
  entry.keep_until_ms = std::max(entry.keep_until_ms, keep_certificate.until_ms);
  entry.der = keep_certificate.der;
}

void RocksGroup::add(const data::PutFact& put) {
  keep(out_.Put(families_.facts, fact_key(put.name), slice_of(put.value)));
}

void RocksGroup::add(const data::DropFact& drop) { keep(out_.Delete(families_.facts, fact_key(drop.name))); }

RocksGroup::KindInGroup& RocksGroup::kind_at(const data::KindAt& at) {
  const auto [found, is_new] = kinds_.try_emplace(at);
  KindInGroup& kind = found->second;
  if (!is_new) return kind;
  rocksdb::PinnableSlice value;
  const std::string key = kind_key(at);
  const Found stored = read(families_.generations, key, value);
  if (stored == Found::nothing) return kind;
  const Result<GenerationEntry> entry = stored == Found::value
                                            ? decode_generation(shared_copy_of(value))
                                            : Result<GenerationEntry>(Failure{"unreadable"});
  kind.unknown = !entry;
  kind.generation = entry ? *entry : GenerationEntry{0, now_ms_ + k_kept_instead_ms};
  return kind;
}

CertificateEntry& RocksGroup::certificate_at(const Bytes& sha256) {
  const auto [found, is_new] = certificates_.try_emplace(sha256);
  CertificateEntry& entry = found->second;
  if (!is_new) return entry;
  rocksdb::PinnableSlice value;
  const std::string_view key = ringway::text_of(sha256);
  const Found found_there = read(families_.certificates, key, value);
  if (found_there == Found::nothing) return entry;
  Result<CertificateEntry> stored = found_there == Found::value
                                        ? decode_certificate(shared_copy_of(value))
                                        : Result<CertificateEntry>(Failure{"unreadable"});
  entry = stored ? *std::move(stored) : CertificateEntry{now_ms_ + k_kept_instead_ms, {}};
  return entry;
}

// One deletion for each record: there are few, and a range deletion would slow every later read near it.
// Where not all can be read there must be one: nothing of the Kind may come back with the next Store of it.
void RocksGroup::delete_stored_records(const data::KindAt& at) {
  const std::string prefix = kind_key(at);
  rocksdb::ReadOptions options;
  options.prefix_same_as_start = true;
  const std::unique_ptr<rocksdb::Iterator> record(database_.NewIterator(options, families_.values));
  for (record->Seek(prefix); record->Valid() && record->key().starts_with(prefix); record->Next()) {
    keep(out_.Delete(families_.values, record->key()));
  }
  if (record->status().ok()) return;
  keep(out_.DeleteRange(families_.values, prefix, end_of_prefix(prefix)));
}

RocksGroup::Found RocksGroup::read(rocksdb::ColumnFamilyHandle* family, std::string_view key,
                                   rocksdb::PinnableSlice& value) {
  const rocksdb::Status status = database_.Get({}, family, rocksdb::Slice(key), &value);
  if (status.ok()) return Found::value;
  if (status.IsNotFound()) return Found::nothing;
  return Found::unreadable;
}

void RocksGroup::keep(const rocksdb::Status& status) {
  if (!status.ok()) failures_.push_back(failure_of("the store cannot write", status));
}

}  // namespace ringway::storage
