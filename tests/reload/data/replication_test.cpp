// Copies: to the replica set, to a joining peer, after failures and merges (RFC 6940 §10.4, §10.5, §10.7.3).
#include "reload/data/parting_copies.hpp"
#include "tests/reload/data/replication_fixture.hpp"

namespace ringway::data::test {
namespace {

using wire::ErrorCode;
using wire::MessageCode;

TEST_F(Replication, AWriteIsAnsweredWhenBothSuccessorsHaveItOnDisk) {
  // Shows: TOPO-35, STORE-17, STORE-52.
  make({0x10, 0x50, 0x90, 0xD0});
  Peer& owner = at(0x10);
  const std::string key = key_of(owner);
  at(0x90).hold_commits = true;
  PutCall call;
  call.key = key;
  call.value = {1};
  const auto token = overlay.begin(owner, {call});
  overlay.run();
  EXPECT_FALSE(owner.results.contains(token));
  EXPECT_EQ(stored(at(0x50), key).records.size(), 1U);
  overlay.release_commits(at(0x90));
  ASSERT_TRUE(owner.results.contains(token));
  const auto result = std::get<PutResult>(owner.results[token][0]);
  EXPECT_EQ(result.copies, 3U);
  EXPECT_EQ(result.replicas, (std::vector<NodeId>{node_at(0x50), node_at(0x90)}));
  EXPECT_EQ(stored(at(0x90), key).records.size(), 1U);
  EXPECT_TRUE(stored(at(0xD0), key).records.empty());
  for (const Sent& one : overlay.sent) {
    EXPECT_FALSE(one.by_resource);
    const auto store = wire::decode<wire::StoreReq>(SharedBytes{one.body}, &overlay.configuration->kinds);
    ASSERT_TRUE(store);
    EXPECT_EQ(store->replica_number, one.to == node_at(0x50) ? 1 : 2);
    EXPECT_EQ(store->kind_data[0].generation_counter, 1U);
  }
}

// The responsible peer has lost what its replica holds; the writer's clock was ahead then.
TEST_F(Replication, AWriteThatIsOlderThanAReplicasCopyIsNotAcknowledged) {
  // Shows: STORE-45.
  make({0x10, 0x50, 0x90, 0xD0});
  const std::string key = key_of(at(0x50));
  const KindAt where{resource_id_of(std::string_view(key)), config::k_shared_value};
  put(at(0x10), key, "first");
  Record newer = *stored(at(0x90), key).records.at(0);
  const auto& signer = *at(0x10).signer;
  newer.stored =
      signed_value(signer, {config::k_shared_value, where.resource, "ahead", overlay.now().wall_ms + 60'000,
                            3600, true, 0, copy_of(newer.stored.value.key.view())});
  ASSERT_TRUE(at(0x90).store->commit({{PutRecord{where, std::make_shared<const Record>(newer)}}}).ok());
  for (const std::uint8_t point : std::initializer_list<std::uint8_t>{0x50, 0xD0})
    ASSERT_TRUE(at(point).store->commit({{DropKind{where}}}).ok());
  for (const std::uint8_t point : std::initializer_list<std::uint8_t>{0x50, 0x90, 0xD0}) {
    overlay.kill(at(point));
    overlay.restart(at(point));
    at(point).joined = true;
  }
  overlay.without_channels = {node_at(0x50)};  // no comparison brings it back before
  overlay.loses = [](const Sent& one) {
    return one.code == wire::MessageCode::store_req && one.from == node_at(0x90);
  };
  overlay.update_views();
  overlay.run();
  ASSERT_TRUE(stored(at(0x50), key).records.empty());
  std::string refused;
  overlay.bends = [&](const Peer& by, wire::MessageCode code, Bytes& body) {
    if (code != wire::MessageCode::error || by.node != node_at(0x50)) return;
    const auto error = wire::decode<wire::ErrorResponse>(SharedBytes{body});
    if (error->code == wire::ErrorCode::data_too_old) refused = std::string(text_of(error->info));
  };
  // The client signs it anew, newer than what is there.
  const auto result = put(at(0x10), key, "second");
  EXPECT_EQ(refused, "a newer value is stored");
  EXPECT_GT(result.storage_time_ms, newer.stored.storage_time_ms);
  for (const std::uint8_t point : std::initializer_list<std::uint8_t>{0x50, 0x90, 0xD0})
    EXPECT_EQ(text_of(stored(at(point), key).records.at(0)->stored.value.data.value), "second");
}

TEST_F(Replication, SmallRingsAnswerWithTheCopiesThereAre) {
  // Shows: TOPO-46.
  make({0x10});
  EXPECT_EQ(put(at(0x10), key_of(at(0x10))).copies, 1U);
  make({0x80});
  EXPECT_EQ(put(at(0x10), key_of(at(0x10))).copies, 2U);
  make({0xC0});
  const auto result = put(at(0x10), key_of(at(0x80)));
  EXPECT_EQ(result.copies, 3U);
  EXPECT_EQ(result.copies_wanted, 3U);
}

TEST_F(Replication, ANewcomerGetsTheCopiesAtOnce) {
  // Shows: TOPO-37, STORE-19, STORE-52.
  make({0x10, 0x50});
  Peer& owner = at(0x10);
  const std::string key = key_of(owner);
  put(owner, key);
  put(at(0x50), key);
  overlay.advance(std::chrono::hours(1));
  make({0x30});
  overlay.advance(Duration{50});  // the two compare what they hold first
  const auto copy = stored(at(0x30), key);
  ASSERT_EQ(copy.records.size(), 2U);
  EXPECT_EQ(copy.generation_counter, 2U);
  EXPECT_LE(copy.records[0]->remaining_s(overlay.now().wall_ms), 23 * 3600U);
  EXPECT_GE(copy.records[0]->remaining_s(overlay.now().wall_ms), 23 * 3600U - 3)
      << "whole seconds, rounded down";
}

TEST_F(Replication, AfterALossTheReplacementWaitsForTheHoldDown) {
  // Shows: TOPO-27.
  make({0x10, 0x50, 0x90, 0xD0});
  Peer& owner = at(0x10);
  const std::string key = key_of(owner);
  put(owner, key);
  overlay.kill(at(0x50));
  overlay.update_views();
  overlay.advance(k_hold_down - Duration{100});
  EXPECT_TRUE(stored(at(0xD0), key).records.empty());
  // New values do not wait.
  const std::string second = key_of(owner);
  EXPECT_EQ(put(owner, second).replicas, (std::vector<NodeId>{node_at(0x90), node_at(0xD0)}));
  overlay.advance(Duration{200});
  EXPECT_EQ(stored(at(0xD0), key).records.size(), 1U);
}

TEST_F(Replication, ANewNumberOfReplicasIsReachedAfterTheHoldDown) {
  make({0x10, 0x30, 0x50, 0x70, 0x90, 0xB0, 0xD0, 0xF0});
  Peer& owner = at(0x30);
  const std::string key = key_of(owner);
  put(owner, key);
  EXPECT_EQ(copies(key), 3U);
  overlay.replicas = 5;
  overlay.update_views();
  overlay.advance(k_hold_down - Duration{100});
  EXPECT_EQ(copies(key), 3U) << "not everyone may have the new document yet";
  overlay.advance(Duration{5'000});
  EXPECT_EQ(copies(key), 6U);
  overlay.replicas = 1;
  overlay.update_views();
  overlay.advance(k_until_dropped);
  EXPECT_EQ(copies(key), 2U);
  EXPECT_EQ(stored(owner, key).records.size(), 1U);
  EXPECT_EQ(stored(at(0x50), key).records.size(), 1U);
}

TEST_F(Replication, WhatIsTooManyStaysWhileTheResponsiblePeerDoesNotAnswer) {
  overlay.without_channels = {node_at(0x30)};
  make({0x10, 0x30, 0x50, 0x70, 0x90, 0xB0, 0xD0, 0xF0});
  Peer& owner = at(0x30);
  const std::string key = key_of(owner);
  overlay.replicas = 4;
  overlay.update_views();
  overlay.advance(Duration{0});
  put(owner, key);
  EXPECT_EQ(copies(key), 5U);
  overlay.loses = [&](const Sent& one) { return one.to == owner.node; };
  overlay.replicas = 2;
  overlay.update_views();
  overlay.advance(k_until_dropped + Duration{60'000});
  EXPECT_EQ(copies(key), 5U) << "it may be the last copy, as far as these can know";
  overlay.loses = [](const Sent&) { return false; };
  overlay.advance(Duration{600'000});
  EXPECT_EQ(copies(key), 3U);
}

TEST_F(Replication, PeersThatLeaveOneRightAfterTheOtherLoseNothing) {
  // Shows: TOPO-41.
  make({0x10, 0x30, 0x50, 0x70, 0x90, 0xB0, 0xD0, 0xF0});
  std::vector<std::string> keys;
  for (const std::uint8_t point : points) {
    for (int i = 0; i < 3; ++i) keys.push_back(key_of(at(point)));
  }
  for (const auto& key : keys) put(at(0x10), key, key);
  // Neighbours, faster than the hold-down lets the set be refilled.
  for (const int point : {0x50, 0x70, 0x30, 0x90, 0xB0, 0xF0, 0xD0}) {
    EXPECT_TRUE(overlay.leave(at(static_cast<std::uint8_t>(point)), Duration{5'000})) << point;
    for (const auto& key : keys) ASSERT_EQ(get(at(0x10), key), key) << "after " << point << " has left";
  }
}

TEST_F(Replication, APeerThatLeavesKeepsTheNumberOfCopies) {
  make({0x10, 0x30, 0x50, 0x70, 0x90, 0xB0});
  const std::string key = key_of(at(0x50));
  put(at(0x10), key);
  EXPECT_EQ(copies(key), 3U);
  EXPECT_TRUE(overlay.leave(at(0x50), Duration{5'000}));
  EXPECT_EQ(copies(key), 3U);
  EXPECT_EQ(stored(at(0xB0), key).records.size(), 1U) << "last of the set now";
}

// It holds what is not its own yet when its cleaning is due.
TEST_F(Replication, WhatAPeerThatLeavesHasSentIsNotCleanedAway) {
  make({0x10, 0x30, 0x50, 0x70, 0x90, 0xB0});
  const std::string key = key_of(at(0x50));
  put(at(0x10), key);
  overlay.advance(k_hold_down + k_until_set_has_copies - Duration{1'000});
  overlay.to_replication(at(0x50), routing::Drain{});
  overlay.advance(Duration{500});
  ASSERT_EQ(stored(at(0xB0), key).records.size(), 1U);
  overlay.advance(Duration{5'000});
  EXPECT_EQ(stored(at(0xB0), key).records.size(), 1U);
  // It has stayed: with the next change of the ring what is too much goes.
  overlay.advance(k_parting_is_kept);
  make({0x20});
  overlay.advance(k_until_dropped);
  EXPECT_TRUE(stored(at(0xB0), key).records.empty());
}

TEST_F(Replication, APeerThatComesBackInTimeNeedsNoReplacement) {
  // Shows: TOPO-27.
  make({0x10, 0x50, 0x90, 0xD0});
  Peer& owner = at(0x10);
  const std::string key = key_of(owner);
  put(owner, key);
  overlay.kill(at(0x50));
  overlay.update_views();
  overlay.advance(k_hold_down / 2);
  const std::string missed = key_of(owner);
  put(owner, missed);
  overlay.restart(at(0x50));
  at(0x50).joined = true;
  overlay.update_views();
  overlay.advance(Duration{1000});
  EXPECT_EQ(stored(at(0x50), missed).records.size(), 1U) << "what it has missed";
  overlay.advance(k_hold_down);
  EXPECT_TRUE(stored(at(0xD0), key).records.empty());
}

TEST_F(Replication, ThePeerAfterALostOneRefillsItsRange) {
  // Shows: TOPO-37, TOPO-41.
  make({0x10, 0x50, 0x90, 0xD0});
  const std::string key = key_of(at(0x50));
  put(at(0x10), key);
  overlay.kill(at(0x50));
  overlay.update_views();
  overlay.run();
  EXPECT_EQ(get(at(0x10), key), "value") << "from 0x90, which had a copy";
  EXPECT_TRUE(stored(at(0x10), key).records.empty());
  overlay.advance(k_hold_down + Duration{1000});
  EXPECT_EQ(stored(at(0x10), key).records.size(), 1U) << "the third in the set of 0x90";
  EXPECT_EQ(copies(key), 3U);
}

TEST_F(Replication, TwoNeighboursLostAtOnceLoseNothing) {
  // Shows: TOPO-48.
  make({0x10, 0x30, 0x50, 0x70, 0x90, 0xB0, 0xD0});
  std::vector<std::string> keys;
  for (const std::uint8_t point : points) {
    for (int i = 0; i < 3; ++i) {
      keys.push_back(key_of(at(point)));
      EXPECT_EQ(put(at(0x10), keys.back(), keys.back()).copies, 3U);
    }
  }
  overlay.kill(at(0x50));
  overlay.kill(at(0x70));
  overlay.update_views();
  overlay.run();
  for (const auto& key : keys) EXPECT_EQ(get(at(0x10), key), key);
  overlay.advance(k_hold_down * 3);
  for (const auto& key : keys) EXPECT_EQ(copies(key), 3U) << key;
}

TEST_F(Replication, AWriteUnderWayGoesToTheNewReplicaSet) {
  // Shows: TOPO-35, TOPO-27.
  make({0x10, 0x50, 0x90, 0xD0});
  Peer& owner = at(0x10);
  overlay.loses = [](const Sent& one) { return one.to == node_at(0x50); };
  PutCall call;
  call.key = key_of(owner);
  call.value = {1};
  const auto token = overlay.begin(owner, {call});
  overlay.advance(Duration{2000});
  EXPECT_FALSE(owner.results.contains(token));
  overlay.kill(at(0x50));
  overlay.update_views();
  overlay.advance(Duration{100});
  ASSERT_TRUE(owner.results.contains(token));
  EXPECT_EQ(std::get<PutResult>(owner.results[token][0]).replicas,
            (std::vector<NodeId>{node_at(0x90), node_at(0xD0)}));
}

TEST_F(Replication, AWriteThatAReplicaNeverConfirmsIsNotAcknowledged) {
  // Shows: TOPO-35.
  make({0x10, 0x50, 0x90, 0xD0});
  Peer& owner = at(0x10);
  overlay.loses = [](const Sent& one) { return one.to == node_at(0x50); };
  const std::string key = key_of(owner);
  PutCall call;
  call.key = key;
  call.value = {1};
  const auto result = overlay.call(owner, call);
  ASSERT_TRUE(std::holds_alternative<CallFailure>(result));
  EXPECT_EQ(std::get<CallFailure>(result).error, CallError::unavailable);
  // It gets its copy when it can be reached after all.
  overlay.loses = [](const Sent&) { return false; };
  overlay.advance(Duration{60'000});
  EXPECT_EQ(stored(at(0x50), key).records.size(), 1U);
}

TEST_F(Replication, MoreUnconfirmedCopiesThanCanWaitAreMadeLater) {
  // Shows: TOPO-37.
  make({0x10, 0x50});
  Peer& owner = at(0x10);
  overlay.loses = [](const Sent& one) { return one.to == node_at(0x50); };
  std::vector<std::string> keys;
  std::vector<Call> calls;
  for (int i = 0; i < 700; ++i) {
    keys.push_back(key_of(owner));
    PutCall call;
    call.key = keys.back();
    call.value = {1};
    calls.emplace_back(call);
  }
  overlay.begin(owner, calls);
  overlay.advance(Duration{25'000});
  EXPECT_EQ(stored(at(0x50), keys.back()).records.size(), 0U);
  overlay.loses = [](const Sent&) { return false; };
  overlay.advance(Duration{120'000});
  for (const auto& key : keys) EXPECT_EQ(stored(at(0x50), key).records.size(), 1U) << key;
}

TEST_F(Replication, ManyChangesOfTheRingWaitTogether) {
  // More ranges than are remembered one by one: nothing is lost of any.
  make({0x10, 0x50, 0x90, 0xD0});
  Peer& owner = at(0x10);
  const std::string key = key_of(owner);
  put(owner, key);
  at(0x50).store = std::make_shared<ringway::storage::MemoryStore>();
  for (int i = 0; i < 300; ++i) {
    auto view = overlay.ring_view(owner);
    if (i % 2 == 0) view.successors = {node_at(0x90), node_at(0xD0)};
    overlay.set_view(owner, view);
  }
  overlay.restart(at(0x50));
  at(0x50).joined = true;
  overlay.update_views();
  overlay.advance(k_hold_down * 2);
  EXPECT_EQ(stored(at(0x50), key).records.size(), 1U);
}

TEST_F(Replication, NothingIsDroppedBeforeTheOwnerHasIt) {
  // Shows: TOPO-38, TOPO-39.
  overlay.without_channels = {node_at(0x90)};
  make({0x10, 0x50, 0x90});
  const std::string key = key_of(at(0x90));
  put(at(0x10), key);
  overlay.loses = [](const Sent& one) { return one.by_resource; };
  make({0xD0});  // between the owner and 0x10: 0x50 is out
  overlay.advance(k_hold_down * 3);
  EXPECT_EQ(stored(at(0x50), key).records.size(), 1U);
  overlay.loses = [](const Sent&) { return false; };
  overlay.advance(std::chrono::minutes(5));
  EXPECT_TRUE(stored(at(0x50), key).records.empty());
  EXPECT_EQ(copies(key), 3U);
}

TEST_F(Replication, APeerThatLearnsOfABetterOwnerPushesToIt) {
  // Shows: TOPO-39, TOPO-34.
  make({0x10, 0x80});
  std::vector<std::string> keys;
  for (int i = 0; i < 10; ++i) keys.push_back(key_of(at(0x80)));
  for (const auto& key : keys) put(at(0x10), key, key);
  // It comes in from elsewhere, not admitted by 0x80.
  make({0x40});
  overlay.advance(Duration{1000});
  for (const auto& key : keys) {
    if (!at(0x40).view->responsible_for(resource_id_of(std::string_view(key)))) continue;
    EXPECT_EQ(stored(at(0x40), key).records.size(), 1U);
  }
  for (const auto& key : keys) EXPECT_EQ(get(at(0x10), key), key);
}

// ---- merging

TEST_F(Replication, WhatIsPushedToTheResponsiblePeerReachesItsWholeSet) {
  // Shows: TOPO-35.
  // As after a partition: the holders of the other half drop theirs when the owner has answered.
  make({0x10, 0x20, 0x30});
  Peer& owner = at(0x10);
  const NodeId writer_node = [&] {
    for (std::uint8_t i = 1;; ++i) {
      const NodeId node = ringway::test::node_id(0x99, i);
      if (owner.view->responsible_for(resource_id_of(node.view()))) return node;
    }
  }();
  const SignerPtr writer = issue("writer@example.org", writer_node);
  ValueSpec spec;
  spec.kind = k_node_kind;
  spec.resource = resource_id_of(writer_node.view());
  const auto answer = overlay.store(issue("holder@example.org", node_at(0x60)), owner,
                                    store_of(spec, *writer, 1, 1), {writer->certificate()->der()});
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->code, MessageCode::store_ans);
  for (const std::uint8_t point : points)
    EXPECT_EQ(at(point).store->load({spec.resource, k_node_kind})->records.size(), 1U) << int{point};
}

TEST_F(Replication, WhatABadNodeHasSignedHoldsUpNoCopies) {
  // Shows: FM-27.
  make({0x10});
  Peer& owner = at(0x10);
  const std::string key = key_of(owner);
  put(owner, key, "good");
  overlay.add("bad@example.org", node_at(0x55));
  overlay.update_views();
  put(at(0x55), key, "bad");
  overlay.kill(at(0x55));
  overlay.update_views();
  auto next = std::make_shared<config::Configuration>(*overlay.configuration);
  next->bad_nodes = {node_at(0x55)};
  overlay.to_replication(owner, routing::ConfigurationChanged{next});
  make({0x80});
  overlay.advance(k_hold_down * 2);
  const auto copied = stored(at(0x80), key).records;
  ASSERT_EQ(copied.size(), 1U);
  EXPECT_EQ(copied[0]->signer_node, node_at(0x10));
}

TEST_F(Replication, AfterAPartitionTheNewestValueWinsEverywhere) {
  // Shows: STORE-43, STORE-46, TOPO-34.
  make({0x10, 0x50, 0x90, 0xD0});
  Peer& owner = at(0x10);
  const std::string key = key_of(owner);
  put(owner, key, "both");
  // One side: 0x10 and 0x50. The other: 0x90 and 0xD0. Each goes on writing, as the same writer.
  const auto split = [&](std::vector<std::uint8_t> side) {
    for (const std::uint8_t point : points) at(point).joined = false;
    for (const std::uint8_t point : side) at(point).joined = true;
    for (const std::uint8_t point : side) overlay.set_view(at(point), overlay.ring_view(at(point)));
  };
  split({0x10, 0x50});
  split({0x90, 0xD0});
  overlay.run();
  const auto writer = issue("writer@example.org", node_at(0x77));
  const auto store = [&](Peer& at_peer, const std::string& value, std::uint64_t time_ms) {
    ValueSpec spec;
    spec.kind = config::k_shared_value;
    spec.resource = resource_id_of(std::string_view(key));
    spec.key = dictionary_key_of(*parse_resource_name(key), writer->node_id().view());
    spec.value = value;
    spec.storage_time_ms = overlay.now().wall_ms + time_ms;
    const auto answer = overlay.store(writer, at_peer, store_of(spec, *writer));
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->code, MessageCode::store_ans);
  };
  Peer& other_owner =
      at(0x90).view->responsible_for(resource_id_of(std::string_view(key))) ? at(0x90) : at(0xD0);
  store(owner, "older", 10);
  store(other_owner, "newer", 20);
  for (const std::uint8_t point : points) at(point).joined = true;
  overlay.update_views();
  overlay.advance(std::chrono::minutes(3));
  for (const int point : {0x10, 0x50, 0x90}) {
    const auto state = stored(at(static_cast<std::uint8_t>(point)), key);
    ASSERT_EQ(state.records.size(), 2U) << point;
    bool found = false;
    for (const auto& record : state.records) {
      found = found || text_of(record->stored.value.data.value) == "newer";
    }
    EXPECT_TRUE(found) << point;
  }
}

TEST_F(Replication, AReturningPeerMergesWhatItHasOnDisk) {
  // Shows: STORE-43, STORE-46.
  make({0x10, 0x50, 0x90});
  Peer& writer = at(0x10);
  const std::string kept = key_of(at(0x50));
  const std::string changed = key_of(at(0x50));
  put(writer, kept, "kept");
  put(writer, changed, "old");
  overlay.kill(at(0x50));
  overlay.update_views();
  overlay.run();
  put(writer, changed, "new");
  overlay.restart(at(0x50));
  at(0x50).joined = true;
  overlay.update_views();
  overlay.advance(std::chrono::minutes(2));
  EXPECT_EQ(get(writer, kept), "kept");
  EXPECT_EQ(get(writer, changed), "new");
}

TEST_F(Replication, AllKilledAndRestartedOnTheirDisksKeepEverything) {
  // Shows: STORE-46, TOPO-39.
  make({0x10, 0x30, 0x50, 0x70, 0x90, 0xB0, 0xD0, 0xF0});
  std::vector<std::string> keys;
  for (const std::uint8_t point : points) {
    for (int i = 0; i < 5; ++i) keys.push_back(key_of(at(point)));
  }
  for (const auto& key : keys) put(at(0x10), key, key);
  for (const std::uint8_t point : points) overlay.kill(at(point));
  // They come back in another order, and the ring grows peer by peer.
  for (const int point : {0xB0, 0x30, 0xF0, 0x10, 0x90, 0x50, 0xD0, 0x70}) {
    Peer& peer = at(static_cast<std::uint8_t>(point));
    overlay.restart(peer);
    peer.joined = true;
    overlay.update_views();
    overlay.advance(Duration{500});
  }
  overlay.advance(k_until_dropped);
  for (const auto& key : keys) {
    EXPECT_EQ(get(at(0x70), key), key);
    EXPECT_EQ(copies(key), 3U) << key;
  }
}

TEST_F(Replication, ManyValuesAreCopiedFewAtATime) {
  make({0x10});
  Peer& owner = at(0x10);
  std::vector<std::string> keys;
  for (int i = 0; i < 300; ++i) {
    keys.push_back(key_of(owner));
    put(owner, keys.back());
  }
  std::size_t most = 0;
  overlay.loses = [&](const Sent& one) {
    if (one.from == node_at(0x10)) most = std::max(most, at(0x10).replication->statistics().backlog_kinds);
    return false;
  };
  make({0x80});
  overlay.advance(Duration{5000});
  for (const auto& key : keys) EXPECT_EQ(stored(at(0x80), key).records.size(), 1U) << key;
  EXPECT_LE(most, 600U);
}

TEST_F(Replication, AKindTooLargeForOneMessageIsSplit) {
  // Shows: TOPO-37.
  make({0x10});
  Peer& owner = at(0x10);
  const std::string key = key_of(owner);
  for (std::uint8_t i = 1; i <= 12; ++i) {
    const auto writer = issue("writer@example.org", node_at(i));
    ValueSpec spec;
    spec.kind = config::k_shared_value;
    spec.resource = resource_id_of(std::string_view(key));
    spec.key = dictionary_key_of(*parse_resource_name(key), writer->node_id().view());
    spec.value = std::string(600, 'y');
    ASSERT_EQ(overlay.store(writer, owner, store_of(spec, *writer))->code, MessageCode::store_ans);
  }
  overlay.sent.clear();
  make({0x80});
  overlay.advance(Duration{5000});
  EXPECT_EQ(stored(at(0x80), key).records.size(), 12U);
  EXPECT_GE(stores_to(node_at(0x80)), 4U);
}

}  // namespace
}  // namespace ringway::data::test
