#include "storage/rocks_store.hpp"

#include <rocksdb/compaction_filter.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <set>

#include "reload/wire/codec.hpp"
#include "storage/record_codec.hpp"

namespace ringway::storage {

using data::KindAt;
using rocksdb::Slice;
using rocksdb::Status;

namespace {

constexpr std::size_t k_kind_key_size_bytes = k_node_id_size_bytes + 4;  // resource ‖ kind
constexpr const char* k_schema_fact = "schema";

Slice slice_of(BytesView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
BytesView view_of_slice(const Slice& slice) {
  return {reinterpret_cast<const std::uint8_t*>(slice.data()), slice.size()};
}

// Big-endian, so that the order of keys is the order of the ring.
Bytes kind_key(const KindAt& at) {
  wire::Writer out;
  out.raw(at.resource.view());
  out.u32(at.kind);
  return out.take();
}

Bytes record_key(const KindAt& at, BytesView item) {
  Bytes key = kind_key(at);
  append(key, item);
  return key;
}

KindAt kind_at(const Slice& key) {
  const BytesView bytes = view_of_slice(key);
  KindAt at;
  at.resource = as_resource(ring_id_from(bytes));
  for (std::size_t i = 0; i < 4; ++i) at.kind = (at.kind << 8) | bytes[k_node_id_size_bytes + i];
  return at;
}

std::uint64_t number_at(const Slice& value, std::size_t offset) {
  std::uint64_t number = 0;
  const BytesView bytes = view_of_slice(value);
  for (std::size_t i = 0; i < 8 && offset + i < bytes.size(); ++i) number = (number << 8) | bytes[offset + i];
  return number;
}

Failure broken(const Status& status) { return {"store: " + status.ToString(), 0}; }

// Reclaims what data/ would not show any more: `end_of` reads the end from a value. The present time is what the last
// commit or reclaim() said, so a clock that is not asked often can only keep things longer.
class EndFilter : public rocksdb::CompactionFilter {
 public:
  using EndOf = WallMs (*)(const Slice&);
  EndFilter(const char* name, const std::atomic<WallMs>& now_ms, EndOf end_of)
      : name_(name), now_ms_(now_ms), end_of_(end_of) {}
  bool Filter(int, const Slice&, const Slice& value, std::string*, bool*) const override {
    const WallMs now_ms = now_ms_.load();
    return now_ms != 0 && end_of_(value) <= now_ms;
  }
  const char* Name() const override { return name_; }

 private:
  const char* name_;
  const std::atomic<WallMs>& now_ms_;
  EndOf end_of_;
};

WallMs end_of_record(const Slice& value) { return record_ends_ms(view_of_slice(value)); }
WallMs end_of_generation(const Slice& value) { return number_at(value, 8); }
WallMs end_of_certificate(const Slice& value) { return number_at(value, 0); }

}  // namespace

class RocksStore::Impl {
 public:
  explicit Impl(RocksSettings settings) : settings_(std::move(settings)) {}
  ~Impl() {
    for (auto* family : families_)
      if (db_) db_->DestroyColumnFamilyHandle(family);
    if (db_) db_->Close();
  }

  enum Family : std::size_t { facts, values, generations, certificates, family_count };

  Outcome<> open();
  rocksdb::ColumnFamilyHandle* family(Family which) const { return families_[which]; }
  rocksdb::DB& db() const { return *db_; }
  Outcome<> apply(const data::Write& write, rocksdb::WriteBatch& batch);
  std::atomic<WallMs>& now_ms() { return now_ms_; }

  // Ends that a batch under way extends: of generations and certificates, so that later writes of it see earlier ones.
  struct Extended {
    std::map<Bytes, std::pair<std::uint64_t, WallMs>> generations;  // counter, end
    std::map<Bytes, WallMs> certificates;
  };
  Outcome<> touch_generation(const KindAt& at, std::optional<std::uint64_t> counter, WallMs end_ms);
  Extended extended_;

 private:
  rocksdb::ColumnFamilyOptions family_options(const rocksdb::CompactionFilter* filter, bool prefixed) const;
  Outcome<> check_schema();

  RocksSettings settings_;
  std::atomic<WallMs> now_ms_{0};
  EndFilter record_filter_{"ringway.records", now_ms_, end_of_record};
  EndFilter generation_filter_{"ringway.generations", now_ms_, end_of_generation};
  EndFilter certificate_filter_{"ringway.certificates", now_ms_, end_of_certificate};
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
};

rocksdb::ColumnFamilyOptions RocksStore::Impl::family_options(const rocksdb::CompactionFilter* filter, bool prefixed) const {
  rocksdb::ColumnFamilyOptions options;
  options.compaction_filter = filter;
  options.write_buffer_size = settings_.write_buffer_bytes;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(settings_.block_cache_bytes / family_count);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  if (prefixed) {
    options.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(k_kind_key_size_bytes));
    options.memtable_prefix_bloom_size_ratio = 0.05;
  }
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

Outcome<> RocksStore::Impl::open() {
  if (::mkdir(settings_.directory.c_str(), 0700) != 0 && errno != EEXIST)
    return Failure{"store: cannot make " + settings_.directory};
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  options.max_open_files = settings_.max_open_files;
  options.max_background_jobs = 2;
  options.keep_log_file_num = 4;
  options.max_log_file_size = 4U << 20;
  options.max_total_wal_size = 4 * settings_.write_buffer_bytes;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  const std::vector<rocksdb::ColumnFamilyDescriptor> families{
      {rocksdb::kDefaultColumnFamilyName, family_options(nullptr, false)},
      {"values", family_options(&record_filter_, true)},
      {"generations", family_options(&generation_filter_, false)},
      {"certificates", family_options(&certificate_filter_, false)},
  };
  rocksdb::DB* db = nullptr;
  const Status opened = rocksdb::DB::Open(options, settings_.directory, families, &families_, &db);
  if (!opened.ok()) return broken(opened);
  db_.reset(db);
  return check_schema();
}

Outcome<> RocksStore::Impl::check_schema() {
  std::string kept;
  const Status got = db_->Get({}, family(facts), k_schema_fact, &kept);
  if (got.IsNotFound()) {
    rocksdb::WriteOptions synced;
    synced.sync = true;
    const Status put = db_->Put(synced, family(facts), k_schema_fact, std::to_string(k_schema_version));
    return put.ok() ? Outcome<>(Done{}) : Outcome<>(broken(put));
  }
  if (!got.ok()) return broken(got);
  if (kept == std::to_string(k_schema_version)) return Done{};
  return Failure{"store: " + settings_.directory + " has layout " + kept + ", this program reads layout " +
                 std::to_string(k_schema_version) + "; use the version that wrote it"};
}

// Counter ‖ end; the end only grows.
Outcome<> RocksStore::Impl::touch_generation(const KindAt& at, std::optional<std::uint64_t> counter, WallMs end_ms) {
  const Bytes key = kind_key(at);
  auto known = extended_.generations.find(key);
  if (known == extended_.generations.end()) {
    rocksdb::PinnableSlice kept;
    const Status got = db_->Get({}, family(generations), slice_of(key), &kept);
    if (!got.ok() && !got.IsNotFound()) return broken(got);
    const auto before = got.ok() ? std::pair{number_at(kept, 0), number_at(kept, 8)}
                                 : std::pair{std::uint64_t{0}, WallMs{now_ms_.load() + k_generation_kept_ms}};
    known = extended_.generations.emplace(key, before).first;
  }
  if (counter) known->second.first = *counter;
  known->second.second = std::max(known->second.second, end_ms);
  return Done{};
}

Outcome<> RocksStore::Impl::apply(const data::Write& write, rocksdb::WriteBatch& batch) {
  if (const auto* put = std::get_if<data::PutRecord>(&write)) {
    const Bytes key = record_key(put->at, data::item_key_of(put->record->stored.value));
    batch.Put(family(values), slice_of(key), slice_of(encode_record(*put->record)));
    now_ms_ = std::max(now_ms_.load(), put->record->received_ms);
    return touch_generation(put->at, std::nullopt, put->record->expires_ms() + k_generation_kept_ms);
  }
  if (const auto* drop = std::get_if<data::DropRecord>(&write)) {
    batch.Delete(family(values), slice_of(record_key(drop->at, drop->item)));
  } else if (const auto* set = std::get_if<data::SetGeneration>(&write)) {
    return touch_generation(set->at, set->generation_counter, 0);
  } else if (const auto* forget = std::get_if<data::DropKind>(&write)) {
    const Bytes key = kind_key(forget->at);
    extended_.generations.erase(key);
    batch.Delete(family(generations), slice_of(key));
    const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator({}, family(values)));
    for (at->Seek(slice_of(key)); at->Valid() && at->key().starts_with(slice_of(key)); at->Next())
      batch.Delete(family(values), at->key());
    if (!at->status().ok()) return broken(at->status());
  } else if (const auto* keep = std::get_if<data::KeepCertificate>(&write)) {
    rocksdb::PinnableSlice kept;
    auto& until_ms = extended_.certificates[keep->sha256];
    const Status got = db_->Get({}, family(certificates), slice_of(keep->sha256), &kept);
    if (!got.ok() && !got.IsNotFound()) return broken(got);
    if (got.ok() && until_ms == 0) until_ms = number_at(kept, 0);
    if (got.ok() && keep->until_ms <= until_ms) return Done{};
    until_ms = std::max(until_ms, keep->until_ms);
    wire::Writer value;
    value.u64(until_ms);
    value.raw(keep->der);
    batch.Put(family(certificates), slice_of(keep->sha256), slice_of(value.bytes()));
  } else if (const auto* fact = std::get_if<data::PutFact>(&write)) {
    batch.Put(family(facts), "fact/" + fact->name, slice_of(fact->value));
  }
  return Done{};
}

RocksStore::RocksStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RocksStore::~RocksStore() = default;

Result<std::unique_ptr<RocksStore>> RocksStore::open(RocksSettings settings) {
  auto impl = std::make_unique<Impl>(std::move(settings));
  const auto opened = impl->open();
  if (!opened) return opened.error();
  return std::unique_ptr<RocksStore>(new RocksStore(std::move(impl)));
}

Result<data::KindState> RocksStore::load(const KindAt& at) const {
  data::KindState state;
  const Bytes key = kind_key(at);
  rocksdb::PinnableSlice generation;
  const Status got = impl_->db().Get({}, impl_->family(Impl::generations), slice_of(key), &generation);
  if (got.IsNotFound()) return state;
  if (!got.ok()) return broken(got);
  state.generation_counter = number_at(generation, 0);
  rocksdb::ReadOptions options;
  options.prefix_same_as_start = true;
  const std::unique_ptr<rocksdb::Iterator> entry(impl_->db().NewIterator(options, impl_->family(Impl::values)));
  for (entry->Seek(slice_of(key)); entry->Valid() && entry->key().starts_with(slice_of(key)); entry->Next()) {
    auto record = decode_record(SharedBytes(copy_of(view_of_slice(entry->value()))));
    if (!record) return record.error();
    state.records.push_back(std::move(*record));
  }
  if (!entry->status().ok()) return broken(entry->status());
  return state;
}

Result<std::optional<SharedBytes>> RocksStore::certificate(BytesView sha256) const {
  rocksdb::PinnableSlice kept;
  const Status got = impl_->db().Get({}, impl_->family(Impl::certificates), slice_of(sha256), &kept);
  if (got.IsNotFound()) return std::optional<SharedBytes>{};
  if (!got.ok()) return broken(got);
  if (kept.size() < 8) return Failure{"store: a certificate's entry is too short"};
  return std::optional<SharedBytes>{SharedBytes(copy_of(view_of_slice(kept).subspan(8)))};
}

// From just after `after` clockwise to `up_to`: one stretch of keys, or two when it passes zero.
Result<std::vector<KindAt>> RocksStore::list(const RingId& after, const RingId& up_to, std::size_t limit) const {
  std::vector<KindAt> found;
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  const std::unique_ptr<rocksdb::Iterator> entry(impl_->db().NewIterator(options, impl_->family(Impl::generations)));
  const auto collect = [&](std::optional<RingId> past, std::optional<RingId> last) {
    if (past) {
      entry->Seek(slice_of(past->view()));
      while (entry->Valid() && entry->key().starts_with(slice_of(past->view()))) entry->Next();
    } else {
      entry->SeekToFirst();
    }
    for (; entry->Valid() && found.size() < limit; entry->Next()) {
      const KindAt at = kind_at(entry->key());
      if (last && static_cast<const RingId&>(at.resource) > *last) return;
      found.push_back(at);
    }
  };
  if (after < up_to) {
    collect(after, up_to);
  } else {
    collect(after, std::nullopt);
    if (found.size() < limit) collect(std::nullopt, up_to);
  }
  if (!entry->status().ok()) return broken(entry->status());
  return found;
}

Result<std::optional<Bytes>> RocksStore::fact(const std::string& name) const {
  std::string kept;
  const Status got = impl_->db().Get({}, impl_->family(Impl::facts), "fact/" + name, &kept);
  if (got.IsNotFound()) return std::optional<Bytes>{};
  if (!got.ok()) return broken(got);
  return std::optional<Bytes>{copy_of(view_of(kept))};
}

// RocksDB's own estimates: counting would read everything.
Result<data::ValueStore::Totals> RocksStore::totals() const {
  Totals totals;
  auto& db = impl_->db();
  db.GetIntProperty(impl_->family(Impl::values), "rocksdb.estimate-num-keys", &totals.records);
  db.GetIntProperty(impl_->family(Impl::generations), "rocksdb.estimate-num-keys", &totals.resources);
  std::uint64_t files = 0;
  std::uint64_t memory = 0;
  db.GetIntProperty(impl_->family(Impl::values), "rocksdb.estimate-live-data-size", &files);
  db.GetIntProperty(impl_->family(Impl::values), "rocksdb.cur-size-all-mem-tables", &memory);
  totals.bytes = files + memory;
  return totals;
}

Outcome<> RocksStore::commit(const std::vector<data::WriteBatch>& batches) {
  rocksdb::WriteBatch all;
  impl_->extended_ = {};
  for (const auto& batch : batches) {
    for (const auto& write : batch) {
      const auto applied = impl_->apply(write, all);
      if (!applied) return applied;
    }
  }
  for (const auto& [key, generation] : impl_->extended_.generations) {
    wire::Writer value;
    value.u64(generation.first);
    value.u64(generation.second);
    all.Put(impl_->family(Impl::generations), slice_of(key), slice_of(value.bytes()));
  }
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const Status written = impl_->db().Write(synced, &all);
  if (!written.ok()) return broken(written);
  return Done{};
}

void RocksStore::reclaim(WallMs now_ms) {
  impl_->now_ms() = std::max(impl_->now_ms().load(), now_ms);
  for (const auto family : {Impl::values, Impl::generations, Impl::certificates}) {
    rocksdb::CompactRangeOptions options;
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    impl_->db().CompactRange(options, impl_->family(family), nullptr, nullptr);
  }
}

}  // namespace ringway::storage
