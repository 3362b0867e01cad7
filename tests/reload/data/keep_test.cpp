// Values that their writer's peer keeps alive: put once with `keep`.
#include <gmock/gmock.h>

#include "tests/reload/data/replication_fixture.hpp"

namespace ringway::data::test {
namespace {

class Kept : public Replication {
 protected:
  Kept() { make({10, 60, 110, 160, 210}); }

  void put_kept(Peer& by, const std::string& key, std::uint32_t lifetime_s = 100,
                const std::string& value = "kept", bool keep = true) {
    PutCall call;
    call.key = key;
    call.value = copy_of(view_of(value));
    call.lifetime_s = lifetime_s;
    call.keep = keep;
    ASSERT_TRUE(std::holds_alternative<PutResult>(overlay.call(by, call)));
  }
  void wait_s(std::int64_t seconds) { overlay.advance(Duration{seconds * 1000}); }
  void come_back(Peer& peer) {
    overlay.restart(peer);
    peer.joined = true;
    overlay.update_views();
    overlay.advance(Duration{5'000});
  }
};

TEST_F(Kept, ValuesOutliveTheirLifetimeByFar) {
  const auto key = key_of(at(160)), own = key_of(at(10)), other = key_of(at(160));
  put_kept(at(10), key);
  put_kept(at(10), own);
  put_kept(at(10), other, 100, "not kept", false);
  wait_s(1000);
  EXPECT_EQ(get(at(60), key), "kept");
  EXPECT_EQ(get(at(60), own), "kept");
  EXPECT_EQ(get(at(60), other), "");
  EXPECT_GE(at(10).storage->statistics().values_refreshed, 20U);
  EXPECT_LE(at(10).storage->statistics().values_refreshed, 60U);
}

TEST_F(Kept, ValuesSurviveARestart) {
  const auto key = key_of(at(160));
  put_kept(at(10), key);
  overlay.kill(at(10));
  overlay.update_views();
  wait_s(30);
  come_back(at(10));
  wait_s(1000);
  EXPECT_EQ(get(at(60), key), "kept");
}

TEST_F(Kept, ValuesAreThereAgainWhenTheirPeerIs) {
  const auto key = key_of(at(160));
  put_kept(at(10), key);
  overlay.kill(at(10));
  overlay.update_views();
  wait_s(1000);
  EXPECT_EQ(get(at(60), key), "");
  come_back(at(10));
  EXPECT_EQ(get(at(60), key), "kept");
  wait_s(1000);
  EXPECT_EQ(get(at(60), key), "kept");
}

TEST_F(Kept, ValuesEndWhenTheyAreRemovedOrPutWithout) {
  const auto removed = key_of(at(160)), once = key_of(at(160));
  put_kept(at(10), removed);
  put_kept(at(10), once);
  wait_s(120);
  ASSERT_TRUE(std::holds_alternative<PutResult>(overlay.call(at(10), RemoveCall{removed, "", {}})));
  put_kept(at(10), once, 100, "once", false);
  wait_s(90);
  EXPECT_EQ(get(at(60), once), "once");
  wait_s(1000);
  EXPECT_EQ(get(at(60), once), "");
  EXPECT_EQ(get(at(60), removed), "");
}

// Under an owner's key any node of the owner may have written last.
TEST_F(Kept, ValuesGiveWayToWhatAnotherNodeOfTheUserHasPut) {
  overlay.add("p10@example.org", node_at(85));
  overlay.update_views();
  overlay.advance(Duration{60'000});
  const std::string key = "p10@example.org/phone";
  put_kept(at(10), key);
  put_kept(overlay.peer(node_at(85)), key, 100'000, "newer", false);
  wait_s(1000);
  EXPECT_EQ(get(at(60), key), "newer");
  EXPECT_EQ(at(10).storage->statistics().values_refreshed, 0U);
}

TEST_F(Kept, ValuesWaitForTheRingToBeThere) {
  const auto key = key_of(at(160));
  put_kept(at(10), key, 600);
  overlay.loses = [&](const Sent& one) { return one.from == at(10).node; };
  wait_s(500);
  overlay.loses = [](const Sent&) { return false; };
  wait_s(2000);
  EXPECT_EQ(get(at(60), key), "kept");
}

// ---- renewals whose outcome is not known

class RenewedOnce : public Kept {
 protected:
  RenewedOnce() : key(key_of(at(160))) { put_kept(at(10), key, 200); }
  std::uint64_t stored_ms() {
    const auto state = stored(at(160), key);
    return state.records.empty() ? 0 : state.records[0]->stored.storage_time_ms;
  }
  static bool is_store_of(const Sent& one, std::uint8_t point) {
    return one.code == wire::MessageCode::store_req && one.from == node_at(point);
  }
  void expect_kept_for_long() {
    wait_s(2000);
    EXPECT_EQ(get(at(60), key), "kept");
  }
  std::string key;
};

TEST_F(RenewedOnce, AValueWhoseAnswersGetLostIsKept) {
  const std::uint64_t first_ms = stored_ms();
  overlay.loses_answer = [](const Sent& one) { return is_store_of(one, 10); };
  wait_s(290);
  EXPECT_GE(stored_ms(), first_ms + 3) << "attempts have arrived";
  overlay.loses_answer = [](const Sent&) { return false; };
  expect_kept_for_long();
}

TEST_F(RenewedOnce, AValueIsKeptThatOneReplicaDidNotConfirm) {
  const std::uint64_t first_ms = stored_ms();
  overlay.loses = [](const Sent& one) { return is_store_of(one, 160) && one.to == node_at(210); };
  wait_s(150);
  EXPECT_GT(stored_ms(), first_ms);
  EXPECT_EQ(at(10).storage->statistics().values_refreshed, 0U);
  overlay.loses = [](const Sent&) { return false; };
  expect_kept_for_long();
}

TEST_F(RenewedOnce, AValueIsKeptByAPeerThatWasKilledAmidAttempts) {
  overlay.loses_answer = [](const Sent& one) { return is_store_of(one, 10); };
  for (int life = 0; life < 3; ++life) {
    const std::uint64_t before_ms = stored_ms();
    for (int s = 0; s < 150 && stored_ms() == before_ms; ++s) wait_s(1);
    ASSERT_GT(stored_ms(), before_ms) << life;
    overlay.kill(at(10));
    overlay.update_views();
    come_back(at(10));
  }
  overlay.loses_answer = [](const Sent&) { return false; };
  expect_kept_for_long();
}

TEST_F(RenewedOnce, AnAttemptIsNotedBeforeItIsSent) {
  overlay.loses_answer = [](const Sent& one) { return is_store_of(one, 10); };
  wait_s(150);                                 // the first attempt, which needs no note
  const auto first = stores_to(node_at(160));  // and its detours
  ASSERT_GE(first, 2U);
  at(10).hold_commits = true;
  wait_s(60);
  EXPECT_EQ(stores_to(node_at(160)), first);
  overlay.release_commits(at(10));
  EXPECT_EQ(stores_to(node_at(160)), first + 1);
}

TEST_F(RenewedOnce, AnotherNodesValueOfTheVeryNextMomentIsNotTakenForOurs) {
  ValueSpec other;
  other.kind = config::k_shared_value;
  other.resource = resource_id_of(std::string_view(key));
  other.value = "other";
  other.storage_time_ms = stored_ms() + 1;
  other.lifetime_s = 100'000;
  other.key = copy_of(stored(at(160), key).records.at(0)->stored.value.key);
  const auto answered = overlay.store(at(10).signer, at(160), store_of(other, *at(10).signer));
  ASSERT_TRUE(answered && answered->code == wire::MessageCode::store_ans);
  wait_s(1000);
  EXPECT_EQ(get(at(60), key), "other");
  EXPECT_EQ(at(10).storage->statistics().values_refreshed, 0U);
}

// A renewal ends after the application has put another value, or has removed it.
TEST_F(RenewedOnce, AnOldRenewalsEndChangesNothingAboutWhatWasPutSince) {
  overlay.loses_answer = [](const Sent& one) { return is_store_of(one, 10); };
  wait_s(105);  // the first attempt waits for its answer
  overlay.loses_answer = [](const Sent&) { return false; };
  put_kept(at(10), key, 100, "newer");
  wait_s(1000);
  EXPECT_EQ(get(at(60), key), "newer");
}

TEST_F(RenewedOnce, WhatTheUserRemovesWhileItIsMissingDoesNotComeBack) {
  overlay.loses = [](const Sent& one) { return is_store_of(one, 10); };
  wait_s(230);
  ASSERT_EQ(get(at(60), key), "") << "it has expired; the next attempt waits";
  const auto removed = overlay.call(at(10), RemoveCall{key, "", {}});
  EXPECT_EQ(std::get<CallFailure>(removed).error, CallError::not_found);
  overlay.loses = [](const Sent&) { return false; };
  wait_s(300);
  EXPECT_EQ(get(at(60), key), "");
}

TEST_F(Kept, ValuesAreKeptFromTheAnswerOn) {
  at(10).hold_commits = true;
  PutCall call;
  call.key = key_of(at(160));
  call.value = copy_of(view_of("kept"));
  call.lifetime_s = 100;
  call.keep = true;
  const auto token = overlay.begin(at(10), {call});
  wait_s(1);
  EXPECT_FALSE(at(10).results.contains(token)) << "a kill would have it forgotten";
  overlay.release_commits(at(10));
  ASSERT_TRUE(at(10).results.contains(token));
  EXPECT_TRUE(std::holds_alternative<PutResult>(at(10).results.at(token)[0]));
  at(10).fail_commits = true;
  call.key = key_of(at(160));
  const auto refused = overlay.call(at(10), call);
  ASSERT_TRUE(std::holds_alternative<CallFailure>(refused));
  EXPECT_EQ(std::get<CallFailure>(refused).error, CallError::unavailable);
}

}  // namespace
}  // namespace ringway::data::test
