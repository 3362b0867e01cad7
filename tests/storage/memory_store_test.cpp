// What only the in-memory store can do: end a commit half-way, and count its bytes exactly.
#include "storage/memory_store.hpp"

#include <gtest/gtest.h>

#include "tests/storage/record_samples.hpp"

namespace ringway::storage {
namespace {

using data::PutRecord;
using data::SetGeneration;
using data::WriteBatch;

std::vector<WriteBatch> group(std::uint8_t first) {
  return {WriteBatch{PutRecord{place(first), single("x")}, SetGeneration{place(first), first}},
          WriteBatch{PutRecord{place(first, 2), single("y")}}};
}
std::size_t kinds_in(const MemoryStore& store) { return store.list(point(0), point(0), 1000)->size(); }

TEST(MemoryStoreTest, CommitUnderWayIsNotSeen) {
  MemoryStore store;
  const auto ticket = store.begin_commit(group(1));
  EXPECT_EQ(kinds_in(store), 0U);
  EXPECT_EQ(store.load(place(1))->generation_counter, 0U);
  EXPECT_TRUE(store.finish_commit(ticket));
  EXPECT_EQ(kinds_in(store), 2U);
  EXPECT_FALSE(store.finish_commit(ticket));
}

TEST(MemoryStoreTest, FinishingACommitFinishesThoseBeforeIt) {
  MemoryStore store;
  store.begin_commit(group(1));
  const auto second = store.begin_commit(group(2));
  const auto third = store.begin_commit(group(3));
  EXPECT_TRUE(store.finish_commit(second));
  EXPECT_EQ(kinds_in(store), 4U);
  EXPECT_TRUE(store.finish_commit(third));
  EXPECT_EQ(kinds_in(store), 6U);
}

TEST(MemoryStoreTest, CrashLosesWhatWasNotSyncedAndNothingElse) {
  MemoryStore store;
  ASSERT_TRUE(store.finish_commit(store.begin_commit(group(1))));
  const auto lost = store.begin_commit(group(2));
  store.crash(CrashMode::lost);
  EXPECT_EQ(kinds_in(store), 2U);
  EXPECT_EQ(store.load(place(1))->generation_counter, 1U);
  EXPECT_FALSE(store.finish_commit(lost));
  EXPECT_EQ(kinds_in(store), 2U);
}

TEST(MemoryStoreTest, TornCommitIsDroppedWholeWithAllBehindIt) {
  MemoryStore store;
  store.begin_commit(group(1));
  store.begin_commit(group(2));
  store.begin_commit(group(3));
  store.crash(CrashMode::torn, 1);
  EXPECT_EQ(kinds_in(store), 2U);
  EXPECT_EQ(store.load(place(1, 2))->records.size(), 1U);
  EXPECT_TRUE(store.load(place(2))->records.empty());
  EXPECT_TRUE(store.load(place(2, 2))->records.empty());
}

TEST(MemoryStoreTest, MoreWholeCommitsThanThereAreKeepsThemAll) {
  MemoryStore store;
  store.begin_commit(group(1));
  store.crash(CrashMode::torn, 5);
  EXPECT_EQ(kinds_in(store), 2U);
}

TEST(MemoryStoreTest, WhatIsDamagedIsNotThereUntilItIsWrittenAgain) {
  MemoryStore store;
  const data::ItemKey a = copy_of(view_of("a"));
  ASSERT_TRUE(store.commit({{PutRecord{place(1), entry("a", "1")}, PutRecord{place(1), entry("b", "2")},
                             SetGeneration{place(1), 2}}}));
  EXPECT_FALSE(store.damage_record(place(1), copy_of(view_of("c"))));
  EXPECT_FALSE(store.damage_generation(place(2)));
  ASSERT_TRUE(store.damage_record(place(1), a));
  ASSERT_TRUE(store.damage_generation(place(1)));
  const auto damaged = store.load(place(1));
  EXPECT_EQ(damaged->generation_counter, 0U);
  EXPECT_EQ(damaged->records.size(), 1U);
  ASSERT_NE(damaged->damage, nullptr);
  EXPECT_EQ(damaged->damage->items, (std::vector<data::ItemKey>{a}));
  ASSERT_TRUE(store.commit({{PutRecord{place(1), entry("a", "1")}}}));
  EXPECT_TRUE(store.load(place(1))->damage->generation);
  ASSERT_TRUE(store.commit({{SetGeneration{place(1), 2}}}));
  EXPECT_EQ(store.load(place(1))->damage, nullptr);
  EXPECT_EQ(store.load(place(1))->records.size(), 2U);
}

TEST(MemoryStoreTest, WhoseCertificateIsDamagedIsHiddenUntilThatIsWrittenAgain) {
  MemoryStore store;
  const data::KeepCertificate theirs{single("x")->signer_certificate_sha256, SharedBytes{Bytes(100, 1)},
                                     k_start_ms};
  data::Record of_another = sample_record("2");
  of_another.stored.value.model = wire::DataModel::dictionary;
  of_another.stored.value.key = copy_of(view_of("b"));
  of_another.signer_certificate_sha256 = Bytes(32, 7);
  ASSERT_TRUE(store.commit({{theirs, PutRecord{place(1), entry("a", "1")},
                             PutRecord{place(1), shared(of_another)}, SetGeneration{place(1), 2}}}));
  EXPECT_FALSE(store.damage_certificate(Bytes(32, 7)));
  ASSERT_TRUE(store.damage_certificate(theirs.sha256));
  EXPECT_FALSE(store.certificate(theirs.sha256));
  EXPECT_EQ(store.damaged_kinds(), 1U);
  const auto damaged = store.load(place(1));
  EXPECT_EQ(damaged->generation_counter, 2U);
  ASSERT_EQ(damaged->records.size(), 1U);
  EXPECT_EQ(text_in(damaged->records[0]), "2");
  EXPECT_TRUE(damaged->hides(view_of("a")));
  EXPECT_FALSE(damaged->hides(view_of("b")));
  ASSERT_TRUE(store.commit({{theirs}}));
  EXPECT_EQ(store.load(place(1))->damage, nullptr);
  EXPECT_EQ(store.load(place(1))->records.size(), 2U);
  EXPECT_EQ(store.damaged_kinds(), 0U);
}

// Nobody can see on a disk when what cannot be read would have expired.
TEST(MemoryStoreTest, WhatIsDamagedDoesNotExpireButWithItsGeneration) {
  MemoryStore store;
  ASSERT_TRUE(store.commit({{PutRecord{place(1), single("x", 60)}, SetGeneration{place(1), 2}}}));
  ASSERT_TRUE(store.damage_record(place(1), {}));
  store.reclaim(k_start_ms + k_day_ms);
  EXPECT_TRUE(store.load(place(1))->hides({}));
  store.reclaim(k_start_ms + 3 * k_day_ms);
  EXPECT_EQ(store.load(place(1))->damage, nullptr);
  EXPECT_EQ(kinds_in(store), 0U);
  EXPECT_EQ(store.totals()->bytes, 0U);
}

TEST(MemoryStoreTest, BytesReturnToZeroWhenAllIsGone) {
  MemoryStore store;
  ASSERT_TRUE(store.commit({{PutRecord{place(1), single("one")}, PutRecord{place(1), single("longer one")},
                             PutRecord{place(2), entry("k", "v")}, PutRecord{place(3), element(1, "e", 1)},
                             data::KeepCertificate{Bytes(32, 1), Bytes(500, 1), k_start_ms},
                             data::KeepCertificate{Bytes(32, 1), Bytes(700, 1), k_start_ms}}}));
  EXPECT_EQ(store.totals()->records, 3U);
  EXPECT_EQ(store.totals()->resources, 3U);
  EXPECT_GT(store.totals()->bytes, 700U);
  ASSERT_TRUE(store.commit({{data::DropRecord{place(2), copy_of(view_of("k"))}, data::DropKind{place(1)}}}));
  store.reclaim(k_start_ms + 10 * k_day_ms);
  EXPECT_EQ(store.totals()->records, 0U);
  EXPECT_EQ(store.totals()->resources, 0U);
  EXPECT_EQ(store.totals()->bytes, 0U);
}

}  // namespace
}  // namespace ringway::storage
