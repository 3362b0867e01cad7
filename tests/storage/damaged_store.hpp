// A store of which a test bends the data files, or whose disk does not give them.
#pragma once

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "storage/rocks_store.hpp"
#include "tests/storage/failing_disk.hpp"
#include "tests/storage/record_samples.hpp"
#include "tests/storage/temp_folder.hpp"

namespace ringway::storage {

inline Result<std::unique_ptr<RocksStore>> open_store(const std::string& directory) {
  RocksSettings settings;
  settings.directory = directory;
  settings.now = [] { return k_start_ms; };
  return RocksStore::open(std::move(settings));
}
inline std::string contents_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}
inline void overwrite(const std::filesystem::path& file, const std::string& contents) {
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
      batch.push_back(data::PutRecord{place_of(i), single(text_of_value(i))});
      batch.push_back(data::SetGeneration{place_of(i), 5});
    }
    write(batch);
    if (!in_family.empty()) bend(in_family);
  }
  // As many entries of one Kind.
  void make_one_kind() {
    data::WriteBatch batch;
    for (int i = 0; i < k_values; ++i) batch.push_back(data::PutRecord{k_large, entry_of(i)});
    batch.push_back(data::SetGeneration{k_large, 5});
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

  // On that disk, with the clock that the test moves.
  std::unique_ptr<RocksStore> open_on(FailingDisk& disk) {
    RocksSettings settings;
    settings.directory = directory_;
    settings.env = disk.env();
    settings.now = [this] { return now_ms_; };
    auto store = RocksStore::open(std::move(settings));
    EXPECT_TRUE(store) << store.error().reason;
    return store ? *std::move(store) : nullptr;
  }

  WallMs now_ms_ = k_start_ms;
  static inline const data::KindAt k_large = place(7);
  const TempFolder folder_;
  const std::string directory_ = folder_.path("store");
};

}  // namespace ringway::storage
