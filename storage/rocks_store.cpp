#include "storage/rocks_store.hpp"

#include <rocksdb/db.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "storage/key_layout.hpp"
#include "storage/record_codec.hpp"
#include "storage/rocks_families.hpp"
#include "storage/rocks_group.hpp"
#include "storage/rocks_options.hpp"
#include "storage/rocks_reader.hpp"
#include "storage/rocks_salvage.hpp"

namespace ringway::storage {
namespace {

WallMs system_now_ms() {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<WallMs>(std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count());
}

}  // namespace

// The open database.
class RocksStore::Impl {
 public:
  explicit Impl(RocksSettings settings) : settings_(std::move(settings)), mark_(settings_.directory) {}
  ~Impl() { close(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Outcome<> open();
  void close();
  rocksdb::DB& database() const { return *database_; }
  const Families& families() const { return families_; }
  const std::vector<rocksdb::ColumnFamilyHandle*>& handles() const { return handles_; }
  WallMs now_ms() const { return settings_.now(); }

  const SalvageMark& mark() const { return mark_; }

  RocksReader& reader() const { return *reader_; }

 private:
  Outcome<> make_directory() const;
  Outcome<> check_families() const;
  Outcome<> open_database();
  Outcome<> sort_out();
  Outcome<> check_schema(bool salvaged);
  Outcome<> drop_records_without_certificate();

  const RocksSettings settings_;
  const SalvageMark mark_;
  std::unique_ptr<rocksdb::DB> database_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  Families families_;
  std::unique_ptr<RocksReader> reader_;
};

// ---- opening

Outcome<> RocksStore::Impl::make_directory() const {
  const std::filesystem::path path(settings_.directory);
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  // Not create_directories: between its making and a later chmod others could look in.
  if (!error && ::mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    error.assign(errno, std::generic_category());
  }
  if (error) return Failure{"cannot make the data directory " + settings_.directory + ": " + error.message()};
  return Done{};
}

static Failure newer_store(const std::string& directory, const std::string& found) {
  return {"the data in " + directory + " was written by a newer Ringway (" + found +
          "; this one knows schema " + std::to_string(k_schema) +
          "): use that version, or start with an empty directory"};
}

// RocksDB locks its folder, and says so in words alone: another process, or this one.
static bool is_locked(const rocksdb::Status& status) {
  const std::string said = status.ToString();
  return status.IsIOError() && (said.find("While lock file") != std::string::npos ||
                                said.find("lock hold by current process") != std::string::npos);
}

// RocksDB opens a database only with all its column families.
Outcome<> RocksStore::Impl::check_families() const {
  std::vector<std::string> existing;
  const rocksdb::Status status = rocksdb::DB::ListColumnFamilies({}, settings_.directory, &existing);
  if (status.IsPathNotFound() || status.IsNotFound()) return Done{};  // nothing there yet
  if (!status.ok()) return failure_of("cannot open the store in " + settings_.directory, status);
  const auto known = family_descriptors(settings_);
  for (const std::string& name : existing) {
    const bool is_known = std::any_of(known.begin(), known.end(),
                                      [&](const auto& descriptor) { return descriptor.name == name; });
    if (!is_known) return newer_store(settings_.directory, "it has a column family '" + name + "'");
  }
  return Done{};
}

Outcome<> RocksStore::Impl::check_schema(bool salvaged) {
  rocksdb::PinnableSlice value;
  const Result<bool> found = reader_->get(families_.facts, k_schema_key, value);
  if (!found) return found.error();
  if (!*found && salvaged) {
    return Failure{"what this peer kept for itself in " + settings_.directory +
                   " was in a damaged file (values to be put again, documents, known peers): go on without "
                   "it by removing " +
                   settings_.directory + "/" + k_salvage_mark};
  }
  if (!*found) {  // a new store
    wire::Writer schema;
    schema.u32(k_schema);
    rocksdb::WriteOptions options;
    options.sync = true;
    const rocksdb::Status status =
        database_->Put(options, families_.facts, rocksdb::Slice(k_schema_key), slice_of(schema.bytes()));
    if (!status.ok()) return failure_of("cannot write to the store in " + settings_.directory, status);
    return Done{};
  }
  wire::Reader in(shared_copy_of(value));
  const std::uint32_t schema = in.u32();
  if (!in.ok() || !in.at_end()) return broken_entry("the schema", k_schema_key, in.failure());
  if (schema > k_schema) return newer_store(settings_.directory, "schema " + std::to_string(schema));
  return Done{};
}

Outcome<> RocksStore::Impl::open_database() {
  rocksdb::DB* database = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(database_options(settings_), settings_.directory,
                                                   family_descriptors(settings_), &handles_, &database);
  if (is_locked(status))
    return failure_of("another ringwayd uses " + settings_.directory + ": stop it, or choose another --data",
                      status);
  if (!status.ok()) return failure_of("cannot open the store in " + settings_.directory, status);
  database_.reset(database);
  families_ = {handles_[1], handles_[2], handles_[3], handles_[4]};  // the order of family_descriptors
  reader_ = std::make_unique<RocksReader>(*database_, families_, mark_, settings_.now);
  return Done{};
}

// RepairDB knows a family by its files only: what of one is in the log alone would be lost.
Outcome<> RocksStore::Impl::sort_out() {
  if (Outcome<> opened = open_database(); !opened) return opened;
  const rocksdb::Status flushed = database_->Flush({}, handles_);
  close();
  if (!flushed.ok()) return failure_of("cannot write files in " + settings_.directory, flushed);
  return salvage(settings_);
}

Outcome<> RocksStore::Impl::open() {
  if (Outcome<> made = make_directory(); !made) return made;
  if (Outcome<> known = check_families(); !known) return known;
  const bool salvaged = mark_.is_set();
  if (salvaged) {
    if (Outcome<> sorted_out = sort_out(); !sorted_out) return sorted_out;
  }
  if (Outcome<> opened = open_database(); !opened) return opened;
  if (Outcome<> readable = check_schema(salvaged); !readable) return readable;
  if (salvaged) {
    if (Outcome<> dropped = drop_records_without_certificate(); !dropped) return dropped;
    mark_.remove();
  }
  const rocksdb::Status enabled = database_->EnableAutoCompaction(handles_);
  if (!enabled.ok()) return failure_of("cannot open the store in " + settings_.directory, enabled);
  return Done{};
}

// Nobody would believe them, and no comparison would find that anything is missing: the replicas have both.
Outcome<> RocksStore::Impl::drop_records_without_certificate() {
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  const std::unique_ptr<rocksdb::Iterator> at(database_->NewIterator(options, families_.values));
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    const Result<data::RecordPtr> record = decode_record(shared_copy_of(at->value()));
    if (!record) continue;  // damaged itself
    rocksdb::PinnableSlice value;
    const Result<bool> found =
        reader_->get(families_.certificates, ringway::text_of((*record)->signer_certificate_sha256), value);
    if (!found) return found.error();
    if (*found) continue;
    const rocksdb::Status status = database_->Delete({}, families_.values, at->key());
    if (!status.ok()) return failure_of("the store cannot write", status);
  }
  if (!at->status().ok()) return failure_of("the store cannot be read", at->status());
  return Done{};
}

void RocksStore::Impl::close() {
  if (database_ == nullptr) return;
  reader_.reset();
  for (rocksdb::ColumnFamilyHandle* handle : handles_) database_->DestroyColumnFamilyHandle(handle);
  handles_.clear();
  database_->Close();
  database_.reset();
}

RocksStore::RocksStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RocksStore::~RocksStore() = default;

Result<std::unique_ptr<RocksStore>> RocksStore::open(const std::string& directory) {
  RocksSettings settings;
  settings.directory = directory;
  return open(std::move(settings));
}

Result<std::unique_ptr<RocksStore>> RocksStore::open(RocksSettings settings) {
  if (!settings.now) settings.now = &system_now_ms;
  auto impl = std::make_unique<Impl>(std::move(settings));
  if (const Outcome<> opened = impl->open(); !opened) return opened.error();
  return std::unique_ptr<RocksStore>(new RocksStore(std::move(impl)));
}

// ---- reading

Result<data::KindState> RocksStore::load(const data::KindAt& at) const { return impl_->reader().load(at); }

Result<std::optional<SharedBytes>> RocksStore::certificate(BytesView sha256) const {
  rocksdb::PinnableSlice value;
  const Result<bool> found =
      impl_->reader().get(impl_->families().certificates, ringway::text_of(sha256), value);
  if (!found) return found.error();
  if (!*found) return std::optional<SharedBytes>{};
  const Result<CertificateEntry> entry = decode_certificate(shared_copy_of(value));
  if (!entry) return broken_entry("the certificate", ringway::text_of(sha256), entry.error());
  return std::optional<SharedBytes>{entry->der};
}

Result<std::vector<data::KindAt>> RocksStore::list(const RingId& after, const RingId& up_to,
                                                   std::size_t limit) const {
  return impl_->reader().list(after, up_to, limit);
}

Result<std::optional<Bytes>> RocksStore::fact(const std::string& name) const {
  rocksdb::PinnableSlice value;
  const Result<bool> found = impl_->reader().get(impl_->families().facts, fact_key(name), value);
  if (!found) return found.error();
  if (!*found) return std::optional<Bytes>{};
  return std::optional<Bytes>{copy_of(view_of(value))};
}

Result<std::vector<data::PutFact>> RocksStore::list_facts(const std::string& prefix,
                                                          std::size_t limit) const {
  std::vector<data::PutFact> out;
  const std::string first = fact_key(prefix);
  const std::unique_ptr<rocksdb::Iterator> at(impl_->database().NewIterator({}, impl_->families().facts));
  for (at->Seek(first); at->Valid() && at->key().starts_with(first) && out.size() < limit; at->Next()) {
    std::string name = at->key().ToString().substr(fact_key({}).size());
    out.push_back({std::move(name), copy_of(view_of(at->value()))});
  }
  impl_->mark().note(at->status());
  if (!at->status().ok()) return failure_of("the store cannot be read", at->status());
  return out;
}

Result<data::ValueStore::Totals> RocksStore::totals() const {
  rocksdb::DB& database = impl_->database();
  const auto estimate = [&](rocksdb::ColumnFamilyHandle* family, const std::string& property) {
    std::uint64_t number = 0;
    return database.GetIntProperty(family, property, &number) ? number : 0;
  };
  Totals totals;
  totals.records = estimate(impl_->families().values, rocksdb::DB::Properties::kEstimateNumKeys);
  totals.resources = estimate(impl_->families().generations, rocksdb::DB::Properties::kEstimateNumKeys);
  for (rocksdb::ColumnFamilyHandle* family : impl_->handles()) {
    totals.bytes += estimate(family, rocksdb::DB::Properties::kEstimateLiveDataSize);
    totals.bytes += estimate(family, rocksdb::DB::Properties::kCurSizeAllMemTables);
  }
  return totals;
}

// ---- writing

Outcome<> RocksStore::commit(const std::vector<data::WriteBatch>& batches) {
  RocksGroup group(impl_->database(), impl_->families(), impl_->now_ms());
  for (const data::WriteBatch& batch : batches) group.add(batch);
  Result<rocksdb::WriteBatch> write = group.finish();
  if (!write) return write.error();
  rocksdb::WriteOptions options;
  options.sync = true;
  impl_->reader().overwritten().writing(batches);
  const rocksdb::Status status = impl_->database().Write(options, &*write);
  impl_->mark().note(status);
  if (!status.ok()) return failure_of("the store cannot write", status);
  impl_->reader().overwritten().written(batches, impl_->database().GetLatestSequenceNumber());
  return Done{};
}

void RocksStore::reclaim(WallMs /*now_ms*/) {}

Outcome<> RocksStore::compact() {
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  for (rocksdb::ColumnFamilyHandle* family : impl_->handles()) {
    const rocksdb::Status status = impl_->database().CompactRange(options, family, nullptr, nullptr);
    if (!status.ok()) return failure_of("the store cannot compact", status);
  }
  return Done{};
}

}  // namespace ringway::storage
