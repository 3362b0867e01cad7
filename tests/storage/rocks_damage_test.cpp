// What is damaged in RocksDB's data files: what of it is read all the same, and what stands in front of it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <vector>

#include "storage/key_layout.hpp"
#include "storage/rocks_overwritten.hpp"
#include "storage/rocks_read_errors.hpp"
#include "storage/rocks_salvage.hpp"
#include "storage/rocks_store.hpp"
#include "tests/storage/failing_disk.hpp"
#include "tests/storage/record_samples.hpp"
#include "tests/storage/temp_folder.hpp"

namespace ringway::storage {
namespace {

using data::DropKind;
using data::PutRecord;
using data::SetGeneration;

Result<std::unique_ptr<RocksStore>> open_store(const std::string& directory) {
  RocksSettings settings;
  settings.directory = directory;
  settings.now = [] { return k_start_ms; };
  return RocksStore::open(std::move(settings));
}
std::string contents_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}
void overwrite(const std::filesystem::path& file, const std::string& contents) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << contents;
}

// One block of a data file is damaged, and its values are gone until others bring them; the others stay, the
// peer goes on writing, and the next opening sorts the file out.
class DamagedBlock : public testing::Test {
 protected:
  static constexpr int k_values = 200;
  static data::KindAt place_of(int i) {
    return place(static_cast<std::uint8_t>(i), 1, static_cast<std::uint8_t>(i >> 8));
  }
  // Large enough for several blocks.
  void make(const std::string& in_family) {
    data::WriteBatch batch;
    for (int i = 0; i < k_values; ++i) {
      batch.push_back(PutRecord{place_of(i), single(text_of_value(i))});
      batch.push_back(SetGeneration{place_of(i), 5});
    }
    write(batch);
    bend(in_family);
  }
  // As many entries of one Kind.
  void make_one_kind() {
    data::WriteBatch batch;
    for (int i = 0; i < k_values; ++i) batch.push_back(PutRecord{k_large, entry_of(i)});
    batch.push_back(SetGeneration{k_large, 5});
    write(batch);
  }
  static std::string key_of_entry(int i) { return std::to_string(1000 + i); }
  static data::RecordPtr entry_of(int i) { return entry(key_of_entry(i), text_of_value(i)); }
  void write(const data::WriteBatch& batch) {
    auto store = open_store(directory_);
    ASSERT_TRUE(store) << store.error().reason;
    ASSERT_TRUE((*store)->commit({batch}));
    ASSERT_TRUE((*store)->compact());
  }
  // Bends a byte of what stands in the family's file, or several.
  void bend(const std::string& in_family, std::size_t count = 1) {
    const std::filesystem::path file = file_of(in_family);
    std::string contents = contents_of(file);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t at = contents.size() / 3 + i * contents.size() / (2 * count);
      contents[at] = static_cast<char>(contents[at] ^ 0x40);
    }
    overwrite(file, contents);
  }
  // Does not compress.
  static std::string text_of_value(int i) {
    std::string text = "value " + std::to_string(i) + " ";
    std::uint32_t state = static_cast<std::uint32_t>(i) + 1;
    for (int n = 0; n < 200; ++n) {
      state = state * 1664525U + 1013904223U;
      text.push_back(static_cast<char>(state >> 24U));
    }
    return text;
  }
  std::filesystem::path file_of(const std::string& family) const {
    rocksdb::DB* database = nullptr;
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const char* name : {"default", "values", "generations", "certificates", "facts"})
      families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    EXPECT_TRUE(rocksdb::DB::OpenForReadOnly({}, directory_, families, &handles, &database).ok());
    std::vector<rocksdb::LiveFileMetaData> files;
    database->GetLiveFilesMetaData(&files);
    std::filesystem::path found;
    for (const auto& one : files)
      if (one.column_family_name == family) found = directory_ + one.name;
    for (auto* handle : handles) database->DestroyColumnFamilyHandle(handle);
    delete database;
    return found;
  }
  static std::vector<data::KindAt> all_listed(const RocksStore& store, std::size_t slice) {
    std::vector<data::KindAt> all;
    for (RingId after = point(0xFF, 0xFF);;) {
      const auto listed = store.list(after, point(0xFF, 0xFF), slice);
      EXPECT_TRUE(listed) << listed.error().reason;
      if (!listed) return all;
      all.insert(all.end(), listed->begin(), listed->end());
      if (listed->size() < slice) return all;
      after = listed->back().resource;
    }
  }
  // Which of them cannot be read whole.
  static std::vector<int> damaged_of(const RocksStore& store) {
    std::vector<int> damaged;
    for (int i = 0; i < k_values; ++i) {
      const auto loaded = store.load(place_of(i));
      EXPECT_TRUE(loaded) << loaded.error().reason;
      if (!loaded) continue;
      if (loaded->damage != nullptr) {
        damaged.push_back(i);
        continue;
      }
      EXPECT_EQ(loaded->generation_counter, 5U);
      EXPECT_EQ(loaded->records.size(), 1U) << i;
      if (!loaded->records.empty()) {
        EXPECT_EQ(text_in(loaded->records[0]), text_of_value(i));
      }
    }
    return damaged;
  }

  static inline const data::KindAt k_large = place(7);
  const TempFolder folder_;
  const std::string directory_ = folder_.path("store");
};

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

TEST_F(DamagedBlock, ADiskThatIsNotReadForAMomentIsNotDamaged) {
  for (const int error : {EMFILE, EIO}) {
    std::filesystem::remove_all(directory_);
    ASSERT_NO_FATAL_FAILURE(make_one_kind());
    FailingDisk disk;
    WallMs now_ms = k_start_ms;
    RocksSettings settings;
    settings.directory = directory_;
    settings.env = disk.env();
    settings.now = [&now_ms] { return now_ms; };
    auto store = RocksStore::open(settings);
    ASSERT_TRUE(store) << store.error().reason;
    disk.fail_with(error);
    EXPECT_FALSE((*store)->load(k_large)) << "not missing";
    EXPECT_FALSE((*store)->list(point(0), point(0), 10)) << "nothing is passed over";
    now_ms += k_sector_is_lost_after_ms - 1;
    EXPECT_FALSE((*store)->load(k_large));
    disk.fail_with(0);
    EXPECT_EQ((*store)->load(k_large)->records.size(), std::size_t{k_values});
    EXPECT_EQ((*store)->load(k_large)->damage, nullptr);
    EXPECT_FALSE(std::filesystem::exists(directory_ + "/" + k_salvage_mark));
  }
}

TEST_F(DamagedBlock, ASectorThatIsNotGivenForAMinuteIsDamaged) {
  ASSERT_NO_FATAL_FAILURE(make_one_kind());
  FailingDisk disk;
  WallMs now_ms = k_start_ms;
  RocksSettings settings;
  settings.directory = directory_;
  settings.env = disk.env();
  settings.now = [&now_ms] { return now_ms; };
  settings.block_cache_bytes = 0;
  auto store = RocksStore::open(settings);
  ASSERT_TRUE(store) << store.error().reason;
  disk.fail_with(EIO);
  EXPECT_FALSE((*store)->load(k_large));
  now_ms += k_sector_is_lost_after_ms;
  const auto lost = (*store)->load(k_large);
  ASSERT_TRUE(lost) << lost.error().reason;
  ASSERT_NE(lost->damage, nullptr);
  EXPECT_TRUE(std::filesystem::exists(directory_ + "/" + k_salvage_mark));
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

TEST(ReadErrors, AreBounded) {
  ReadErrors errors;
  const auto failure = rocksdb::Status::IOError("While pread", std::generic_category().message(EIO));
  for (std::size_t i = 0; i <= k_most_failing_keys; ++i)
    EXPECT_FALSE(errors.is_damage(failure, std::to_string(i), k_start_ms + i));
  EXPECT_EQ(errors.size(), k_most_failing_keys);
  const WallMs later_ms = k_start_ms + k_sector_is_lost_after_ms + k_most_failing_keys;
  EXPECT_FALSE(errors.is_damage(failure, "0", later_ms)) << "failed last longest ago, and forgotten";
  EXPECT_TRUE(errors.is_damage(failure, "2", later_ms));
  errors.good("2");
  EXPECT_FALSE(errors.is_damage(failure, "2", later_ms));
  EXPECT_FALSE(errors.is_damage(failure, "3",
                                k_start_ms + k_most_failing_keys + 1 + 2 * k_sector_is_forgotten_after_ms))
      << "another failure";
}

// A read may meet the damage while a commit is on its way.
TEST(Overwritten, IsWholeOnlyWhenAllThatWasWrittenIsKnown) {
  Overwritten over;
  const std::vector<data::WriteBatch> group{{DropKind{place(1)}, PutRecord{place(1), single("x")}}};
  over.writing(group);
  over.begin(place(1));
  over.written(group);
  EXPECT_FALSE(over.of(place(1))->whole);
  over.writing(group);
  over.written(group);
  EXPECT_TRUE(over.of(place(1))->whole);
  EXPECT_EQ(over.of(place(1))->keys.size(), 1U);
}

TEST(Overwritten, KindsAndKeysAreBounded) {
  Overwritten over;
  const auto place_at = [](std::size_t i) {
    return place(static_cast<std::uint8_t>(i), 1, static_cast<std::uint8_t>(i >> 8U));
  };
  for (std::size_t i = 0; i <= k_most_overwritten_kinds; ++i) over.begin(place_at(i));
  EXPECT_EQ(over.between(RingId{}, std::nullopt).size(), k_most_overwritten_kinds);
  EXPECT_FALSE(over.of(place_at(k_most_overwritten_kinds)));
  data::WriteBatch batch;
  for (std::size_t i = 0; i < k_most_overwritten_keys; ++i)
    batch.push_back(PutRecord{place_at(1), element(static_cast<std::uint32_t>(i), "x")});
  over.writing({batch});
  EXPECT_EQ(over.of(place_at(1))->keys.size(), k_most_overwritten_keys);
  const std::vector<data::WriteBatch> one_more{{DropKind{place_at(2)}, PutRecord{place_at(2), single("x")}}};
  over.writing(one_more);
  over.written(one_more);
  EXPECT_TRUE(over.of(place_at(2))->keys.empty());
  EXPECT_FALSE(over.of(place_at(2))->whole) << "a key is missing";
  EXPECT_EQ(over.of(place_at(1))->keys.size(), k_most_overwritten_keys);
}

}  // namespace
}  // namespace ringway::storage
