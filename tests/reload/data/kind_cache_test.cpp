// What memory knows of a disk of which something cannot be read.
#include "reload/data/kind_cache.hpp"

#include <gtest/gtest.h>

#include "tests/reload/data/counting_store.hpp"

namespace ringway::data {
namespace {

constexpr KindAt k_place{{}, 1};
constexpr MonoTime k_start{1'000'000};

class KindCacheTest : public ::testing::Test {
 protected:
  KindCacheTest() {
    store_->write({SetGeneration{k_place, 5}});
    cache_.at(k_start);
  }

  std::shared_ptr<test::CountingStore> store_ = std::make_shared<test::CountingStore>();
  KindCache cache_{store_, 16, 1U << 20U};
};

TEST_F(KindCacheTest, WhatIsDamagedIsReadAgainAfterASecond) {
  store_->memory.damage_generation(k_place);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE((*cache_.committed(k_place))->damage);
  EXPECT_EQ(store_->loads, 1U);
  EXPECT_EQ(cache_.take_damaged().size(), 1U);
  store_->write({SetGeneration{k_place, 5}});
  cache_.at(k_start + k_read_again_after - Duration{1});
  EXPECT_TRUE((*cache_.newest(k_place))->damage);
  cache_.at(k_start + k_read_again_after);
  EXPECT_FALSE((*cache_.newest(k_place))->damage);
  EXPECT_EQ(cache_.take_mended().size(), 1U);
  EXPECT_EQ(store_->loads, 2U);
  cache_.at(k_start + Duration{3'600'000});
  EXPECT_TRUE(cache_.committed(k_place));
  EXPECT_EQ(store_->loads, 2U);
}

TEST_F(KindCacheTest, WhatCannotBeReadIsReadAgainAfterASecondOrWhenItIsToBe) {
  store_->refused.insert(k_place);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(cache_.committed(k_place));
  EXPECT_EQ(store_->loads, 1U);
  store_->refused.clear();
  EXPECT_FALSE(cache_.newest(k_place));
  cache_.at(k_start + k_read_again_after);
  EXPECT_TRUE(cache_.newest(k_place));
  EXPECT_EQ(cache_.unreadable(), 0U);
  cache_.forget(k_place);
  store_->refused.insert(k_place);
  EXPECT_FALSE(cache_.committed(k_place));
  store_->refused.clear();
  cache_.forget(k_place);
  EXPECT_TRUE(cache_.committed(k_place));
}

// What is on its way to the disk is built on what was read: it does not depend on reading that again.
TEST_F(KindCacheTest, AWriteOverDamageIsNotLostWhenTheDiskIsBusy) {
  store_->memory.damage_generation(k_place);
  ASSERT_TRUE(cache_.newest(k_place));
  cache_.at(k_start + k_read_again_after);
  store_->refused.insert(k_place);
  const auto written = std::make_shared<const KindState>(KindState{6, {}});
  cache_.add_pending(k_place, 1, written);
  ASSERT_TRUE(cache_.has_pending(k_place));
  EXPECT_EQ((*cache_.newest(k_place))->generation_counter, 6U);
  EXPECT_TRUE(cache_.settle(k_place, 1, true));
  EXPECT_EQ((*cache_.committed(k_place))->generation_counter, 6U);
}

TEST_F(KindCacheTest, WhatIsOnItsWayToTheDiskStaysBeyondTheBound) {
  KindCache small{store_, 1, 1U << 20U};
  const auto written = std::make_shared<const KindState>(KindState{6, {}});
  const auto place_at = [](KindId kind) { return KindAt{{}, kind}; };
  for (const KindId kind : {2U, 3U, 4U}) small.add_pending(place_at(kind), kind, written);
  small.add_pending(place_at(2), 5, written);
  EXPECT_EQ(small.size(), 3U);
  EXPECT_EQ(small.pending_kinds(), 3U);
  EXPECT_TRUE(small.settle(place_at(2), 2, true));
  EXPECT_EQ(small.pending_kinds(), 3U) << "a second one";
  EXPECT_FALSE(small.settle(place_at(3), 3, false));
  EXPECT_TRUE(small.settle(place_at(2), 5, true));
  EXPECT_TRUE(small.settle(place_at(4), 4, true));
  EXPECT_EQ(small.pending_kinds(), 0U);
  EXPECT_EQ(small.size(), 1U);
}

TEST_F(KindCacheTest, WhatCannotBeReadIsBounded) {
  const auto place_at = [](std::size_t i) {
    KindAt at = k_place;
    at.kind = static_cast<KindId>(i + 2);
    return at;
  };
  for (std::size_t i = 0; i <= k_most_unreadable_kinds; ++i) {
    store_->refused.insert(place_at(i));
    EXPECT_FALSE(cache_.committed(place_at(i)));
  }
  EXPECT_EQ(cache_.unreadable(), k_most_unreadable_kinds);
  EXPECT_EQ(store_->loads, k_most_unreadable_kinds + 1);
  EXPECT_FALSE(cache_.committed(place_at(k_most_unreadable_kinds)));
  EXPECT_EQ(store_->loads, k_most_unreadable_kinds + 2) << "not remembered";
  cache_.at(k_start + k_read_again_after);
  EXPECT_FALSE(cache_.committed(place_at(k_most_unreadable_kinds)));
  EXPECT_EQ(cache_.unreadable(), 1U) << "the others are forgotten";
}

}  // namespace
}  // namespace ringway::data
