// Something on a peer's disk is damaged: it is missing there and nowhere else, comes back from the replicas,
// and keeps nobody from anything else.
#include "tests/reload/data/damage_fixture.hpp"

namespace ringway::data::test {
namespace {

using wire::ErrorCode;

TEST_F(Damaged, AComparisonBringsItBackWhateverMemoryHas) {
  for (const bool generation : {false, true}) {
    for (const std::uint8_t holder : k_holders) {
      damage(holder, generation);
      overlay.advance(k_until_compared);
      EXPECT_TRUE(is_whole(holder)) << int{holder} << generation;
      EXPECT_EQ(at(holder).storage->statistics().kinds_damaged, generation ? 2U : 1U);
      EXPECT_EQ(at(holder).storage->statistics().kinds_mended, generation ? 2U : 1U);
    }
  }
  for (const std::uint8_t holder : k_holders)
    for (const auto& other : keys) EXPECT_EQ(stored(at(holder), other).records.size(), 1U) << other;
}

TEST_F(Damaged, OneDoesNotKeepTheOthersFromBeingCompared) {
  damage(0x50);
  const KindAt lost{resource_id_of(std::string_view(keys[3])), config::k_shared_value};
  ASSERT_TRUE(at(0x90).store->commit({{DropKind{lost}}}).ok());
  overlay.to_storage(at(0x90), SeenDamaged{{lost}});
  overlay.advance(k_until_compared);
  EXPECT_EQ(copies(keys[3]), 3U);
  EXPECT_TRUE(is_whole(0x50));
}

TEST_F(Damaged, ReadsInBetweenFindItElsewhere) {
  cut_off_copies();
  damage(0x10);
  forget_what_memory_has(0x10);
  EXPECT_TRUE(fetch(0x10, key).is_error(ErrorCode::in_progress));
  EXPECT_TRUE(fetch(0x10, key, true).is_error(ErrorCode::in_progress));
  EXPECT_EQ(fetch(0x10, keys[8]).fetch().values.size(), 1U);
  for (const Consistency how : {Consistency::one, Consistency::quorum})
    for (const std::uint8_t reader : std::initializer_list<std::uint8_t>{0x10, 0x50, 0xD0})
      EXPECT_EQ(read(reader, how), "value of " + key) << int{reader};
}

TEST_F(Damaged, AReplicaDoesNotSayThatNothingIsThere) {
  cut_off_copies();
  damage(0x50);
  forget_what_memory_has(0x50);
  EXPECT_TRUE(fetch(0x50, key, true).is_error(ErrorCode::in_progress));
  overlay.kill(at(0x10));
  overlay.update_views();
  overlay.advance(Duration{0});
  EXPECT_EQ(read(0x50), "value of " + key);
  EXPECT_EQ(read(0xD0), "value of " + key);
}

TEST_F(Damaged, AReadHasItMendedAtOnce) {
  for (const std::uint8_t holder : std::initializer_list<std::uint8_t>{0x10, 0x90}) {
    damage(holder);
    forget_what_memory_has(holder);
    overlay.advance(k_between_mends);
    EXPECT_FALSE(is_whole(holder)) << int{holder};
    EXPECT_TRUE(fetch(holder, key, true).is_error(ErrorCode::in_progress)) << int{holder};
    overlay.advance(Duration{1'000});
    EXPECT_TRUE(is_whole(holder)) << int{holder};
  }
}

// RFC 6940 §7.4.1.1: the Store is checked against what is there, which the replicas know.
TEST_F(Damaged, AWriteWaitsForTheCopiesAndIsCheckedAgainstThem) {
  // Shows: STORE-11, STORE-14.
  for (const bool generation : {false, true}) {
    damage(0x10, generation);
    forget_what_memory_has(0x10);
    PutCall call;
    call.key = key;
    call.value = copy_of(view_of("value of " + key));
    call.expected_generation = 5;
    const auto refused = overlay.call(at(0xD0), call);
    ASSERT_TRUE(std::holds_alternative<CallFailure>(refused));
    EXPECT_EQ(std::get<CallFailure>(refused).error, CallError::aborted);
    call.expected_generation = generation ? 2 : 1;
    const auto accepted = overlay.call(at(0xD0), call);
    ASSERT_TRUE(std::holds_alternative<PutResult>(accepted)) << std::get<CallFailure>(accepted).message;
    EXPECT_EQ(std::get<PutResult>(accepted).generation, generation ? 3U : 2U);
    EXPECT_EQ(std::get<PutResult>(accepted).copies, 3U);
  }
}

TEST_F(Damaged, ARemovalWaitsToo) {
  damage(0x10);
  forget_what_memory_has(0x10);
  const auto removed = overlay.call(at(0xD0), RemoveCall{key, "", {}});
  EXPECT_TRUE(std::holds_alternative<PutResult>(removed)) << std::get<CallFailure>(removed).message;
  overlay.advance(k_until_compared);
  for (const std::uint8_t holder : k_holders)
    EXPECT_FALSE(stored(at(holder), key).records.at(0)->stored.value.data.exists);
}

TEST_F(Damaged, WhereNoCopiesComeForAMinuteAWriteGoesOver) {
  cut_off_copies();
  damage(0x10);
  forget_what_memory_has(0x10);
  PutCall call;
  call.key = key;
  call.value = copy_of(view_of("new"));
  const auto refused = overlay.call(at(0xD0), call);
  ASSERT_TRUE(std::holds_alternative<CallFailure>(refused));
  EXPECT_EQ(std::get<CallFailure>(refused).error, CallError::unavailable);
  overlay.advance(k_writes_wait_for_copies);
  EXPECT_EQ(put(at(0xD0), key, "new").copies, 3U);
  EXPECT_EQ(stored(at(0x10), key).damage, nullptr);
  EXPECT_EQ(read(0xD0), "new");
}

TEST_F(Damaged, WhoIsAloneAnswersWhatItCanRead) {
  for (const std::uint8_t other : k_others) overlay.kill(at(other));
  overlay.update_views();
  overlay.advance(Duration{0});
  damage(0x10);
  forget_what_memory_has(0x10);
  EXPECT_EQ(read(0x10), "nothing is stored there");
  EXPECT_EQ(put(at(0x10), key, "new").copies, 1U);
  EXPECT_EQ(read(0x10), "new");
}

// Nobody believes a value without the certificate of its writer: where that is damaged all its values are.
TEST_F(Damaged, ACertificateComesBackWithWhatItHasSigned) {
  // Shows: SEC-11.
  overlay.forgetful = true;
  const Bytes writer = copy_of(at(0xD0).signer->certificate()->sha256());
  for (const std::uint8_t holder : k_holders) {
    const auto mended = at(holder).storage->statistics().kinds_mended;
    ASSERT_TRUE(at(holder).store->damage_certificate(writer));
    EXPECT_TRUE(stored(at(holder), key).records.empty());
    overlay.advance(k_until_compared);
    EXPECT_TRUE(at(holder).store->certificate(writer)) << int{holder};
    for (const auto& one : keys) EXPECT_EQ(stored(at(holder), one).records.size(), 1U) << one;
    EXPECT_TRUE(is_whole(holder)) << int{holder};
    EXPECT_EQ(at(holder).store->damaged_kinds(), 0U);
    EXPECT_LE(at(holder).storage->statistics().kinds_mended, mended + keys.size());
  }
}

// Memory has the value, and not its certificate.
TEST_F(Damaged, AValueIsNotShownWithoutItsCertificate) {
  // Shows: SEC-11.
  overlay.forgetful = true;
  for (const std::uint8_t holder : std::initializer_list<std::uint8_t>{0x10, 0x90}) {
    start_again(holder);
    const auto request = fetch_of(place.resource, place.kind);
    const auto seen = overlay.ask(at(0xD0).signer, at(holder), wire::MessageCode::stat_req,
                                  wire::encode(request), {}, true);
    ASSERT_EQ(seen->code, wire::MessageCode::stat_ans);
    ASSERT_TRUE(at(holder).store->damage_certificate(at(0xD0).signer->certificate()->sha256()));
    EXPECT_TRUE(fetch(holder, key, true).is_error(ErrorCode::in_progress)) << int{holder};
    for (const std::uint8_t reader : std::initializer_list<std::uint8_t>{0x10, 0x50, 0xD0})
      EXPECT_EQ(read(reader), "value of " + key) << int{reader};
    overlay.advance(Duration{2'000});
    EXPECT_EQ(fetch(holder, key, true).fetch().values.size(), 1U) << "mended at once";
  }
}

enum class Lost { record, generation, certificate };
class DamagedHandOver : public Damaged, public ::testing::WithParamInterface<Lost> {};
INSTANTIATE_TEST_SUITE_P(OfEach, DamagedHandOver,
                         ::testing::Values(Lost::record, Lost::generation, Lost::certificate));

// Without its generation a Kind is not handed over either: two compare-and-swaps of one number could succeed.
TEST_P(DamagedHandOver, PassesOverIt) {
  const auto moves = [&](const std::string& one) {
    return in_half_open(resource_id_of(std::string_view(one)), node_at(0xD0), node_at(0x08));
  };
  key = *std::find_if(keys.begin(), keys.end(), moves);
  if (GetParam() == Lost::certificate) {
    overlay.forgetful = true;
    do key = key_of(at(0x10));
    while (!moves(key));
    put(at(0x90), key);
    start_again(0x10);
    ASSERT_TRUE(at(0x10).store->damage_certificate(at(0x90).signer->certificate()->sha256()));
  }
  place = {resource_id_of(std::string_view(key)), config::k_shared_value};
  if (GetParam() != Lost::certificate) damage(0x10, GetParam() == Lost::generation);
  Peer& joiner = overlay.add("joiner@example.org", node_at(0x08));
  joiner.joined = false;
  auto waiting = overlay.ring_view(joiner);
  waiting.admitting = node_at(0x10);
  overlay.set_view(joiner, waiting);
  auto admitting = overlay.ring_view(at(0x10));
  admitting.joining = joiner.node;
  overlay.set_view(at(0x10), admitting);
  overlay.run();
  overlay.to_replication(at(0x10), routing::HandOver{7, joiner.node, node_at(0xD0)});
  overlay.advance(Duration{1'000});
  ASSERT_EQ(at(0x10).hand_overs.size(), 1U);
  EXPECT_EQ(at(0x10).hand_overs[0].state, routing::HandOverReport::State::complete);
  std::size_t handed_over = 0;
  for (const auto& one : keys) handed_over += stored(joiner, one).records.size();
  std::size_t moving = 0;
  for (const auto& one : keys)
    if (one != key && moves(one)) ++moving;
  EXPECT_EQ(handed_over, moving);
  EXPECT_TRUE(stored(joiner, key).records.empty());
  EXPECT_GT(moving, 0U);
}

// Nobody can compare, so whoever comes into the set is sent everything.
TEST_F(Damaged, AReplicaIsNotSentAGenerationThatIsMadeUp) {
  overlay.without_channels = {node_at(0x10), node_at(0x30), node_at(0x50), node_at(0x90), node_at(0xD0)};
  for (const std::uint8_t other : k_others) overlay.break_channel(at(0x10), at(other));
  overlay.run();
  overlay.loses = [](const Sent& one) {
    return one.to == node_at(0x10) && one.code == wire::MessageCode::store_req;  // nor brings it anybody back
  };
  damage(0x10, true);
  make({0x30});
  overlay.advance(k_hold_down + k_copying_takes);
  EXPECT_EQ(stored(at(0x30), keys[8]).records.size(), 1U) << "the others come";
  EXPECT_TRUE(stored(at(0x30), key).records.empty());
}

TEST_F(Damaged, WhereNobodyKnowsTheGenerationThereIsOneThatWasNeverGiven) {
  for (const std::uint8_t holder : k_holders) damage(holder, true);
  overlay.advance(3 * k_until_compared);
  const std::uint64_t now = stored(at(0x10), key).generation_counter;
  EXPECT_GE(now, ringway::test::k_now_ms / 1000);
  for (const std::uint8_t holder : k_holders) {
    EXPECT_EQ(stored(at(holder), key).damage, nullptr) << int{holder};
    EXPECT_EQ(stored(at(holder), key).generation_counter, now) << int{holder};
    EXPECT_EQ(stored(at(holder), key).records.size(), 1U) << int{holder};
  }
}

TEST_F(Damaged, AWriteOverALostGenerationGivesOutNoneThatWasGiven) {
  cut_off_copies();
  damage(0x10, true);
  forget_what_memory_has(0x10);
  PutCall call;
  call.key = key;
  call.value = copy_of(view_of("new"));
  EXPECT_TRUE(std::holds_alternative<CallFailure>(overlay.call(at(0xD0), call)));
  overlay.advance(k_writes_wait_for_copies);
  EXPECT_GE(put(at(0xD0), key, "new").generation, ringway::test::k_now_ms / 1000);
}

// It may have expired everywhere: nobody brings it back, and nobody waits for it any more.
TEST_F(Damaged, WhatNobodyElseHasIsForgotten) {
  for (const std::uint8_t holder : k_holders) {
    key = keys[holder == 0x10 ? 4 : holder == 0x50 ? 5 : 6];
    place = {resource_id_of(std::string_view(key)), config::k_shared_value};
    damage(holder);
    for (const std::uint8_t other : k_holders) {
      if (other != holder) {
        ASSERT_TRUE(at(other).store->commit({{DropKind{place}}}).ok());
      }
      forget_what_memory_has(other);
    }
    EXPECT_TRUE(fetch(holder, key, true).is_error(ErrorCode::in_progress));
    overlay.advance(3 * k_until_compared);
    EXPECT_EQ(stored(at(holder), key).damage, nullptr) << int{holder};
    EXPECT_FALSE(fetch(holder, key, true).is_error(ErrorCode::in_progress)) << int{holder};
    EXPECT_EQ(at(holder).storage->statistics().kinds_mended, 1U) << int{holder};
  }
}

TEST_F(Damaged, OfAKindOnlyWhatNobodyElseHas) {
  put(at(0x90), key, "another writer's");
  const auto records = stored(at(0x10), key).records;
  ASSERT_EQ(records.size(), 2U);
  const ItemKey lost = item_key_of(records[0]->stored.value);
  ASSERT_TRUE(at(0x10).store->damage_record(place, lost));
  for (const std::uint8_t other : std::initializer_list<std::uint8_t>{0x50, 0x90}) {
    ASSERT_TRUE(at(other).store->commit({{DropRecord{place, lost}}}).ok());
    forget_what_memory_has(other);
  }
  overlay.advance(3 * k_until_compared);
  for (const std::uint8_t holder : k_holders) {
    EXPECT_EQ(stored(at(holder), key).damage, nullptr) << int{holder};
    EXPECT_EQ(stored(at(holder), key).records.size(), 1U) << int{holder};
    EXPECT_EQ(stored(at(holder), key).generation_counter, 2U) << int{holder};
  }
}

// Nobody knows what was in it; when others have nothing more, it was what has come from them.
TEST_F(Damaged, AWholeBlockComesBackAndIsNotFetchedAgain) {
  for (const std::uint8_t holder : k_holders) {
    ASSERT_TRUE(at(holder).store->damage_block(place));
    forget_what_memory_has(holder);
    EXPECT_TRUE(fetch(holder, key, true).is_error(ErrorCode::in_progress));
    overlay.advance(Duration{1'000});
    EXPECT_EQ(stored(at(holder), key).records.size(), 1U) << "what was written over it is shown";
    for (const std::uint8_t reader : std::initializer_list<std::uint8_t>{0x10, 0xD0})
      EXPECT_EQ(read(reader), "value of " + key) << int{reader};
    overlay.advance(k_between_mends);
    overlay.sent.clear();
    (void)fetch(holder, key, true);
    overlay.advance(Duration{1'000});
    EXPECT_TRUE(std::none_of(overlay.sent.begin(), overlay.sent.end(), [](const Sent& one) {
      return one.code == wire::MessageCode::fetch_req || one.code == wire::MessageCode::store_req;
    })) << int{holder};
    overlay.advance(2 * k_until_compared);
    EXPECT_TRUE(is_whole(holder)) << int{holder};
  }
}

// Nothing is brought, and nobody says that it is missing.
TEST_F(Damaged, ADiskThatCannotBeReadNowIsNotTakenForDamaged) {
  for (const std::uint8_t holder : k_holders) {
    const auto stores = stores_to(node_at(holder));
    at(holder).store->refuse_reads(true);
    forget_what_memory_has(holder);
    const auto damaged = at(holder).storage->statistics().kinds_damaged;
    EXPECT_TRUE(fetch(holder, key, true).is_error(ErrorCode::in_progress));
    for (const std::uint8_t reader : std::initializer_list<std::uint8_t>{0x10, 0x50, 0xD0})
      EXPECT_EQ(read(reader), "value of " + key) << int{reader};
    overlay.advance(k_until_compared);
    EXPECT_EQ(stores_to(node_at(holder)), stores);
    EXPECT_EQ(at(holder).storage->statistics().kinds_damaged, damaged);
    at(holder).store->refuse_reads(false);
    EXPECT_TRUE(is_whole(holder));
  }
  at(0x10).store->refuse_reads(true);
  forget_what_memory_has(0x10);
  for (const std::uint8_t other : k_others) overlay.kill(at(other));
  overlay.update_views();
  overlay.advance(Duration{0});
  EXPECT_NE(read(0x10), "nothing is stored there") << "nor when there is nobody else";
}

enum class Harm { record, generation, block };
class DamagedAndLeft : public Damaged, public ::testing::WithParamInterface<Harm> {};
INSTANTIATE_TEST_SUITE_P(OfAllKinds, DamagedAndLeft,
                         ::testing::Values(Harm::record, Harm::generation, Harm::block));

TEST_P(DamagedAndLeft, WhatIsNoLongerThisPeersToHoldGoesAllTheSame) {
  make({0xA0, 0xB0, 0xC0, 0xE0, 0xF0});
  overlay.advance(k_until_dropped);
  const std::size_t before = copies(keys[3]);
  if (GetParam() == Harm::block)
    ASSERT_TRUE(at(0x90).store->damage_block(place));
  else
    damage(0x90, GetParam() == Harm::generation);
  make({0x70});
  overlay.advance(k_until_dropped + k_until_compared);
  EXPECT_EQ(stored(at(0x90), key).damage, nullptr);
  EXPECT_TRUE(stored(at(0x90), key).records.empty());
  EXPECT_EQ(copies(key), 3U);
  EXPECT_EQ(copies(keys[3]), before);
}

// With a comparison or, where there are no channels, without.
class HiddenAndLeft : public Damaged, public ::testing::WithParamInterface<bool> {
 protected:
  void make_room() {
    make({0xA0, 0xB0, 0xC0, 0xE0, 0xF0});
    overlay.advance(k_until_dropped);
    if (GetParam()) return;
    for (const std::uint8_t point : points) overlay.without_channels.insert(node_at(point));
    overlay.without_channels.insert(node_at(0x70));
    for (const std::uint8_t one : points)
      for (const std::uint8_t other : points)
        if (one != other) overlay.break_channel(at(one), at(other));
    overlay.run();
  }
};
INSTANTIATE_TEST_SUITE_P(WithAndWithoutChannels, HiddenAndLeft, ::testing::Values(true, false));

TEST_P(HiddenAndLeft, GoesWhenItsOwnerHasIt) {
  make_room();
  ASSERT_TRUE(at(0x90).store->damage_block(place));
  make({0x70});
  overlay.advance(k_until_dropped + k_copying_takes);
  EXPECT_EQ(at(0x90).store->damaged_kinds(), 1U) << "its owner may have got something else of it";
  overlay.advance(k_until_dropped + k_until_compared);
  EXPECT_EQ(at(0x90).store->damaged_kinds(), 0U);
  EXPECT_TRUE(stored(at(0x90), key).records.empty());
  EXPECT_EQ(copies(key), 3U);
}

// The disk may give it again.
TEST_P(HiddenAndLeft, StaysWhenItMayBeTheLastCopy) {
  make_room();
  for (const auto& one : keys) {
    const KindAt kind{resource_id_of(std::string_view(one)), config::k_shared_value};
    for (const std::uint8_t point : points) ASSERT_TRUE(at(point).store->commit({{DropKind{kind}}}).ok());
    for (const std::uint8_t point : points) overlay.to_storage(at(point), SeenDamaged{{kind}});
  }
  overlay.run();
  put(at(0xD0), key);
  for (const std::uint8_t holder : std::initializer_list<std::uint8_t>{0x10, 0x50}) {
    ASSERT_TRUE(at(holder).store->commit({{DropKind{place}}}).ok());
    forget_what_memory_has(holder);
  }
  ASSERT_TRUE(at(0x90).store->damage_block(place));
  make({0x70});
  overlay.advance(k_until_dropped + k_until_compared);
  EXPECT_EQ(at(0x90).store->damaged_kinds(), 1U);
}

// Two who have just come have got nothing of it, which says nothing about those who had it before them.
TEST_F(Damaged, ABlockIsNotGivenUpForThoseWhoHaveJustCome) {
  ASSERT_TRUE(at(0x10).store->damage_block(place));
  forget_what_memory_has(0x10);
  make({0x20, 0x30});
  overlay.advance(k_copying_takes);
  EXPECT_NE(stored(at(0x10), key).damage, nullptr);
  for (const std::uint8_t reader : std::initializer_list<std::uint8_t>{0x10, 0x20, 0x30, 0xD0})
    EXPECT_EQ(read(reader), "value of " + key) << int{reader};
  overlay.advance(k_until_dropped + k_until_compared);
  for (const std::uint8_t holder : std::initializer_list<std::uint8_t>{0x10, 0x20, 0x30})
    EXPECT_TRUE(is_whole(holder)) << int{holder};
}

// Others come and go all the time, and never is the ring the same for so long that everything is offered.
TEST_F(Damaged, ABlockIsGivenUpAlthoughTheRingChanges) {
  for (const std::uint8_t holder : std::initializer_list<std::uint8_t>{0x50, 0x90})
    ASSERT_TRUE(at(holder).store->commit({{DropKind{place}}}).ok());
  ASSERT_TRUE(at(0x10).store->damage_block(place));
  for (const std::uint8_t holder : k_holders) forget_what_memory_has(holder);
  for (unsigned newcomer = 0xA0; newcomer < 0xC0; newcomer += 4) {
    make({static_cast<std::uint8_t>(newcomer)});
    overlay.advance(k_until_dropped - k_hold_down);
  }
  EXPECT_EQ(at(0x10).store->damaged_kinds(), 0U);
}

// A whole disk may be damaged.
TEST_F(Damaged, VeryManyThatAreNoLongerThisPeersToHoldGoToo) {
  constexpr std::size_t k_many = 150;
  make({0xA0, 0xB0, 0xC0, 0xE0, 0xF0});
  std::vector<KindAt> damaged;
  while (damaged.size() < k_many) {
    const std::string one = key_of(at(0x10));
    put(at(0xD0), one);
    damaged.push_back({resource_id_of(std::string_view(one)), config::k_shared_value});
  }
  overlay.advance(k_until_dropped);
  for (const KindAt& one : damaged) {
    const auto records = at(0x90).store->load(one)->records;
    ASSERT_EQ(records.size(), 1U);
    at(0x90).store->damage_record(one, item_key_of(records[0]->stored.value));
  }
  make({0x70});
  overlay.advance(k_until_dropped);
  EXPECT_EQ(at(0x90).store->damaged_kinds(), 0U);
}

KindAt number(std::size_t i) {
  ResourceId resource;
  resource.bytes[0] = static_cast<std::uint8_t>(i);
  resource.bytes[1] = static_cast<std::uint8_t>(i >> 8U);
  return {resource, 1};
}

TEST(DamagedKinds, AskForCopiesNowAndThen) {
  DamagedKinds kinds;
  const MonoTime start{1'000'000};
  EXPECT_TRUE(kinds.seen(start, number(1)).first);
  EXPECT_FALSE(kinds.seen(start + Duration{1}, number(1)).mend);
  EXPECT_TRUE(kinds.seen(start + k_between_mends, number(1)).mend);
  EXPECT_FALSE(kinds.seen(start + k_between_mends, number(1)).first);
  EXPECT_TRUE(kinds.writes_wait(start + k_writes_wait_for_copies - Duration{1}, number(1)));
  EXPECT_FALSE(kinds.writes_wait(start + k_writes_wait_for_copies, number(1)));
  EXPECT_TRUE(kinds.seen(start + k_between_mends + k_damage_remembered, number(1)).first) << "something new";
  kinds.mended(number(1));
  EXPECT_EQ(kinds.size(), 0U);
  EXPECT_TRUE(kinds.seen_in_passing(start, number(1)));
  EXPECT_FALSE(kinds.seen_in_passing(start, number(1)));
  EXPECT_TRUE(kinds.seen(start, number(1)).mend) << "nobody was asked for copies";
  EXPECT_FALSE(kinds.seen(start, number(1)).mend);
}

TEST(DamagedKinds, AreBounded) {
  DamagedKinds kinds;
  for (std::size_t i = 0; i <= k_max_damaged_kinds; ++i)
    kinds.seen(MonoTime{1'000'000} + Duration{static_cast<std::int64_t>(i)}, number(i));
  EXPECT_EQ(kinds.size(), k_max_damaged_kinds);
  const MonoTime later = MonoTime{1'000'000} + k_between_mends;
  EXPECT_TRUE(kinds.seen(later, number(0)).first) << "seen longest ago, and forgotten";
  EXPECT_FALSE(kinds.seen(later, number(2)).first);
}

}  // namespace
}  // namespace ringway::data::test
