// What the store costs: commits of groups of different sizes, loads, listing. 256-byte values, as in the
// API's targets; a commit is synced, so its time is mostly the disk's.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "storage/memory_store.hpp"
#include "storage/rocks_store.hpp"

namespace ringway::storage {
namespace {

constexpr WallMs k_now_ms = 1'800'000'000'000;
constexpr std::size_t k_value_bytes = 256;
constexpr std::uint32_t k_stored = 20'000;
constexpr KindId k_kind = 0xF0000001;

data::RecordPtr record_number(std::uint32_t number) {
  auto record = std::make_shared<data::Record>();
  record->stored.storage_time_ms = k_now_ms + number;
  record->stored.lifetime_s = 86'400;
  record->stored.value.data = {true, Bytes(k_value_bytes, static_cast<std::uint8_t>(number))};
  record->stored.signature = {
      .hash = wire::HashAlgorithm::sha256,
      .algorithm = wire::SignatureAlgorithm::ecdsa,
      .identity = {wire::SignerIdentityType::cert_hash, wire::HashAlgorithm::sha256, Bytes(32, 0xCE)},
      .identity_wire = {},
      .value = Bytes(71, 0x51)};
  record->received_ms = k_now_ms;
  record->signer_certificate_sha256 = Bytes(32, 0xCE);
  record->signer_not_after_ms = 2 * k_now_ms;
  return record;
}
data::KindAt place_number(std::uint32_t number) {
  return {resource_id_of("resource " + std::to_string(number)), k_kind};
}
// What data/ asks for when it accepts one value.
data::WriteBatch batch_number(std::uint32_t number) {
  const data::KindAt at = place_number(number);
  return {data::PutRecord{at, record_number(number)}, data::SetGeneration{at, number + 1ULL},
          data::KeepCertificate{Bytes(32, 0xCE), Bytes(400, 0x30), 2 * k_now_ms}};
}

class Memory {
 public:
  data::ValueStore& store() { return store_; }

 private:
  MemoryStore store_;
};

class Rocks {
 public:
  Rocks() : directory_((std::filesystem::temp_directory_path() / "ringway-bench-XXXXXX").string()) {
    if (::mkdtemp(directory_.data()) == nullptr) throw std::runtime_error("no temporary folder");
    auto opened = RocksStore::open(directory_);
    if (!opened) throw std::runtime_error(opened.error().reason);
    store_ = *std::move(opened);
  }
  ~Rocks() {
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  Rocks(const Rocks&) = delete;
  Rocks& operator=(const Rocks&) = delete;
  data::ValueStore& store() { return *store_; }
  void settle() { (void)store_->compact(); }

 private:
  std::string directory_;
  std::unique_ptr<RocksStore> store_;
};

void fill(data::ValueStore& store) {
  std::vector<data::WriteBatch> group;
  for (std::uint32_t number = 0; number < k_stored; ++number) {
    group.push_back(batch_number(number));
    if (group.size() < 1000 && number + 1 < k_stored) continue;
    if (!store.commit(group)) std::abort();
    group.clear();
  }
}

template <typename Store>
void commit(benchmark::State& state) {
  Store under_test;
  const auto batches = static_cast<std::uint32_t>(state.range(0));
  std::uint32_t number = 0;
  for (auto _ : state) {
    std::vector<data::WriteBatch> group;
    for (std::uint32_t i = 0; i < batches; ++i) group.push_back(batch_number(number++));
    if (!under_test.store().commit(group)) state.SkipWithError("the commit failed");
  }
  state.SetItemsProcessed(state.iterations() * batches);
}

template <typename Store>
void load(benchmark::State& state) {
  Store under_test;
  fill(under_test.store());
  if constexpr (std::is_same_v<Store, Rocks>) under_test.settle();
  std::vector<data::KindAt> places;
  for (std::uint32_t number = 0; number < k_stored; ++number) places.push_back(place_number(number));
  std::size_t next = 0;
  for (auto _ : state) {
    const auto loaded = under_test.store().load(places[next]);
    if (!loaded || loaded->records.size() != 1) state.SkipWithError("the load failed");
    next = (next + 7919) % places.size();
  }
  state.SetItemsProcessed(state.iterations());
}

template <typename Store>
void load_absent(benchmark::State& state) {
  Store under_test;
  fill(under_test.store());
  if constexpr (std::is_same_v<Store, Rocks>) under_test.settle();
  std::uint32_t number = k_stored;
  for (auto _ : state) {
    const auto loaded = under_test.store().load(place_number(number++));
    if (!loaded || !loaded->records.empty()) state.SkipWithError("the load failed");
  }
  state.SetItemsProcessed(state.iterations());
}

// The whole ring in slices, as replication walks it.
template <typename Store>
void list(benchmark::State& state) {
  Store under_test;
  fill(under_test.store());
  const auto limit = static_cast<std::size_t>(state.range(0));
  std::int64_t listed = 0;
  for (auto _ : state) {
    RingId cursor{};
    while (true) {
      const auto slice = under_test.store().list(cursor, RingId{}, limit);
      if (!slice) state.SkipWithError("the listing failed");
      listed += static_cast<std::int64_t>(slice->size());
      if (slice->size() < limit) break;
      cursor = slice->back().resource;
    }
  }
  state.SetItemsProcessed(listed);
}

BENCHMARK_TEMPLATE(commit, Rocks)->Arg(1)->Arg(16)->Arg(64)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK_TEMPLATE(commit, Memory)->Arg(1)->Arg(16)->Arg(64)->Unit(benchmark::kMicrosecond);
BENCHMARK_TEMPLATE(load, Rocks)->Unit(benchmark::kMicrosecond);
BENCHMARK_TEMPLATE(load, Memory)->Unit(benchmark::kMicrosecond);
BENCHMARK_TEMPLATE(load_absent, Rocks)->Unit(benchmark::kMicrosecond);
BENCHMARK_TEMPLATE(list, Rocks)->Arg(256)->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(list, Memory)->Arg(256)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ringway::storage
