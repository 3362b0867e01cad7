// A Kind's generation is damaged on a disk. As long as anybody knows the true one nobody is given another,
// and where nobody does the next is one that was never given out.
#include "tests/reload/data/damage_fixture.hpp"

namespace ringway::data::test {
namespace {

class LostGeneration : public Damaged {
 protected:
  std::uint64_t generation_at(std::uint8_t point) { return stored(at(point), key).generation_counter; }
  void forget_there(std::uint8_t point) {
    ASSERT_TRUE(at(point).store->commit({{DropKind{place}}}).ok());
    forget_what_memory_has(point);
  }
  void is_made_up_everywhere() {
    const std::uint64_t now = generation_at(0x10);
    EXPECT_GE(now, ringway::test::k_now_ms / 1000);
    for (const std::uint8_t holder : k_holders) {
      EXPECT_EQ(generation_at(holder), now) << int{holder};
      EXPECT_EQ(stored(at(holder), key).records.size(), 1U) << int{holder};
      EXPECT_EQ(stored(at(holder), key).damage, nullptr) << int{holder};
    }
  }
  // 0x90 holds the key and is not to hold it any more soon, since 0x70 comes.
  void make_room_for_another_replica() {
    make({0xA0, 0xB0, 0xC0, 0xE0, 0xF0});
    overlay.advance(k_until_dropped);
  }
};

// Where the responsible peer and one replica have lost it, they hold the same, but the other replica has
// more.
TEST_F(LostGeneration, AtTwoIsWhatTheThirdKnows) {
  // Shows: STORE-43.
  for (const std::uint8_t other : std::initializer_list<std::uint8_t>{0x50, 0x90}) {
    damage(0x10, true);
    damage(other, true);
    overlay.advance(3 * k_until_compared);
    for (const std::uint8_t holder : k_holders) EXPECT_TRUE(is_whole(holder)) << int{holder};
  }
}

TEST_F(LostGeneration, OfWhatTheResponsiblePeerLacksComesFromWhoKnowsIt) {
  // Shows: STORE-43.
  for (const std::uint8_t other : std::initializer_list<std::uint8_t>{0x50, 0x90}) {
    forget_there(0x10);
    damage(other, true);
    overlay.advance(3 * k_until_compared);
    for (const std::uint8_t holder : k_holders)
      EXPECT_TRUE(is_whole(holder)) << int{holder} << " has " << generation_at(holder);
  }
}

TEST_F(LostGeneration, OfTheOnlyCopyIsMadeUpAndTheCopyIsNotLost) {
  forget_there(0x10);
  forget_there(0x50);
  damage(0x90, true);
  overlay.advance(3 * k_until_compared);
  is_made_up_everywhere();
}

TEST_F(LostGeneration, ThatAReplicaKnowsIsNotReplacedWhenTheOthersAreAsked) {
  cut_off_copies();
  damage(0x50, true);
  overlay.to_storage(at(0x50), SeenDamaged{{place}, {place}});
  overlay.run();
  EXPECT_NE(stored(at(0x50), key).damage, nullptr) << "a replica waits for the responsible peer's";
  damage(0x10, true);
  overlay.to_storage(at(0x10), SeenDamaged{{place}, {place}});
  overlay.run();
  EXPECT_GE(generation_at(0x10), ringway::test::k_now_ms / 1000);
}

// It was 2; a writer who has seen 1 must not find it again.
TEST_F(LostGeneration, DoesNotBeginAgainWhereNoRecordIsLeft) {
  put(at(0xD0), key, "value of " + key);
  damage(0x10, true);
  damage(0x10);
  forget_there(0x50);
  forget_there(0x90);
  overlay.advance(3 * k_until_compared);
  ASSERT_EQ(stored(at(0x10), key).damage, nullptr);
  EXPECT_GE(put(at(0xD0), key, "new").generation, ringway::test::k_now_ms / 1000);
}

// ---- at a peer that is not to hold the Kind any more

class LostAndLeft : public LostGeneration, public ::testing::WithParamInterface<bool> {
 protected:
  // With a comparison or, where there are no channels, without.
  void leave_it_to_others() {
    make_room_for_another_replica();
    if (!GetParam()) {
      for (const std::uint8_t point : points) overlay.without_channels.insert(node_at(point));
      overlay.without_channels.insert(node_at(0x70));
      for (const std::uint8_t one : points)
        for (const std::uint8_t other : points)
          if (one != other) overlay.break_channel(at(one), at(other));
      overlay.run();
    }
    ASSERT_TRUE(at(0x90).store->damage_generation(place));
    make({0x70});
  }
};
INSTANTIATE_TEST_SUITE_P(WithAndWithoutChannels, LostAndLeft, ::testing::Values(true, false));

TEST_P(LostAndLeft, ItsOwnersStays) {
  leave_it_to_others();
  overlay.advance(2 * k_until_dropped);
  EXPECT_TRUE(stored(at(0x90), key).records.empty());
  EXPECT_EQ(stored(at(0x90), key).damage, nullptr);
  for (const std::uint8_t holder : std::initializer_list<std::uint8_t>{0x10, 0x50, 0x70})
    EXPECT_TRUE(is_whole(holder)) << int{holder} << " has " << generation_at(holder);
}

// The others have lost a write: that they get it now is a change as well.
TEST_P(LostAndLeft, WhatItsOwnerLacksMakesTheNextOne) {
  put(at(0x50), key, "of another writer");
  ASSERT_EQ(stored(at(0x90), key).records.size(), 2U);
  leave_it_to_others();
  for (const std::uint8_t holder : std::initializer_list<std::uint8_t>{0x10, 0x50, 0x70}) {
    const auto state = stored(at(holder), key);
    WriteBatch batch;
    for (const RecordPtr& record : state.records)
      if (text_of(record->stored.value.data.value) == "of another writer")
        batch.emplace_back(DropRecord{place, item_key_of(record->stored.value)});
    ASSERT_TRUE(at(holder).store->commit({batch}).ok());
    forget_what_memory_has(holder);
  }
  overlay.advance(3 * k_until_dropped);
  EXPECT_EQ(generation_at(0x10), 3U);
  EXPECT_EQ(stored(at(0x10), key).records.size(), 2U);
  EXPECT_TRUE(stored(at(0x90), key).records.empty());
}

TEST_P(LostAndLeft, WhatItsOwnerDoesNotKnowIsMadeUp) {
  leave_it_to_others();
  for (const std::uint8_t holder : std::initializer_list<std::uint8_t>{0x10, 0x50, 0x70})
    forget_there(holder);
  overlay.advance(3 * k_until_dropped);
  EXPECT_GE(generation_at(0x10), ringway::test::k_now_ms / 1000);
  EXPECT_EQ(stored(at(0x10), key).records.size(), 1U);
  EXPECT_TRUE(stored(at(0x90), key).records.empty());
}

}  // namespace
}  // namespace ringway::data::test
