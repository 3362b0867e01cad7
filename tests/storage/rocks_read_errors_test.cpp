// Which reads that fail have met damage, and which say nothing about what is there.
#include "storage/rocks_read_errors.hpp"

#include <filesystem>
#include <vector>

#include "storage/rocks_salvage.hpp"
#include "tests/storage/damaged_store.hpp"

namespace ringway::storage {
namespace {

rocksdb::Status failure_at(int sector, int error = EIO) {
  return rocksdb::Status::IOError("While pread offset " + std::to_string(4096 * sector),
                                  std::generic_category().message(error));
}

TEST(ReadErrors, OnesOfAPlaceAreDamageAfterAMinute) {
  const WallMs later_ms = k_start_ms + k_sector_is_lost_after_ms;
  for (const int error : {EIO, ENODATA, EILSEQ, EREMOTEIO, EUCLEAN, EBADMSG, ENOENT}) {
    ReadErrors errors;
    EXPECT_FALSE(errors.is_damage(failure_at(1, error), "a", k_start_ms)) << error;
    EXPECT_FALSE(errors.is_damage(failure_at(1, error), "a", later_ms - 1)) << error;
    EXPECT_TRUE(errors.is_damage(failure_at(1, error), "a", later_ms)) << error;
  }
  for (const int error : {EMFILE, ENFILE, ENOMEM, ENXIO, ENODEV, ESTALE, EACCES, EINTR, ETIMEDOUT}) {
    ReadErrors errors;
    for (const WallMs at_ms : {k_start_ms, later_ms, k_start_ms + k_day_ms})
      EXPECT_FALSE(errors.is_damage(failure_at(1, error), "a", at_ms)) << error;
    EXPECT_EQ(errors.keys() + errors.places(), 0U);
  }
}

// A sector has one minute, not one for each of the Kinds in it; nor has a Kind one for each way to read it.
TEST(ReadErrors, KeysOfASectorHaveItsMinuteTogether) {
  ReadErrors errors;
  const WallMs later_ms = k_start_ms + k_sector_is_lost_after_ms;
  EXPECT_FALSE(errors.is_damage(failure_at(1), "a", k_start_ms));
  EXPECT_TRUE(errors.is_damage(failure_at(1), "b", later_ms));
  EXPECT_TRUE(errors.is_damage(failure_at(2), "a", later_ms));
  EXPECT_FALSE(errors.is_damage(failure_at(3), "c", later_ms));
}

TEST(ReadErrors, AReadInBetweenEndsIt) {
  ReadErrors errors;
  const WallMs later_ms = k_start_ms + k_sector_is_lost_after_ms;
  EXPECT_FALSE(errors.is_damage(failure_at(1), "a", k_start_ms));
  EXPECT_FALSE(errors.is_damage(failure_at(1), "b", k_start_ms));
  errors.good("c");
  errors.good("a");
  EXPECT_FALSE(errors.is_damage(failure_at(1), "a", later_ms));
  errors.good("b");
  EXPECT_FALSE(errors.is_damage(failure_at(1), "b", later_ms));
  EXPECT_EQ(errors.keys(), 2U);
  EXPECT_EQ(errors.places(), 1U);
}

TEST(ReadErrors, AreBounded) {
  static_assert(k_most_failing_places == k_most_failing_keys);
  ReadErrors errors;
  const auto fails = [&](std::size_t i, WallMs at_ms) {
    return errors.is_damage(failure_at(static_cast<int>(i)), std::to_string(i), at_ms);
  };
  for (std::size_t i = 0; i <= k_most_failing_keys; ++i) EXPECT_FALSE(fails(i, k_start_ms + i));
  EXPECT_EQ(errors.keys(), k_most_failing_keys);
  EXPECT_EQ(errors.places(), k_most_failing_places);
  const WallMs later_ms = k_start_ms + k_sector_is_lost_after_ms + k_most_failing_keys;
  EXPECT_FALSE(fails(0, later_ms)) << "failed last longest ago, and forgotten";
  EXPECT_TRUE(fails(2, later_ms));
  errors.good("2");
  EXPECT_FALSE(fails(2, later_ms));
  EXPECT_FALSE(fails(3, k_start_ms + k_most_failing_keys + 1 + 2 * k_sector_is_forgotten_after_ms))
      << "another failure";
}

class RefusingDisk : public DamagedBlock {};

TEST_F(RefusingDisk, ThatIsNotReadForAMomentIsNotDamaged) {
  for (const int error : {EMFILE, EIO}) {
    std::filesystem::remove_all(directory_);
    ASSERT_NO_FATAL_FAILURE(make_one_kind());
    FailingDisk disk;
    const auto store = open_on(disk);
    ASSERT_NE(store, nullptr);
    disk.fail_with(error);
    EXPECT_FALSE(store->load(k_large)) << "not missing";
    EXPECT_FALSE(store->list(point(0), point(0), 10)) << "nothing is passed over";
    now_ms_ += k_sector_is_lost_after_ms - 1;
    EXPECT_FALSE(store->load(k_large));
    now_ms_ += error == EMFILE ? k_day_ms : 0;
    disk.fail_with(error == EMFILE ? EMFILE : 0);
    EXPECT_EQ(store->load(k_large).ok(), error == EIO);
    disk.fail_with(0);
    EXPECT_EQ(store->load(k_large)->records.size(), std::size_t{k_values});
    EXPECT_EQ(store->load(k_large)->damage, nullptr);
    EXPECT_FALSE(std::filesystem::exists(directory_ + "/" + k_salvage_mark));
  }
}

TEST_F(RefusingDisk, ASectorThatIsNotGivenForAMinuteIsDamaged) {
  ASSERT_NO_FATAL_FAILURE(make_one_kind());
  FailingDisk disk;
  const auto store = open_on(disk);
  ASSERT_NE(store, nullptr);
  disk.fail_with(EIO);
  EXPECT_FALSE(store->load(k_large));
  now_ms_ += k_sector_is_lost_after_ms;
  const auto lost = store->load(k_large);
  ASSERT_TRUE(lost) << lost.error().reason;
  ASSERT_NE(lost->damage, nullptr);
  EXPECT_TRUE(std::filesystem::exists(directory_ + "/" + k_salvage_mark));
}

TEST_F(RefusingDisk, WhatElseIsInThatSectorIsDamagedAtTheFirstLook) {
  ASSERT_NO_FATAL_FAILURE(make(""));
  FailingDisk disk;
  const auto store = open_on(disk);
  ASSERT_NE(store, nullptr);
  // Index, filter and generations are in memory then, and the records of one block.
  const std::vector<data::KindAt> all = all_listed(*store, 1000);
  ASSERT_EQ(all.size(), std::size_t{k_values});
  for (const data::KindAt& at : all) EXPECT_TRUE(store->load({at.resource, at.kind + 1}));
  EXPECT_TRUE(store->load(all.back()));
  disk.fail_with(EIO);
  EXPECT_FALSE(store->load(all[0]));
  now_ms_ += k_sector_is_lost_after_ms;
  const auto same_block = store->load(all[1]);
  ASSERT_TRUE(same_block) << same_block.error().reason;
  EXPECT_NE(same_block->damage, nullptr);
  EXPECT_FALSE(store->load(all[k_values / 2])) << "another block, whose minute begins now";
}

}  // namespace
}  // namespace ringway::storage
