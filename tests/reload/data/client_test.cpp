// Calls of applications: done here or by another peer, checked, retried, told as results.
#include <gtest/gtest.h>

#include "reload/data/newly_held.hpp"
#include "reload/data/resource_names.hpp"
#include "tests/reload/data/overlay.hpp"

namespace ringway::data::test {
namespace {

using ringway::test::k_now_ms;
using wire::ErrorCode;
using wire::MessageCode;

Bytes bytes(std::string_view text) { return copy_of(view_of(text)); }

CallError error_of(const CallResult& result) {
  const auto* failure = std::get_if<CallFailure>(&result);
  EXPECT_NE(failure, nullptr) << "it succeeded";
  return failure != nullptr ? failure->error : CallError::internal;
}
PutResult put_of(const CallResult& result) {
  if (const auto* failure = std::get_if<CallFailure>(&result)) ADD_FAILURE() << failure->message;
  const auto* put = std::get_if<PutResult>(&result);
  return put != nullptr ? *put : PutResult{};
}
GetResult get_of(const CallResult& result) {
  if (const auto* failure = std::get_if<CallFailure>(&result)) ADD_FAILURE() << failure->message;
  const auto* get = std::get_if<GetResult>(&result);
  return get != nullptr ? *get : GetResult{};
}

// Two peers; alice's is asked, and for each key it is told who is responsible.
class ClientCalls : public ::testing::Test {
 protected:
  ClientCalls() {
    overlay.update_views();
    overlay.advance(Duration{0});
  }
  std::string key_of(Peer& owner, const std::string& prefix = "alice@example.org/k") {
    for (int i = 0;; ++i) {
      const std::string key = prefix + std::to_string(i);
      if (owner.view->responsible_for(resource_id_of(std::string_view(key)))) return key;
    }
  }
  CallResult put(Peer& at, const std::string& key, std::string_view value, std::string entry = "",
                 std::optional<std::uint64_t> generation = std::nullopt) {
    PutCall call;
    call.key = key;
    call.entry = std::move(entry);
    call.value = bytes(value);
    call.expected_generation = generation;
    return overlay.call(at, call);
  }
  CallResult get(Peer& at, const std::string& key, std::optional<std::string> entry = std::nullopt) {
    return overlay.call(at, GetCall{key, std::move(entry)});
  }
  CallResult remove(Peer& at, const std::string& key) { return overlay.call(at, RemoveCall{key, "", {}}); }
  std::size_t messages(MessageCode code) const {
    std::size_t count = 0;
    for (const auto& one : overlay.sent) count += one.code == code ? 1 : 0;
    return count;
  }
  // A record of that key on the peer's disk.
  RecordPtr on_disk(Peer& at, const std::string& key) {
    const auto name = parse_resource_name(key);
    const auto state = at.store->load({name->resource(), name->kind()});
    return state->records.empty() ? nullptr : state->records.front();
  }

  Overlay overlay;
  Peer& alice = overlay.add("alice@example.org", node_at(0x40));
  Peer& bob = overlay.add("bob@example.org", node_at(0xC0));
};

TEST_F(ClientCalls, WhatARevokedNodeHasSignedIsNeitherShownNorInTheWay) {
  // Shows: SEC-21, FM-27.
  // Another device of alice, whose clock is ahead.
  const auto stolen = issue("alice@example.org", node_at(0x44));
  const std::string key = key_of(bob);
  const auto name = parse_resource_name(key);
  ValueSpec spec;
  spec.kind = name->kind();
  spec.resource = name->resource();
  spec.value = "stolen";
  spec.storage_time_ms = k_now_ms + 3600'000;
  spec.key = dictionary_key_of(*name, {});
  const auto request = store_of(spec, *stolen);
  EXPECT_EQ(overlay.store(stolen, bob, request)->code, MessageCode::store_ans);
  EXPECT_EQ(text_of(get_of(get(alice, key)).entries.at(0).value), "stolen");

  auto next = std::make_shared<config::Configuration>(*overlay.configuration);
  next->bad_nodes = {node_at(0x44)};
  for (Peer* peer : {&alice, &bob}) overlay.to_storage(*peer, routing::ConfigurationChanged{next});
  EXPECT_EQ(error_of(get(alice, key)), CallError::not_found);
  EXPECT_EQ(error_of(get(bob, key)), CallError::not_found);
  EXPECT_EQ(error_of(overlay.call(alice, StatCall{key})), CallError::not_found);
  EXPECT_GE(bob.storage->statistics().revoked_values, 3U);
  // Brought by somebody in good standing it is refused with the RFC's error.
  const auto before = bob.storage->statistics().revoked_values;
  const auto refused =
      overlay.store(issue("alice@example.org", node_at(0x45)), bob, request, {stolen->certificate()->der()});
  ASSERT_TRUE(refused);
  EXPECT_TRUE(refused->is_error(ErrorCode::forbidden));
  EXPECT_EQ(bob.storage->statistics().revoked_values, before + 1);
  // An honest value of the same name is not too old for anybody, though it is older.
  put_of(put(alice, key, "mine"));
  EXPECT_EQ(text_of(get_of(get(alice, key)).entries.at(0).value), "mine");
  EXPECT_EQ(text_of(get_of(get(bob, key)).entries.at(0).value), "mine");
}

TEST_F(ClientCalls, AtTheResponsiblePeerNoMessageIsNeededButTheCopies) {
  // Shows: STORE-50, TOPO-35.
  const std::string key = key_of(alice);
  const auto result = put_of(put(alice, key, "value"));
  EXPECT_EQ(result.generation, 1U);
  EXPECT_EQ(result.copies, 2U);
  EXPECT_EQ(result.copies_wanted, 3U);
  EXPECT_EQ(result.replicas, std::vector<NodeId>{bob.node});
  EXPECT_EQ(overlay.sent.size(), 1U);
  EXPECT_FALSE(overlay.sent[0].by_resource);
  const auto got = get_of(get(alice, key, ""));
  ASSERT_EQ(got.entries.size(), 1U);
  EXPECT_EQ(text_of(got.entries[0].value), "value");
  EXPECT_EQ(got.entries[0].writer, "alice@example.org");
  EXPECT_EQ(got.entries[0].writer_node, alice.node);
  EXPECT_EQ(overlay.sent.size(), 1U);
  ASSERT_NE(on_disk(bob, key), nullptr);
}

TEST_F(ClientCalls, TheSameChecksApplyHere) {
  // Shows: STORE-50.
  const std::string key = key_of(alice);
  EXPECT_EQ(error_of(put(alice, key, std::string(k_max_size_bytes + 1, 'x'))), CallError::resource_exhausted);
  EXPECT_EQ(error_of(put(bob, key, "mine")), CallError::permission_denied);
  for (int i = 0; i < 40; ++i) put_of(put(alice, key, "x", std::to_string(i)));
  EXPECT_EQ(error_of(put(alice, key, "x", "one more")), CallError::resource_exhausted);
  ASSERT_EQ(put_of(put(alice, key, "y", "0")).generation, 41U);
  EXPECT_EQ(error_of(put(alice, key, "z", "0", 40)), CallError::aborted);
}

TEST_F(ClientCalls, AnotherPeersValueTravelsAndIsChecked) {
  // Shows: STORE-17, STORE-37.
  const std::string key = key_of(bob);
  const auto result = put_of(put(alice, key, "value", "home"));
  EXPECT_EQ(result.copies, 2U);
  EXPECT_EQ(result.replicas, std::vector<NodeId>{alice.node});
  const auto got = get_of(get(alice, key));
  ASSERT_EQ(got.entries.size(), 1U);
  EXPECT_EQ(got.entries[0].entry, "home");
  EXPECT_EQ(text_of(got.entries[0].value), "value");
  EXPECT_EQ(got.entries[0].writer, "alice@example.org");
  EXPECT_EQ(got.discarded, 0U);
  EXPECT_EQ(messages(MessageCode::fetch_req), 1U);
}

TEST_F(ClientCalls, SharedKeysHaveOneEntryForEachWriter) {
  for (Peer* owner : {&alice, &bob}) {
    const std::string key = key_of(*owner, "shared/k");
    put_of(put(alice, key, "from alice"));
    put_of(put(bob, key, "from bob"));
    put_of(put(bob, key, "from bob again"));
    for (Peer* reader : {&alice, &bob}) {
      const auto got = get_of(get(*reader, key));
      ASSERT_EQ(got.entries.size(), 2U);
      EXPECT_EQ(got.entries[0].writer, "alice@example.org");
      EXPECT_EQ(text_of(got.entries[0].value), "from alice");
      EXPECT_EQ(got.entries[1].writer_node, bob.node);
      EXPECT_EQ(text_of(got.entries[1].value), "from bob again");
    }
    EXPECT_EQ(error_of(put(alice, key, "x", "entry")), CallError::invalid_argument);
  }
}

TEST_F(ClientCalls, EntriesComeSorted) {
  // Shows: FM-15.
  for (Peer* owner : {&alice, &bob}) {
    const std::string key = key_of(*owner);
    for (const char* entry : {"b", "", "c", "a"}) put_of(put(alice, key, entry, entry));
    const auto got = get_of(get(alice, key));
    std::vector<std::string> entries;
    for (const auto& entry : got.entries) entries.push_back(entry.entry);
    EXPECT_EQ(entries, (std::vector<std::string>{"", "a", "b", "c"}));
    EXPECT_EQ(get_of(get(alice, key, "b")).entries.size(), 1U);
    EXPECT_EQ(error_of(get(alice, key, "d")), CallError::not_found);
  }
}

TEST_F(ClientCalls, NothingStoredIsNotFound) {
  for (Peer* owner : {&alice, &bob}) {
    EXPECT_EQ(error_of(get(alice, key_of(*owner))), CallError::not_found);
    EXPECT_EQ(error_of(remove(alice, key_of(*owner))), CallError::not_found);
    EXPECT_EQ(error_of(overlay.call(alice, StatCall{key_of(*owner)})), CallError::not_found);
  }
}

TEST_F(ClientCalls, CompareAndSwap) {
  // Shows: STORE-11, STORE-44.
  for (Peer* owner : {&alice, &bob}) {
    const std::string key = key_of(*owner);
    EXPECT_EQ(put_of(put(alice, key, "one")).generation, 1U);
    EXPECT_EQ(put_of(put(alice, key, "two", "", 1)).generation, 2U);
    const auto result = put(alice, key, "three", "", 1);
    ASSERT_EQ(error_of(result), CallError::aborted);
    EXPECT_EQ(std::get<CallFailure>(result).generation, 2U);
    EXPECT_EQ(text_of(get_of(get(alice, key)).entries[0].value), "two");
    EXPECT_EQ(error_of(put(alice, key, "x", "", 0)), CallError::invalid_argument);
  }
}

TEST_F(ClientCalls, RemovingOutlastsWhatIsRemoved) {
  // Shows: STORE-25, STORE-24, FM-10.
  for (Peer* owner : {&alice, &bob}) {
    const std::string key = key_of(*owner);
    PutCall call;
    call.key = key;
    call.value = bytes("value");
    call.lifetime_s = 100'000;
    put_of(overlay.call(alice, call));
    overlay.advance(std::chrono::seconds(1000));
    put_of(remove(alice, key));
    EXPECT_EQ(error_of(get(alice, key)), CallError::not_found);
    EXPECT_EQ(error_of(remove(alice, key)), CallError::not_found);
    const auto tombstone = on_disk(*owner, key);
    ASSERT_NE(tombstone, nullptr);
    EXPECT_FALSE(tombstone->stored.value.data.exists);
    EXPECT_GE(tombstone->remaining_s(overlay.now().wall_ms), 99'000U);
    // The name is covered by its signature all the same.
    const auto key_there = parse_dictionary_key(tombstone->stored.value.key);
    ASSERT_TRUE(key_there);
    EXPECT_EQ(key_there->name, key);
    put_of(put(alice, key, "again"));
    EXPECT_EQ(text_of(get_of(get(alice, key)).entries[0].value), "again");
  }
}

TEST_F(ClientCalls, StatTellsSizesWithoutValues) {
  for (Peer* owner : {&alice, &bob}) {
    const std::string key = key_of(*owner, "shared/s");
    put_of(put(alice, key, "12345"));
    const auto result = overlay.call(alice, StatCall{key});
    const auto* stat = std::get_if<StatResult>(&result);
    ASSERT_NE(stat, nullptr);
    ASSERT_EQ(stat->entries.size(), 1U);
    EXPECT_EQ(stat->entries[0].size_bytes, 5U);
    EXPECT_EQ(stat->entries[0].writer_node, alice.node);
    EXPECT_EQ(stat->generation, 1U);
  }
}

TEST_F(ClientCalls, APutInTheSameMillisecondIsNewerThanTheOneBefore) {
  // Shows: STORE-14.
  for (Peer* owner : {&alice, &bob}) {
    const std::string key = key_of(*owner);
    const auto first = put_of(put(alice, key, "one"));
    const auto second = put_of(put(alice, key, "two"));
    EXPECT_GT(second.storage_time_ms, first.storage_time_ms);
  }
}

TEST_F(ClientCalls, AfterDataTooOldThePreviousTimeIsLearned) {
  // Shows: STORE-45.
  const std::string key = key_of(bob);
  // Another of alice's devices whose clock is an hour ahead has written.
  const auto device = issue("alice@example.org", node_at(0x99));
  ValueSpec spec;
  spec.kind = config::k_owner_value;
  spec.resource = resource_id_of(std::string_view(key));
  spec.key = dictionary_key_of(*parse_resource_name(key), {});
  spec.storage_time_ms = k_now_ms + 3'600'000;
  ASSERT_EQ(overlay.store(device, bob, store_of(spec, *device))->code, MessageCode::store_ans);
  overlay.sent.clear();
  const auto result = put_of(put(alice, key, "mine"));
  EXPECT_EQ(result.storage_time_ms, spec.storage_time_ms + 1);
  EXPECT_EQ(messages(MessageCode::store_req), 3U) << "refused, then accepted and copied";
  EXPECT_EQ(text_of(get_of(get(alice, key)).entries[0].value), "mine");
}

// What bob answers to a Fetch is changed on the way, and what carol does, who comes after him.
class LyingHolder : public ClientCalls {
 protected:
  LyingHolder() {
    overlay.update_views();
    overlay.advance(Duration{0});       // the views first
    overlay.advance(Duration{60'000});  // before that a read of nothing is several
    key = key_of(bob);
    put_of(put(alice, key, "one", "a"));
    put_of(put(alice, key, "two", "b"));
  }
  void bend(std::function<void(wire::FetchAns&)> change) {
    overlay.bends = [this, change = std::move(change)](const Peer& by, MessageCode code, Bytes& body) {
      if (code != MessageCode::fetch_ans || (carol_is_honest && &by == &carol)) return;
      auto answer = wire::decode<wire::FetchAns>(SharedBytes{body}, &overlay.configuration->kinds);
      change(*answer);
      body = wire::encode(*answer);
    };
  }
  Peer& carol = overlay.add("carol@example.org", node_at(0xE0));
  bool carol_is_honest = false;
  std::string key;
};

TEST_F(LyingHolder, ForgedValuesAreDiscardedAndCounted) {
  // Shows: STORE-37, FM-07.
  bend([](wire::FetchAns& answer) {
    answer.kind_responses[0].values[0].value.data.value = SharedBytes{bytes("forged")};
  });
  const auto got = get_of(get(alice, key));
  ASSERT_EQ(got.entries.size(), 1U);
  EXPECT_EQ(got.entries[0].entry, "b");
  EXPECT_EQ(got.discarded, 1U);
  EXPECT_EQ(alice.storage->statistics().values_discarded, 1U);
}

TEST_F(LyingHolder, NothingGoodLeftIsDataLoss) {
  // Shows: STORE-37.
  bend([](wire::FetchAns& answer) {
    for (auto& value : answer.kind_responses[0].values) value.value.data.exists = false;
  });
  EXPECT_EQ(error_of(get(alice, key)), CallError::data_loss);
  EXPECT_EQ(alice.storage->statistics().second_opinions, 1U);
}

TEST_F(LyingHolder, TheNextHolderIsAskedWhenNothingGoodIsLeft) {
  // Shows: STORE-18, FM-07.
  carol_is_honest = true;
  bend([](wire::FetchAns& answer) {
    for (auto& value : answer.kind_responses[0].values) value.value.data.value = SharedBytes{bytes("forged")};
  });
  const auto got = get_of(get(alice, key));
  ASSERT_EQ(got.entries.size(), 2U);
  EXPECT_EQ(text_of(got.entries[0].value), "one");
  EXPECT_EQ(got.discarded, 2U);
  EXPECT_EQ(alice.storage->statistics().second_opinions, 1U);
  // When she cannot be reached it is as if there were no copy.
  overlay.loses = [](const Sent& one) { return one.code == MessageCode::ping_req; };
  EXPECT_EQ(error_of(get(alice, key)), CallError::data_loss);
}

TEST_F(LyingHolder, SoItIsWhenWhatWasSeenBeforeIsDenied) {
  // Shows: FM-13.
  carol_is_honest = true;
  EXPECT_EQ(get_of(get(alice, key, "a")).entries.size(), 1U);
  bend([](wire::FetchAns& answer) { answer.kind_responses[0].values.clear(); });
  EXPECT_EQ(text_of(get_of(get(alice, key, "a")).entries.at(0).value), "one");
  EXPECT_EQ(error_of(get(alice, key, "never seen")), CallError::not_found);
  EXPECT_EQ(alice.storage->statistics().second_opinions, 1U);
}

TEST_F(LyingHolder, AValueByTheWrongWriterIsDiscarded) {
  // Shows: STORE-37.
  bend([&](wire::FetchAns& answer) {
    ValueSpec spec;
    spec.kind = config::k_owner_value;
    spec.resource = resource_id_of(std::string_view(key));
    spec.key = dictionary_key_of(*parse_resource_name(key), view_of("a"));
    spec.value = "by bob";
    spec.storage_time_ms = k_now_ms + 1000;
    answer.kind_responses[0].values[0] = signed_value(*bob.signer, spec);
  });
  const auto got = get_of(get(alice, key));
  ASSERT_EQ(got.entries.size(), 1U);
  EXPECT_EQ(got.entries[0].entry, "b");
  EXPECT_EQ(got.discarded, 1U);
}

TEST_F(LyingHolder, AnotherEntryThanTheOneAskedForIsDiscarded) {
  // Shows: STORE-37.
  bend([&](wire::FetchAns& answer) {
    const auto state = bob.store->load({resource_id_of(std::string_view(key)), config::k_owner_value});
    answer.kind_responses[0].values = {state->records[1]->stored};
  });
  EXPECT_EQ(error_of(get(alice, key, "a")), CallError::data_loss);
}

TEST_F(LyingHolder, AnOlderValueThanBeforeIsARollback) {
  // Shows: STORE-38, FM-09.
  const auto old = bob.store->load({resource_id_of(std::string_view(key)), config::k_owner_value});
  put_of(put(alice, key, "newer", "a"));
  for (int i = 0; i < 2; ++i) {
    const auto newer = get_of(get(alice, key, "a"));
    EXPECT_EQ(text_of(newer.entries.at(0).value), "newer");
    EXPECT_FALSE(newer.entries.at(0).rolled_back);
  }
  bend([&](wire::FetchAns& answer) { answer.kind_responses[0].values = {old->records[0]->stored}; });
  for (std::uint64_t times = 1; times <= 2; ++times) {
    const auto older = get_of(get(alice, key, "a"));
    EXPECT_EQ(text_of(older.entries.at(0).value), "one");
    EXPECT_TRUE(older.entries.at(0).rolled_back);
    EXPECT_EQ(older.discarded, 0U);
    EXPECT_EQ(alice.storage->statistics().rollbacks, times);
  }
  EXPECT_EQ(alice.storage->statistics().values_discarded, 0U);
}

// What another device of alice's puts reaches bob, who dies before anybody has a copy.
TEST_F(ClientCalls, AValueThatDiedWithItsHolderIsMissedByWhoHasSeenIt) {
  // Shows: STORE-38, STORE-14.
  const std::string key = key_of(bob);
  put_of(put(alice, key, "one", "a"));
  put_of(put(alice, key, "two", "b"));
  const auto device = issue("alice@example.org", node_at(0x99));
  ValueSpec spec;
  spec.kind = config::k_owner_value;
  spec.resource = resource_id_of(std::string_view(key));
  spec.key = dictionary_key_of(*parse_resource_name(key), view_of("a"));
  spec.value = "never acknowledged";
  spec.storage_time_ms = k_now_ms + 1000;
  overlay.loses = [&](const Sent& one) { return one.to == alice.node && one.code == MessageCode::store_req; };
  overlay.store(device, bob, store_of(spec, *device));
  EXPECT_EQ(text_of(get_of(get(alice, key, "a")).entries.at(0).value), "never acknowledged");

  overlay.kill(bob);
  overlay.update_views();
  overlay.advance(Duration{0});
  const auto kept = get_of(get(alice, key));
  ASSERT_EQ(kept.entries.size(), 2U);
  EXPECT_EQ(text_of(kept.entries[0].value), "one");
  EXPECT_TRUE(kept.entries[0].rolled_back);
  EXPECT_FALSE(kept.entries[1].rolled_back);
  EXPECT_EQ(alice.storage->statistics().rollbacks, 1U);
  // Whoever has seen the lost one takes what is written next for newer than that.
  EXPECT_EQ(put_of(put(alice, key, "again", "a")).storage_time_ms, spec.storage_time_ms + 1);
  EXPECT_FALSE(get_of(get(alice, key, "a")).entries.at(0).rolled_back);
}

TEST_F(LyingHolder, AMissingKindIsAMalformedAnswer) {
  // Shows: STORE-35.
  bend([](wire::FetchAns& answer) { answer.kind_responses.clear(); });
  EXPECT_EQ(error_of(get(alice, key)), CallError::unavailable);
}

TEST_F(ClientCalls, ManyEntriesAreFetchedInParts) {
  for (const std::string& prefix : {std::string("alice@example.org/big"), std::string("shared/big")}) {
    const std::string key = key_of(bob, prefix);
    std::size_t expected = 0;
    if (prefix[0] == 'a') {
      for (int i = 0; i < 12; ++i) put_of(put(alice, key, std::string(900, 'x'), std::to_string(i)));
      expected = 12;
    } else {
      for (std::uint8_t i = 1; i <= 8; ++i) {
        const auto writer = issue("writer@example.org", node_at(i));
        ValueSpec spec;
        spec.kind = config::k_shared_value;
        spec.resource = resource_id_of(std::string_view(key));
        spec.key = dictionary_key_of(*parse_resource_name(key), writer->node_id().view());
        spec.value = std::string(500, 'y');
        ASSERT_EQ(overlay.store(writer, bob, store_of(spec, *writer))->code, MessageCode::store_ans);
      }
      expected = 8;
    }
    overlay.sent.clear();
    EXPECT_EQ(get_of(get(alice, key)).entries.size(), expected);
    EXPECT_EQ(messages(MessageCode::stat_req), 1U);
    EXPECT_GE(messages(MessageCode::fetch_req), 3U);
  }
}

// Another entry comes when the list has been given.
TEST_F(ClientCalls, WhatIsReadInPartsHasTheGenerationOfItsList) {
  const std::string key = key_of(bob, "alice@example.org/big");
  for (int i = 0; i < 12; ++i) put_of(put(alice, key, std::string(900, 'x'), std::to_string(i)));
  bool listed = false;
  overlay.bends = [&](const Peer&, MessageCode code, Bytes& body) {
    listed = listed || code == MessageCode::stat_ans;
    if (!listed || code != MessageCode::fetch_ans) return;
    auto answer = wire::decode<wire::FetchAns>(SharedBytes{body}, &overlay.configuration->kinds);
    ++answer->kind_responses[0].generation_counter;
    body = wire::encode(*answer);
  };
  const GetResult got = get_of(get(alice, key));
  EXPECT_EQ(got.entries.size(), 12U);
  EXPECT_EQ(got.generation, 12U);
}

TEST_F(ClientCalls, BeforeJoiningCallsAreUnavailable) {
  auto view = overlay.ring_view(alice);
  view.joined = false;
  overlay.set_view(alice, view);
  EXPECT_EQ(error_of(get(alice, "shared/x")), CallError::unavailable);
}

TEST_F(ClientCalls, BadCallsAreInvalid) {
  EXPECT_EQ(error_of(get(alice, "nothing")), CallError::invalid_argument);
  EXPECT_EQ(error_of(put(alice, "alice@example.org/x", "v", std::string(2000, 'e'))),
            CallError::invalid_argument);
  PutCall call;
  call.key = "alice@example.org/x";
  call.lifetime_s = 0;
  EXPECT_EQ(error_of(overlay.call(alice, call)), CallError::invalid_argument);
}

TEST_F(ClientCalls, ABatchHasAResultForEachInOrder) {
  const std::string here = key_of(alice);
  const std::string there = key_of(bob);
  PutCall put_here;
  put_here.key = here;
  put_here.value = bytes("here");
  PutCall put_there = put_here;
  put_there.key = there;
  put_there.value = bytes("there");
  const auto token = overlay.begin(
      alice, {put_there, GetCall{"bad", {}}, put_here, GetCall{key_of(bob, "shared/none"), {}}});
  overlay.run();
  ASSERT_TRUE(alice.results.contains(token));
  const auto& results = alice.results[token];
  ASSERT_EQ(results.size(), 4U);
  EXPECT_EQ(put_of(results[0]).generation, 1U);
  EXPECT_EQ(error_of(results[1]), CallError::invalid_argument);
  EXPECT_EQ(put_of(results[2]).generation, 1U);
  EXPECT_EQ(error_of(results[3]), CallError::not_found);
  const auto empty = overlay.begin(alice, {});
  overlay.run();
  EXPECT_TRUE(alice.results.at(empty).empty());
  const auto many = overlay.begin(alice, std::vector<Call>(k_max_batch_calls + 1, GetCall{here, {}}));
  overlay.run();
  EXPECT_EQ(error_of(alice.results.at(many).back()), CallError::invalid_argument);
}

TEST_F(ClientCalls, CancelledCallsHaveNoResult) {
  overlay.begin(alice, {GetCall{key_of(bob), {}}});
  overlay.to_storage(alice, CancelCalls{1});
  overlay.run();
  EXPECT_TRUE(alice.results.empty());
  EXPECT_EQ(alice.storage->statistics().pending_calls, 0U);
}

TEST_F(ClientCalls, AnUnreachableResponsiblePeer) {
  const std::string key = key_of(bob);
  overlay.loses = [](const Sent& one) { return one.by_resource; };
  EXPECT_EQ(error_of(get(alice, key)), CallError::deadline_exceeded);
  EXPECT_EQ(error_of(put(alice, key, "x")), CallError::deadline_exceeded);
}

TEST_F(ClientCalls, WhoIsNotResponsibleIsAskedAgainLater) {
  const std::string key = key_of(bob);
  auto lagging = overlay.ring_view(bob);
  lagging.predecessors = {as_node(resource_id_of(std::string_view(key)))};
  overlay.set_view(bob, lagging);  // so that the key is not bob's, for now
  const auto token = overlay.begin(alice, {GetCall{key, {}}});
  overlay.advance(Duration{500});
  EXPECT_FALSE(alice.results.contains(token));
  overlay.set_view(bob, overlay.ring_view(bob));
  overlay.advance(Duration{2000});
  ASSERT_TRUE(alice.results.contains(token));
  EXPECT_EQ(error_of(alice.results[token][0]), CallError::not_found);
  // And not for ever.
  overlay.set_view(bob, lagging);
  EXPECT_EQ(error_of(get(alice, key)), CallError::unavailable);
}

TEST_F(ClientCalls, ACallUnderWayIsDoneHereWhenThisPeerBecomesResponsible) {
  const std::string key = key_of(bob);
  bob.hold_commits = true;
  PutCall call;
  call.key = key;
  call.value = bytes("value");
  const auto token = overlay.begin(alice, {call});
  overlay.run();
  EXPECT_FALSE(alice.results.contains(token));
  overlay.kill(bob);
  overlay.update_views();
  overlay.run();
  ASSERT_TRUE(alice.results.contains(token));
  EXPECT_EQ(put_of(alice.results[token][0]).copies, 1U);
  EXPECT_EQ(text_of(get_of(get(alice, key)).entries[0].value), "value");
}

TEST_F(ClientCalls, AFullDiskHereIsUnavailable) {
  alice.fail_commits = true;
  EXPECT_EQ(error_of(put(alice, key_of(alice), "x")), CallError::unavailable);
}

}  // namespace
}  // namespace ringway::data::test
