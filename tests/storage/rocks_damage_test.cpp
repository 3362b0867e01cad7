// What is damaged in RocksDB's data files: what of it is read all the same, and what stands in front of it.
#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "storage/rocks_salvage.hpp"
#include "tests/storage/damaged_store.hpp"

namespace ringway::storage {
namespace {

using data::DropKind;
using data::PutRecord;
using data::SetGeneration;

TEST_F(DamagedBlock, OfRecordsHidesThoseInItUntilTheNextOpening) {
  ASSERT_NO_FATAL_FAILURE(make("values"));
  std::vector<int> damaged;
  {
    auto store = open_store(directory_);
    ASSERT_TRUE(store) << store.error().reason;
    damaged = damaged_of(**store);
    EXPECT_GT(damaged.size(), 0U);
    EXPECT_LT(damaged.size(), 40U) << "a block, and what is read across it";
    EXPECT_TRUE((*store)->load(place_of(damaged.at(0)))->damage->more);
    EXPECT_EQ((*store)->list(point(0), point(0), 1000)->size(), std::size_t{k_values});
    const data::KeepCertificate theirs{single("again")->signer_certificate_sha256, SharedBytes{Bytes(100, 1)},
                                       k_start_ms};
    EXPECT_TRUE((*store)->commit({{theirs, PutRecord{place_of(damaged.at(0)), single("again")}}}));
  }
  auto store = open_store(directory_);
  ASSERT_TRUE(store) << store.error().reason;
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/" + k_salvage_mark));
  for (int i = 0; i < k_values; ++i) {
    const auto loaded = (*store)->load(place_of(i));
    ASSERT_TRUE(loaded) << loaded.error().reason;
    EXPECT_EQ(loaded->damage, nullptr) << i;
  }
  EXPECT_EQ(text_in((*store)->load(place_of(damaged.at(0)))->records.at(0)), "again");
  EXPECT_TRUE((*store)->compact()) << "nothing is left that a compaction fails over";
}

TEST_F(DamagedBlock, OfGenerationsIsPassedOverByScans) {
  ASSERT_NO_FATAL_FAILURE(make("generations"));
  auto store = open_store(directory_);
  ASSERT_TRUE(store) << store.error().reason;
  const auto damaged = damaged_of(**store);
  ASSERT_GT(damaged.size(), 0U);
  EXPECT_TRUE((*store)->load(place_of(damaged.at(0)))->damage->generation);
  EXPECT_EQ((*store)->load(place_of(damaged.at(0)))->records.size(), 1U);
  for (const std::size_t slice : {std::size_t{1000}, std::size_t{7}})
    EXPECT_EQ(all_listed(**store, slice).size(), std::size_t{k_values});
  for (const int i : damaged) ASSERT_TRUE((*store)->commit({{SetGeneration{place_of(i), 5}}}));
  EXPECT_TRUE(damaged_of(**store).empty()) << "what is written stands in front of the damaged file";
}

TEST_F(DamagedBlock, WhatIsWrittenOverItIsRead) {
  ASSERT_NO_FATAL_FAILURE(make("values"));
  auto store = open_store(directory_);
  const auto damaged = damaged_of(**store);
  ASSERT_GT(damaged.size(), 2U);
  for (const int i : damaged) {
    ASSERT_TRUE((*store)->commit({{PutRecord{place_of(i), single("again")}}}));
    const auto loaded = (*store)->load(place_of(i));
    ASSERT_EQ(loaded->records.size(), 1U) << i;
    EXPECT_EQ(text_in(loaded->records[0]), "again");
    EXPECT_TRUE(loaded->damage->more) << "there may be others";
    EXPECT_FALSE(loaded->hides({}));
    EXPECT_TRUE(loaded->hides(view_of("other")));
  }
  for (const int i : damaged) {
    ASSERT_TRUE((*store)->commit({{DropKind{place_of(i)}, PutRecord{place_of(i), single("all there is")},
                                   SetGeneration{place_of(i), 6}}}));
    const auto loaded = (*store)->load(place_of(i));
    EXPECT_EQ(loaded->damage, nullptr) << i;
    EXPECT_EQ(loaded->generation_counter, 6U);
    ASSERT_EQ(loaded->records.size(), 1U) << i;
    EXPECT_EQ(text_in(loaded->records[0]), "all there is");
  }
  ASSERT_TRUE((*store)->commit({{DropKind{place_of(damaged[1])}}}));
  EXPECT_TRUE((*store)->load(place_of(damaged[1]))->records.empty());
  EXPECT_EQ((*store)->load(place_of(damaged[1]))->damage, nullptr);
  EXPECT_EQ(all_listed(**store, 7).size(), std::size_t{k_values} - 1);
}

TEST_F(DamagedBlock, WhatStandsOnBothSidesOfItIsRead) {
  ASSERT_NO_FATAL_FAILURE(make_one_kind());
  bend("values");
  auto store = open_store(directory_);
  const auto loaded = (*store)->load(k_large);
  ASSERT_TRUE(loaded && loaded->damage != nullptr) << "nothing was bent";
  EXPECT_TRUE(loaded->damage->more);
  EXPECT_GT(loaded->records.size(), std::size_t{k_values} - 40);
  EXPECT_LT(loaded->records.size(), std::size_t{k_values});
  EXPECT_FALSE(loaded->hides(view_of(key_of_entry(0))));
  EXPECT_FALSE(loaded->hides(view_of(key_of_entry(k_values - 1))));
  std::map<data::ItemKey, data::RecordPtr> here;
  for (const auto& record : loaded->records) here[data::item_key_of(record->stored.value)] = record;
  EXPECT_EQ(here.size(), loaded->records.size());
  data::WriteBatch mend;
  for (int i = 0; i < k_values; ++i)
    if (!here.contains(copy_of(view_of(key_of_entry(i))))) mend.push_back(PutRecord{k_large, entry_of(i)});
  ASSERT_TRUE((*store)->commit({mend}));
  const auto mended = (*store)->load(k_large);
  ASSERT_EQ(mended->records.size(), std::size_t{k_values});
  for (int i = 0; i < k_values; ++i) {
    EXPECT_EQ(text_of(mended->records[static_cast<std::size_t>(i)]->stored.value.key), key_of_entry(i));
    EXPECT_EQ(text_in(mended->records[static_cast<std::size_t>(i)]), text_of_value(i));
  }
}

// Neither generations nor records can name what is there.
TEST_F(DamagedBlock, OfBothFamiliesAtOnePlaceIsPassedOverByScans) {
  ASSERT_NO_FATAL_FAILURE(make("generations"));
  bend("values", 5);
  auto store = open_store(directory_);
  ASSERT_TRUE(store) << store.error().reason;
  std::vector<int> lost;
  for (int i = 0; i < k_values; ++i) {
    const auto loaded = (*store)->load(place_of(i));
    if (loaded->damage && loaded->damage->generation && loaded->records.empty()) lost.push_back(i);
  }
  ASSERT_GT(lost.size(), 0U) << "the two blocks have nothing in common";
  for (const std::size_t slice : {std::size_t{1000}, std::size_t{7}}) {
    const auto all = all_listed(**store, slice);
    for (int i = 0; i < k_values; ++i) {
      const bool is_listed = std::find(all.begin(), all.end(), place_of(i)) != all.end();
      EXPECT_TRUE(is_listed || std::find(lost.begin(), lost.end(), i) != lost.end()) << i;
    }
    EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
    EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
  }
  const auto up_to = (*store)->list(point(0xFF, 0xFF), place_of(lost[0]).resource, 1000);
  EXPECT_TRUE(up_to) << "that ends in it";
  // What nobody has ever stored is named too.
  const data::KindAt unheard_of{place_of(lost[0]).resource, 2};
  ASSERT_TRUE((*store)->commit({{PutRecord{unheard_of, single("new")}, SetGeneration{unheard_of, 1}}}));
  for (const std::size_t slice : {std::size_t{1000}, std::size_t{7}}) {
    const auto all = all_listed(**store, slice);
    EXPECT_EQ(std::count(all.begin(), all.end(), unheard_of), 1);
  }
  EXPECT_EQ((*store)->load(unheard_of)->records.size(), 1U);
  ASSERT_TRUE((*store)->commit({{DropKind{unheard_of}}}));
  // What comes back is named again.
  for (const int i : lost)
    ASSERT_TRUE((*store)->commit({{PutRecord{place_of(i), single("again")}, SetGeneration{place_of(i), 5}}}));
  EXPECT_EQ(all_listed(**store, 1000).size(), std::size_t{k_values});
  EXPECT_EQ(all_listed(**store, 7).size(), std::size_t{k_values});
}

// Some of a Kind's records are not found when it is dropped; the next Store of it must not bring them back.
TEST_F(DamagedBlock, NothingOfADroppedKindComesBack) {
  ASSERT_NO_FATAL_FAILURE(make_one_kind());
  FailingDisk disk;
  WallMs now_ms = k_start_ms;
  RocksSettings settings;
  settings.directory = directory_;
  settings.env = disk.env();
  settings.now = [&now_ms] { return now_ms; };
  auto store = RocksStore::open(settings);
  ASSERT_TRUE(store) << store.error().reason;
  disk.fail_with(EIO);
  ASSERT_TRUE((*store)->commit({{DropKind{k_large}}}));
  disk.fail_with(0);
  ASSERT_TRUE((*store)->commit({{PutRecord{k_large, entry("new", "1")}, SetGeneration{k_large, 1}}}));
  const auto loaded = (*store)->load(k_large);
  ASSERT_EQ(loaded->records.size(), 1U);
  EXPECT_EQ(text_in(loaded->records[0]), "1");
}

// A record that lives longer than what is written with the new generation must not vanish with that.
TEST(RocksDamage, ANewGenerationOutlivesTheRecordsOfTheOneThatWasLost) {
  const TempFolder folder;
  FailingDisk disk;
  WallMs now_ms = k_start_ms;
  RocksSettings settings;
  settings.directory = folder.path("store");
  settings.env = disk.env();
  settings.now = [&now_ms] { return now_ms; };
  {
    auto store = RocksStore::open(settings);
    ASSERT_TRUE((*store)->commit(
        {{PutRecord{place(1), entry("long", "1", 30 * 24 * 3600)}, SetGeneration{place(1), 1}}}));
    ASSERT_TRUE((*store)->compact());
  }
  auto store = RocksStore::open(settings);
  disk.fail_with(EIO);
  ASSERT_TRUE((*store)->commit({{PutRecord{place(1), entry("short", "2", 60)}, SetGeneration{place(1), 2}}}));
  disk.fail_with(0);
  now_ms += 3 * k_day_ms;
  ASSERT_TRUE((*store)->compact());
  EXPECT_EQ((*store)->load(place(1))->records.size(), 1U);
  EXPECT_EQ((*store)->load(place(1))->generation_counter, 2U);
}

// Nobody believes a record without it: it comes back from the replicas, and with one of them all of that
// writer.
TEST_F(DamagedBlock, OfCertificatesHidesWhatThoseWritersHaveSigned) {
  constexpr std::size_t k_writers = 40;
  const auto signed_by = [](std::size_t writer, int i) {
    data::Record record = sample_record(text_of_value(i));
    record.signer_certificate_sha256.assign(32, static_cast<std::uint8_t>(writer));
    record.stored.value.model = wire::DataModel::dictionary;
    record.stored.value.key = copy_of(view_of(key_of_entry(i)));
    return shared(std::move(record));
  };
  const auto certificate_of = [](std::size_t writer) {
    return data::KeepCertificate{Bytes(32, static_cast<std::uint8_t>(writer)),
                                 SharedBytes{copy_of(view_of(text_of_value(static_cast<int>(writer))))},
                                 k_start_ms + k_year_ms};
  };
  data::WriteBatch batch;
  for (std::size_t writer = 0; writer < k_writers; ++writer) batch.push_back(certificate_of(writer));
  for (int i = 0; i < k_values; ++i) {
    batch.push_back(PutRecord{place_of(i), signed_by(static_cast<std::size_t>(i) % k_writers, i)});
    batch.push_back(PutRecord{place_of(i), signed_by(static_cast<std::size_t>(i + 1) % k_writers, i + 1)});
    batch.push_back(SetGeneration{place_of(i), 5});
  }
  ASSERT_NO_FATAL_FAILURE(write(batch));
  bend("certificates");
  auto store = open_store(directory_);
  ASSERT_TRUE(store) << store.error().reason;
  std::set<std::size_t> lost;
  for (std::size_t writer = 0; writer < k_writers; ++writer)
    if (!(*store)->certificate(Bytes(32, static_cast<std::uint8_t>(writer)))) lost.insert(writer);
  ASSERT_GT(lost.size(), 0U);
  ASSERT_LT(lost.size(), k_writers);
  for (int i = 0; i < k_values; ++i) {
    const auto loaded = (*store)->load(place_of(i));
    ASSERT_TRUE(loaded) << loaded.error().reason;
    EXPECT_EQ(loaded->generation_counter, 5U);
    std::vector<data::ItemKey> hidden;
    for (const int item : {i, i + 1})
      if (lost.contains(static_cast<std::size_t>(item) % k_writers))
        hidden.push_back(copy_of(view_of(key_of_entry(item))));
    EXPECT_EQ(loaded->records.size(), 2 - hidden.size()) << i;
    EXPECT_EQ(loaded->damage != nullptr, !hidden.empty()) << i;
    if (loaded->damage) {
      EXPECT_EQ(loaded->damage->items, hidden) << i;
    }
  }
  for (const std::size_t writer : lost) ASSERT_TRUE((*store)->commit({{certificate_of(writer)}}));
  for (int i = 0; i < k_values; ++i) {
    EXPECT_EQ((*store)->load(place_of(i))->damage, nullptr) << i;
    EXPECT_EQ((*store)->load(place_of(i))->records.size(), 2U) << i;
  }
}

TEST(SalvageMark, ThatCannotBeWrittenIsTriedAgain) {
  const TempFolder folder;
  const std::string directory = folder.path("later");
  const SalvageMark mark(directory);
  mark.note(rocksdb::Status::IOError("of a moment"));
  mark.note(rocksdb::Status::Corruption("for good"));
  EXPECT_FALSE(mark.is_set());
  std::filesystem::create_directory(directory);
  mark.note(rocksdb::Status::IOError("of a moment"));
  EXPECT_FALSE(mark.is_set());
  mark.note(rocksdb::Status::Corruption("for good"));
  EXPECT_TRUE(mark.is_set());
}

}  // namespace
}  // namespace ringway::storage
