// Gets that ask several holders: which messages they are, and what of the answers counts.
#include <gtest/gtest.h>

#include <algorithm>

#include "reload/data/careful_read.hpp"
#include "reload/data/resource_names.hpp"
#include "tests/reload/data/overlay.hpp"

namespace ringway::data::test {
namespace {

using ringway::test::k_now_ms;
using wire::MessageCode;

// Six peers and a key that bob answers for, with copies at carol's and dave's. alice reads.
class CarefulCalls : public ::testing::Test {
 protected:
  CarefulCalls() {
    overlay.update_views();
    overlay.advance(Duration{0});
    for (int i = 0; key.empty(); ++i) {
      const std::string candidate = "alice@example.org/k" + std::to_string(i);
      if (bob.view->responsible_for(resource_id_of(std::string_view(candidate)))) key = candidate;
    }
  }
  void put(std::string_view value, const std::string& entry = "") {
    PutCall call;
    call.key = key;
    call.entry = entry;
    call.value = copy_of(view_of(value));
    const auto result = overlay.call(alice, call);
    ASSERT_TRUE(std::holds_alternative<PutResult>(result)) << std::get<CallFailure>(result).message;
    overlay.sent.clear();
  }
  std::string read(Peer& at, Consistency consistency = Consistency::quorum,
                   std::optional<std::string> entry = std::nullopt) {
    const auto result = overlay.call(at, GetCall{key, std::move(entry), consistency});
    if (const auto* failure = std::get_if<CallFailure>(&result)) return failure->message;
    std::string all;
    for (const auto& one : std::get<GetResult>(result).entries) all += std::string(text_of(one.value)) + ";";
    return all;
  }
  std::size_t fetches() const {
    std::size_t count = 0;
    for (const auto& one : overlay.sent) count += one.code == MessageCode::fetch_req ? 1 : 0;
    return count;
  }
  // What that peer answers to a Fetch.
  void bend(const Peer& liar, std::function<void(wire::FetchAns&)> change) {
    overlay.bends = [this, &liar, change = std::move(change)](const Peer& by, MessageCode code, Bytes& body) {
      if (code != MessageCode::fetch_ans || &by != &liar) return;
      auto answer = wire::decode<wire::FetchAns>(SharedBytes{body}, &overlay.configuration->kinds);
      change(*answer);
      body = wire::encode(*answer);
    };
  }

  Overlay overlay;
  Peer& alice = overlay.add("alice@example.org", node_at(0x10));
  Peer& bob = overlay.add("bob@example.org", node_at(0x50));
  Peer& carol = overlay.add("carol@example.org", node_at(0x70));
  Peer& dave = overlay.add("dave@example.org", node_at(0x90));
  Peer& eve = overlay.add("eve@example.org", node_at(0xB0));
  Peer& frank = overlay.add("frank@example.org", node_at(0xD0));
  std::string key;
};

TEST_F(CarefulCalls, TheNewestOfTheHoldersIsTakenAndTheOthersAreMended) {
  put("old");
  const auto old = bob.store->load({resource_id_of(std::string_view(key)), config::k_owner_value});
  put("new");
  bend(bob, [&](wire::FetchAns& answer) { answer.kind_responses[0].values = {old->records[0]->stored}; });
  for (const auto consistency : {Consistency::quorum, Consistency::disjoint}) {
    EXPECT_EQ(read(eve, consistency), "new;");
    ASSERT_FALSE(eve.asked_to_mend.empty());
    EXPECT_EQ(eve.asked_to_mend.back().responsible, bob.node);
    EXPECT_EQ(eve.asked_to_mend.back().resource, resource_id_of(std::string_view(key)));
  }
  EXPECT_EQ(read(eve, Consistency::one), "old;");
  EXPECT_EQ(eve.storage->statistics().holders_differed, 2U);
}

TEST_F(CarefulCalls, NobodyIsMendedWhenAllAgree) {
  put("value");
  EXPECT_EQ(read(eve), "value;");
  EXPECT_GE(fetches(), 2U);
  EXPECT_TRUE(eve.asked_to_mend.empty());
  EXPECT_EQ(eve.storage->statistics().careful_reads, 1U);
}

TEST_F(CarefulCalls, AHolderKnowsTheOthersAndCountsItself) {
  put("value");
  for (Peer* reader : {&bob, &carol, &dave}) {
    overlay.sent.clear();
    EXPECT_EQ(read(*reader, Consistency::disjoint), "value;");
    EXPECT_EQ(overlay.sent.size(), 2U) << "the other two, and no search";
  }
}

TEST_F(CarefulCalls, ForgedValuesCountAsNone) {
  put("true");
  bend(bob, [](wire::FetchAns& answer) {
    answer.kind_responses[0].values[0].value.data.value = SharedBytes{copy_of(view_of("forged"))};
  });
  EXPECT_EQ(read(eve, Consistency::disjoint), "true;");
  EXPECT_EQ(eve.storage->statistics().values_discarded, 1U);
}

TEST_F(CarefulCalls, AnOlderValueThanBeforeIsFlagged) {
  put("one");
  const auto old = bob.store->load({resource_id_of(std::string_view(key)), config::k_owner_value});
  put("two");
  EXPECT_EQ(read(eve), "two;");
  for (Peer* peer : {&bob, &carol, &dave}) {
    WriteBatch batch;
    batch.emplace_back(DropKind{{resource_id_of(std::string_view(key)), config::k_owner_value}});
    ASSERT_TRUE(peer->store->commit({batch}).ok());
  }
  overlay.bends = [&](const Peer&, MessageCode code, Bytes& body) {
    if (code != MessageCode::fetch_ans) return;
    auto answer = wire::decode<wire::FetchAns>(SharedBytes{body}, &overlay.configuration->kinds);
    answer->kind_responses[0].values = {old->records[0]->stored};
    body = wire::encode(*answer);
  };
  const auto result = overlay.call(eve, GetCall{key, std::nullopt, Consistency::quorum});
  ASSERT_TRUE(std::holds_alternative<GetResult>(result));
  EXPECT_TRUE(std::get<GetResult>(result).entries.at(0).rolled_back);
}

TEST_F(CarefulCalls, OfSeveralEntriesEachIsTheNewest) {
  put("a1", "a");
  put("b1", "b");
  EXPECT_EQ(read(eve), "a1;b1;");
  EXPECT_EQ(read(eve, Consistency::disjoint, "b"), "b1;");
  EXPECT_EQ(read(eve, Consistency::disjoint, "c"), "nothing is stored there");
}

// Which none of them can tell in one message.
class LargeKeys : public CarefulCalls {
 protected:
  LargeKeys() {
    for (char name = 'a'; name < 'i'; ++name) {
      put(std::string(1500, name), std::string(1, name));
      expected += std::string(1500, name) + ";";
    }
  }
  std::size_t sent(MessageCode code) const {
    return static_cast<std::size_t>(std::count_if(overlay.sent.begin(), overlay.sent.end(),
                                                  [&](const Sent& one) { return one.code == code; }));
  }
  std::string expected;
};

TEST_F(LargeKeys, AreReadInParts) {
  for (const auto consistency : {Consistency::quorum, Consistency::disjoint}) {
    for (Peer* reader : {&eve, &alice}) {
      overlay.sent.clear();
      EXPECT_EQ(read(*reader, consistency), expected);
      EXPECT_EQ(sent(MessageCode::stat_req), 3U);
      EXPECT_LE(sent(MessageCode::fetch_req), 3U + 8U) << "each holder for all, then each entry once";
      EXPECT_TRUE(reader->asked_to_mend.empty());
    }
  }
  EXPECT_EQ(eve.storage->statistics().pending_calls, 0U);
}

TEST_F(LargeKeys, NeedNoFetchOfWhatTheReaderHolds) {
  EXPECT_EQ(read(carol), expected);
  EXPECT_EQ(sent(MessageCode::stat_req), 2U);
  EXPECT_EQ(sent(MessageCode::fetch_req), 2U);
}

// Its list says that all of it is new.
TEST_F(LargeKeys, ShowWhatTheirWritersHaveSignedAndNotWhatAListSays) {
  overlay.bends = [&](const Peer& by, MessageCode code, Bytes& body) {
    if (code != MessageCode::stat_ans || &by != &bob) return;
    auto answer = wire::decode<wire::StatAns>(SharedBytes{body}, &overlay.configuration->kinds);
    for (auto& value : answer->kind_responses[0].values) {
      value.storage_time_ms += 1000;
      value.metadata.exists = false;
    }
    body = wire::encode(*answer);
  };
  for (const auto consistency : {Consistency::quorum, Consistency::disjoint})
    EXPECT_EQ(read(eve, consistency), expected);
}

TEST_F(LargeKeys, AreWholeAlthoughOneHolderForges) {
  bend(bob, [](wire::FetchAns& answer) {
    for (auto& value : answer.kind_responses[0].values)
      value.value.data.value = SharedBytes{Bytes(1500, 'z')};
  });
  EXPECT_EQ(read(eve, Consistency::disjoint), expected);
  EXPECT_GT(eve.storage->statistics().values_discarded, 0U);
}

TEST_F(CarefulCalls, WithoutAMajorityTheCallIsUnavailable) {
  put("value");
  EXPECT_EQ(read(eve), "value;");
  overlay.loses = [&](const Sent& one) { return one.to == bob.node || one.to == carol.node; };
  EXPECT_EQ(read(eve).substr(0, 10), "1 of the 3");
}

TEST_F(CarefulCalls, WhoIsSilentDelaysNoMajorityForLong) {
  put("value");
  overlay.loses = [&](const Sent& one) { return one.to == dave.node && one.code == MessageCode::fetch_req; };
  const auto token = overlay.begin(eve, {GetCall{key, std::nullopt, Consistency::quorum}});
  overlay.advance(k_rest_is_awaited - Duration{1});
  EXPECT_FALSE(eve.results.contains(token));
  overlay.advance(Duration{1});
  ASSERT_TRUE(eve.results.contains(token));
  EXPECT_TRUE(std::holds_alternative<GetResult>(eve.results.at(token).at(0)));
}

TEST_F(CarefulCalls, OnlySoManyAreUnderWayAtOnce) {
  put("value");
  overlay.loses = [](const Sent& one) { return one.code == MessageCode::ping_req; };
  const GetCall call{key, std::nullopt, Consistency::disjoint};
  const auto token = overlay.begin(eve, std::vector<Call>(k_max_careful_reads + 5, call));
  overlay.advance(Duration{0});
  EXPECT_EQ(eve.storage->statistics().careful_reads, k_max_careful_reads);
  // What is cancelled makes room for others.
  const auto others = overlay.begin(eve, {call});
  overlay.to_storage(eve, CancelCalls{token});
  overlay.loses = [](const Sent&) { return false; };
  overlay.advance(Duration{30'000});
  EXPECT_EQ(eve.results.count(token), 0U);
  ASSERT_EQ(eve.results.at(others).size(), 1U);
  EXPECT_TRUE(std::holds_alternative<GetResult>(eve.results.at(others)[0]));
  EXPECT_EQ(eve.storage->statistics().pending_calls, 0U);
}

TEST_F(CarefulCalls, ThoseThatWaitAreForgottenWhenTheyAreCancelled) {
  overlay.loses = [](const Sent&) { return true; };
  const GetCall call{key, std::nullopt, Consistency::disjoint};
  overlay.begin(eve, std::vector<Call>(k_max_careful_reads, call));
  const auto waiting = [&] {
    overlay.run();
    for (const auto& table : eve.storage->tables())
      if (table.name == std::string_view("careful reads that wait")) return table.size;
    return std::size_t{99};
  };
  const auto token = overlay.begin(eve, {call, call});
  EXPECT_EQ(waiting(), 2U);
  overlay.to_storage(eve, CancelCalls{token});
  EXPECT_EQ(waiting(), 0U);
}

}  // namespace
}  // namespace ringway::data::test
