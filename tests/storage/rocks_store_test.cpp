// What only a store on a disk can show: permissions, locks, schemas, damage.
#include "storage/rocks_store.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <vector>

#include "storage/key_layout.hpp"
#include "storage/record_codec.hpp"
#include "storage/rocks_salvage.hpp"
#include "tests/storage/record_samples.hpp"
#include "tests/storage/temp_folder.hpp"

namespace ringway::storage {
namespace {

using data::PutRecord;
using data::SetGeneration;
using testing::HasSubstr;

Result<std::unique_ptr<RocksStore>> open_store(const std::string& directory) {
  RocksSettings settings;
  settings.directory = directory;
  settings.now = [] { return k_start_ms; };
  return RocksStore::open(std::move(settings));
}

// A store with `count` values, all of it in data files rather than in the log.
void fill(const std::string& directory, std::uint8_t count) {
  auto store = open_store(directory);
  ASSERT_TRUE(store) << store.error().reason;
  data::WriteBatch batch;
  for (std::uint8_t i = 1; i <= count; ++i) {
    batch.push_back(PutRecord{place(i), single("value " + std::to_string(i))});
    batch.push_back(SetGeneration{place(i), i});
  }
  ASSERT_TRUE((*store)->commit({batch}));
  ASSERT_TRUE((*store)->compact());
}

std::vector<std::filesystem::path> data_files(const std::string& directory) {
  std::vector<std::filesystem::path> files;
  for (const auto& file : std::filesystem::directory_iterator(directory)) {
    if (file.path().extension() == ".sst") files.push_back(file.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}
std::string contents_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}
void overwrite(const std::filesystem::path& file, const std::string& contents) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << contents;
}

// Writes straight into the database of a store.
void tamper(const std::string& directory, const std::string& family, const std::string& key,
            const std::string& value) {
  std::vector<std::string> names;
  ASSERT_TRUE(rocksdb::DB::ListColumnFamilies({}, directory, &names).ok());
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* database = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open({}, directory, families, &handles, &database).ok());
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    if (handle->GetName() == family) {
      EXPECT_TRUE(database->Put({}, handle, key, value).ok());
    }
    database->DestroyColumnFamilyHandle(handle);
  }
  delete database;
}

TEST(RocksStoreTest, MakesItsDirectoryForItsOwnerOnly) {
  const TempFolder folder;
  const std::string directory = folder.path("deep/er");
  ASSERT_TRUE(open_store(directory));
  struct stat found {};
  ASSERT_EQ(::stat(directory.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0700U);
}

TEST(RocksStoreTest, SaysWhichDirectoryCannotBeMade) {
  const TempFolder folder;
  overwrite(folder.path("file"), "not a directory");
  const auto store = open_store(folder.path("file/store"));
  ASSERT_FALSE(store);
  EXPECT_THAT(store.error().reason, HasSubstr(folder.path("file/store")));
  EXPECT_FALSE(open_store(folder.path("file")));
}

TEST(RocksStoreTest, IsOpenOnlyOnce) {
  const TempFolder folder;
  auto store = open_store(folder.path("store"));
  ASSERT_TRUE(store);
  EXPECT_FALSE(open_store(folder.path("store")));
  store->reset();
  EXPECT_TRUE(open_store(folder.path("store")));
}

TEST(RocksStoreTest, AnotherProcessUsesTheFolder) {
  const TempFolder folder;
  ASSERT_TRUE(open_store(folder.path()));
  const int file = ::open((folder.path() + "/LOCK").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(file, 0);
  // Of the open file, not of the process: so it stands in the way here too.
  struct ::flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  ASSERT_EQ(::fcntl(file, F_OFD_SETLK, &lock), 0);
  const auto refused = open_store(folder.path());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().reason, HasSubstr("another ringwayd uses " + folder.path() + ": stop it"));
  EXPECT_THAT(refused.error().reason, HasSubstr("--data"));
  ::close(file);
  const auto first = open_store(folder.path());
  ASSERT_TRUE(first);
  const auto second = open_store(folder.path());
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().reason, HasSubstr("another ringwayd"));
}

TEST(RocksStoreTest, OpensWithTheSystemsClock) {
  const TempFolder folder;
  auto store = RocksStore::open(folder.path("store"));
  ASSERT_TRUE(store) << store.error().reason;
  ASSERT_TRUE((*store)->commit({{SetGeneration{place(1), 4}}}));
  EXPECT_EQ((*store)->load(place(1))->generation_counter, 4U);
}

TEST(RocksStoreTest, RefusesTheStoreOfANewerSchema) {
  const TempFolder folder;
  fill(folder.path("store"), 1);
  tamper(folder.path("store"), "facts", "schema", std::string("\0\0\0\2", 4));
  const auto store = open_store(folder.path("store"));
  ASSERT_FALSE(store);
  EXPECT_THAT(store.error().reason, HasSubstr("written by a newer Ringway"));
  EXPECT_THAT(store.error().reason, HasSubstr("schema 2"));
}

TEST(RocksStoreTest, RefusesAStoreWithUnknownColumnFamilies) {
  const TempFolder folder;
  fill(folder.path("store"), 1);
  rocksdb::DB* database = nullptr;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const char* name : {"default", "values", "generations", "certificates", "facts", "subscriptions"}) {
    families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  }
  rocksdb::DBOptions options;
  options.create_missing_column_families = true;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  ASSERT_TRUE(rocksdb::DB::Open(options, folder.path("store"), families, &handles, &database).ok());
  for (rocksdb::ColumnFamilyHandle* handle : handles) database->DestroyColumnFamilyHandle(handle);
  delete database;

  const auto store = open_store(folder.path("store"));
  ASSERT_FALSE(store);
  EXPECT_THAT(store.error().reason, HasSubstr("newer Ringway"));
  EXPECT_THAT(store.error().reason, HasSubstr("subscriptions"));
}

std::string key_of(const data::KindAt& at, std::string_view item = {}) {
  return record_key(at, view_of(item));
}

TEST(RocksStoreTest, ABrokenRecordIsNamedNotReclaimedAndWrittenOver) {
  const TempFolder folder;
  ASSERT_NO_FATAL_FAILURE(fill(folder.path("store"), 2));
  tamper(folder.path("store"), "values", key_of(place(1)), "no record");
  auto store = open_store(folder.path("store"));
  ASSERT_TRUE(store) << store.error().reason;
  ASSERT_TRUE((*store)->compact());
  const auto loaded = (*store)->load(place(1));
  ASSERT_TRUE(loaded) << loaded.error().reason;
  ASSERT_NE(loaded->damage, nullptr);
  EXPECT_THAT(loaded->damage->what, HasSubstr(place(1).resource.hex()));
  EXPECT_THAT(loaded->damage->items, testing::ElementsAre(data::ItemKey{}));
  EXPECT_FALSE(loaded->damage->generation);
  EXPECT_FALSE(loaded->damage->more);
  EXPECT_EQ(loaded->generation_counter, 1U);
  EXPECT_TRUE(loaded->records.empty());
  EXPECT_EQ((*store)->load(place(2))->damage, nullptr);
  EXPECT_EQ((*store)->list(point(0), point(0), 1000)->size(), 2U) << "a scan goes on";
  ASSERT_TRUE((*store)->commit({{PutRecord{place(1), single("value 1")}}}));
  EXPECT_EQ((*store)->load(place(1))->damage, nullptr);
  EXPECT_EQ(text_in((*store)->load(place(1))->records.at(0)), "value 1");
}

TEST(RocksStoreTest, ABrokenRecordHidesNoOther) {
  const TempFolder folder;
  {
    auto store = open_store(folder.path("store"));
    ASSERT_TRUE((*store)->commit({{PutRecord{place(1), entry("a", "1")}, PutRecord{place(1), entry("b", "2")},
                                   PutRecord{place(1), entry("c", "3")}, SetGeneration{place(1), 3}}}));
  }
  // Sound, but its key is another one.
  tamper(folder.path("store"), "values", key_of(place(1), "b"),
         std::string(text_of(encode_record(*entry("a", "1")))));
  auto store = open_store(folder.path("store"));
  const auto loaded = (*store)->load(place(1));
  ASSERT_TRUE(loaded && loaded->damage != nullptr);
  EXPECT_EQ(loaded->records.size(), 2U);
  EXPECT_TRUE(loaded->hides(view_of("b")));
  EXPECT_FALSE(loaded->hides(view_of("a")));
}

TEST(RocksStoreTest, ABrokenGenerationIsUnknownUntilItIsSet) {
  const TempFolder folder;
  ASSERT_NO_FATAL_FAILURE(fill(folder.path("store"), 1));
  tamper(folder.path("store"), "generations", kind_key(place(1)), "?");
  auto store = open_store(folder.path("store"));
  ASSERT_TRUE(store) << store.error().reason;
  const auto loaded = (*store)->load(place(1));
  ASSERT_TRUE(loaded && loaded->damage != nullptr);
  EXPECT_TRUE(loaded->damage->generation);
  EXPECT_EQ(loaded->generation_counter, 0U);
  EXPECT_EQ(loaded->records.size(), 1U);
  EXPECT_FALSE(loaded->hides({})) << "the values are whole";
  ASSERT_TRUE((*store)->commit({{PutRecord{place(1), single("new")}, PutRecord{place(2), single("x")}}}));
  EXPECT_TRUE((*store)->load(place(1))->damage->generation) << "no number was made up";
  ASSERT_TRUE((*store)->commit({{SetGeneration{place(1), 7}}}));
  EXPECT_EQ((*store)->load(place(1))->damage, nullptr);
  EXPECT_EQ((*store)->load(place(1))->generation_counter, 7U);
}

TEST(RocksStoreTest, ABrokenCertificateIsWrittenOver) {
  const TempFolder folder;
  const Bytes sha256(32, 0xCE);
  ASSERT_NO_FATAL_FAILURE(fill(folder.path("store"), 1));
  tamper(folder.path("store"), "certificates", std::string(text_of(sha256)), "?");
  auto store = open_store(folder.path("store"));
  EXPECT_FALSE((*store)->certificate(sha256));
  ASSERT_TRUE((*store)->commit({{data::KeepCertificate{sha256, SharedBytes{Bytes(100, 1)}, k_start_ms}}}));
  EXPECT_EQ((*(*store)->certificate(sha256))->size(), 100U);
}

// Nobody believes a value without its writer's certificate; the replicas have both, once it is missing.
TEST(RocksStoreTest, ValuesGoWithTheCertificateThatWasLost) {
  const TempFolder folder;
  const std::string directory = folder.path("store");
  auto other = std::make_shared<data::Record>(*single("other"));
  other->signer_certificate_sha256 = Bytes(32, 0xAB);
  {
    auto store = open_store(directory);
    ASSERT_TRUE(store) << store.error().reason;
    const data::KeepCertificate kept{single("one")->signer_certificate_sha256, SharedBytes{Bytes(100, 1)},
                                     k_start_ms};
    ASSERT_TRUE((*store)->commit({{kept, PutRecord{place(1), single("one")}, SetGeneration{place(1), 1},
                                   PutRecord{place(2), other}, SetGeneration{place(2), 1}}}));
  }
  std::ofstream(directory + "/" + k_salvage_mark) << "a block of certificates";
  auto store = open_store(directory);
  ASSERT_TRUE(store) << store.error().reason;
  EXPECT_EQ((*store)->load(place(1))->records.size(), 1U);
  EXPECT_EQ((*store)->load(place(2))->records.size(), 0U);
  EXPECT_FALSE(std::filesystem::exists(directory + "/" + k_salvage_mark));
}

// Bends one byte at many places of every data file: a read then answers right or fails, and never lies.
TEST(RocksStoreTest, DamagedFileGivesAFailureAndNeverAWrongAnswer) {
  const TempFolder folder;
  const std::string directory = folder.path("store");
  constexpr std::uint8_t k_values = 20;
  fill(directory, k_values);
  int failures = 0;
  for (const std::filesystem::path& file : data_files(directory)) {
    const std::string sound = contents_of(file);
    for (std::size_t at = 0; at < sound.size(); at += sound.size() / 12 + 1) {
      std::string bent = sound;
      bent[at] = static_cast<char>(bent[at] ^ 0x40);
      overwrite(file, bent);
      std::filesystem::remove(directory + "/" + k_salvage_mark);
      auto store = open_store(directory);
      if (!store) {
        ++failures;
        continue;
      }
      for (std::uint8_t i = 1; i <= k_values; ++i) {
        const auto loaded = (*store)->load(place(i));
        if (!loaded || loaded->damage != nullptr) {
          ++failures;
          continue;
        }
        ASSERT_EQ(loaded->generation_counter, i) << file << " byte " << at;
        ASSERT_EQ(loaded->records.size(), 1U) << file << " byte " << at;
        ASSERT_EQ(text_in(loaded->records[0]), "value " + std::to_string(i));
      }
    }
    overwrite(file, sound);
  }
  EXPECT_GT(failures, 0);
}

TEST(RocksStoreTest, MissingFileGivesAFailure) {
  const TempFolder folder;
  fill(folder.path("store"), 5);
  const auto files = data_files(folder.path("store"));
  ASSERT_FALSE(files.empty());
  for (const std::filesystem::path& file : files) std::filesystem::remove(file);
  EXPECT_FALSE(open_store(folder.path("store")));
}

}  // namespace
}  // namespace ringway::storage
