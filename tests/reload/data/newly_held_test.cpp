// A peer that has just come: it may hold nothing of what it answers for now, and does not say that there is
// nothing.
#include <gtest/gtest.h>

#include "reload/data/newly_held.hpp"
#include "reload/data/resource_names.hpp"
#include "tests/reload/data/overlay.hpp"

namespace ringway::data::test {
namespace {

using ringway::test::k_now_ms;
using wire::ErrorCode;
using wire::MessageCode;

constexpr Duration k_hold_down{30'000};
constexpr Duration k_lasts = k_hold_down + k_copying_takes;

// bob answers for the key, carol and dave have copies. Then erin comes between bob and carol, and bob goes
// before she has got anything.
class NewlyHeldRange : public ::testing::Test {
 protected:
  NewlyHeldRange() {
    overlay.update_views();
    overlay.advance(Duration{0});
    for (int i = 0; absent.empty(); ++i) {
      const std::string candidate = "alice@example.org/k" + std::to_string(i);
      if (bob.view->responsible_for(resource_id_of(std::string_view(candidate))))
        (key.empty() ? key : absent) = candidate;
    }
    for (int i = 0; shared.empty(); ++i) {
      const std::string candidate = "shared/k" + std::to_string(i);
      if (bob.view->responsible_for(resource_id_of(std::string_view(candidate)))) shared = candidate;
    }
    put(key, std::nullopt, true);
    put(shared);
    erin = &overlay.add("erin@example.org", node_at(0x60));
    overlay.loses = [this](const Sent& one) { return one.from == bob.node && one.to == erin->node; };
    overlay.update_views();
    overlay.advance(Duration{0});
    overlay.kill(bob);
    overlay.update_views();
    overlay.advance(Duration{0});
    EXPECT_TRUE(erin->view->responsible_for(resource_id_of(std::string_view(key))));
  }
  CallResult put(const std::string& what, std::optional<std::uint64_t> expected = std::nullopt,
                 bool keep = false, Peer* by = nullptr) {
    PutCall call;
    call.key = what;
    call.value = copy_of(view_of("here"));
    call.expected_generation = expected;
    call.keep = keep;
    return overlay.call(by == nullptr ? alice : *by, call);
  }
  static std::uint64_t generation(const CallResult& result) {
    const auto* written = std::get_if<PutResult>(&result);
    return written == nullptr ? 0 : written->generation;
  }
  static std::string failure(const CallResult& result) {
    const auto* failed = std::get_if<CallFailure>(&result);
    return failed == nullptr ? "" : failed->message;
  }
  std::size_t kept() const {
    for (const auto& table : alice.storage->tables())
      if (table.name == std::string_view("kept values")) return table.size;
    return 99;
  }
  std::string read(Peer& at, const std::string& what) {
    const auto result = overlay.call(at, GetCall{what, std::nullopt});
    if (const auto* failure = std::get_if<CallFailure>(&result)) return failure->message;
    return std::string(text_of(std::get<GetResult>(result).entries.at(0).value));
  }
  Answered fetch(const std::string& what, bool by_node = false) {
    const auto request = fetch_of(resource_id_of(std::string_view(what)), config::k_owner_value);
    return *overlay.fetch(alice.signer, *erin, request, by_node);
  }

  Overlay overlay;
  Peer& alice = overlay.add("alice@example.org", node_at(0x10));
  Peer& bob = overlay.add("bob@example.org", node_at(0x50));
  Peer& carol = overlay.add("carol@example.org", node_at(0x70));
  Peer& dave = overlay.add("dave@example.org", node_at(0x90));
  Peer* erin = nullptr;
  std::string key, absent, shared;
};

// Three come at once, before anybody has given them anything: each finds with the next two what it has
// itself, nothing. That a comparison is complete does not end the doubt.
TEST(NewlyHeldByAll, IsNotOverWhenTheReplicasHaveNothingEither) {
  Overlay overlay;
  Peer& alice = overlay.add("alice@example.org", node_at(0x10));
  std::vector<Peer*> old;
  for (const std::uint8_t point : std::initializer_list<std::uint8_t>{0xA0, 0xC0, 0xE0})
    old.push_back(&overlay.add("old" + std::to_string(point) + "@example.org", node_at(point)));
  overlay.update_views();
  overlay.advance(k_lasts);
  std::string key;
  for (int i = 0; key.empty(); ++i) {
    const std::string one = "alice@example.org/k" + std::to_string(i);
    if (in_half_open(resource_id_of(std::string_view(one)), alice.node, node_at(0x50))) key = one;
  }
  PutCall call;
  call.key = key;
  ASSERT_TRUE(std::holds_alternative<PutResult>(overlay.call(alice, call)));
  for (Peer* peer : old) overlay.without_channels.insert(peer->node);
  overlay.loses = [](const Sent& one) { return one.code == MessageCode::store_req; };
  std::vector<Peer*> young;
  for (const std::uint8_t point : std::initializer_list<std::uint8_t>{0x50, 0x60, 0x70})
    young.push_back(&overlay.add("young" + std::to_string(point) + "@example.org", node_at(point)));
  overlay.update_views();
  const auto fetch = [&] {
    return *overlay.fetch(alice.signer, *young[0],
                          fetch_of(resource_id_of(std::string_view(key)), config::k_owner_value));
  };
  overlay.advance(Duration{15'000});
  EXPECT_EQ(young[0]->replication->statistics().comparisons, 2U);
  EXPECT_TRUE(fetch().is_error(ErrorCode::in_progress));
  overlay.loses = [](const Sent&) { return false; };
  overlay.advance(k_lasts - Duration{16'000});
  ASSERT_FALSE(fetch().is_error(ErrorCode::in_progress));
  EXPECT_EQ(fetch().fetch().values.size(), 1U) << "from those who had it before";
}

TEST_F(NewlyHeldRange, WhatTheReplicasHaveIsFoundThere) {
  EXPECT_EQ(read(dave, key), "here");
  EXPECT_EQ(dave.storage->statistics().second_opinions, 1U);
}

TEST_F(NewlyHeldRange, ThePeerItselfAsksThemToo) { EXPECT_EQ(read(*erin, key), "here"); }

TEST_F(NewlyHeldRange, WhatNobodyHasIsNotThere) {
  EXPECT_EQ(read(dave, absent), "nothing is stored there");
  EXPECT_EQ(read(*erin, absent), "nothing is stored there");
}

TEST_F(NewlyHeldRange, AFetchIsRefusedUnlessItAsksForWhatIsHeldHere) {
  EXPECT_TRUE(fetch(key).is_error(ErrorCode::in_progress));
  EXPECT_TRUE(fetch(key, true).is_error(ErrorCode::in_progress));
  ASSERT_EQ(generation(put(absent)), 1U);
  EXPECT_EQ(fetch(absent).fetch().values.size(), 1U);
  EXPECT_EQ(fetch(absent, true).fetch().values.size(), 1U);
}

TEST_F(NewlyHeldRange, StatAsksThemToo) {
  for (Peer* peer : {&dave, erin}) {
    for (const auto& what : {key, shared}) {
      const auto found = overlay.call(*peer, StatCall{what});
      ASSERT_TRUE(std::holds_alternative<StatResult>(found)) << failure(found);
      EXPECT_EQ(std::get<StatResult>(found).generation, 1U);
      const auto& entry = std::get<StatResult>(found).entries.at(0);
      EXPECT_EQ(entry.size_bytes, 4U);
      EXPECT_EQ(entry.writer_node, what == shared ? alice.node : NodeId{});
    }
    EXPECT_EQ(failure(overlay.call(*peer, StatCall{absent})), "nothing is stored there");
  }
}

// Questions do not come to erin by the usual way, and copies not at all; who finds her by another one asks
// all holders at that moment, although nothing else happens.
TEST_F(NewlyHeldRange, ADetourToAPeerInDoubtEndsWithAllHolders) {
  overlay.loses = [&](const Sent& one) {
    const bool usual_way = one.from == alice.node && one.to == erin->node && one.by_resource &&
                           one.code == MessageCode::stat_req;
    const bool copy = one.to == erin->node && one.code == MessageCode::store_req && !one.by_resource;
    return usual_way || copy || (one.from == erin->node && one.code == MessageCode::fetch_req);
  };
  const MonoTime before = overlay.now().mono;
  overlay.sent.clear();
  EXPECT_EQ(failure(overlay.call(alice, RemoveCall{key, "", std::nullopt})), "");
  EXPECT_LT(overlay.now().mono - before, Duration{15'000});
  const auto first = [&](MessageCode code, const NodeId& to) {
    const auto found = std::find_if(overlay.sent.begin(), overlay.sent.end(), [&](const Sent& one) {
      return one.from == alice.node && one.to == to && one.code == code && !one.by_resource;
    });
    return found == overlay.sent.end() ? MonoTime{} : found->at;
  };
  EXPECT_GT(first(MessageCode::stat_req, erin->node), before) << "a detour";
  EXPECT_EQ(first(MessageCode::fetch_req, carol.node), first(MessageCode::stat_req, erin->node));
}

// As large keys are read from a peer that has them.
TEST_F(NewlyHeldRange, WhatIsTooLargeForOneMessageIsReadInChunksFromAReplica) {
  overlay.loses = [](const Sent& one) { return one.code == MessageCode::store_req; };
  for (Peer* copy : {&carol, &dave}) {
    WriteBatch batch;
    const ResourceId resource = resource_id_of(std::string_view(key));
    const KindAt at{resource, config::k_owner_value};
    const auto small = copy->store->load(at)->records.at(0);
    for (char name = 'a'; name < 'h'; ++name) {
      Record large = *small;
      Bytes item = copy_of(small->stored.value.key.view());
      item.push_back(static_cast<std::uint8_t>(name));
      large.stored = signed_value(*alice.signer, {config::k_owner_value, resource, std::string(1500, name),
                                                  k_now_ms, 3600, true, 0, item});
      batch.push_back(PutRecord{at, std::make_shared<const Record>(large)});
    }
    ASSERT_TRUE(copy->store->commit({batch}).ok());
    overlay.kill(*copy);
    overlay.restart(*copy);
    copy->joined = true;
  }
  overlay.update_views();
  overlay.advance(Duration{0});
  for (Peer* peer : {&alice, erin}) {
    const auto result = overlay.call(*peer, GetCall{key, std::nullopt});
    ASSERT_TRUE(std::holds_alternative<GetResult>(result)) << failure(result);
    ASSERT_EQ(std::get<GetResult>(result).entries.size(), 8U);
    EXPECT_EQ(std::get<GetResult>(result).entries.at(7).value.size(), 1500U);
    const auto found = overlay.call(*peer, StatCall{key});
    ASSERT_TRUE(std::holds_alternative<StatResult>(found)) << failure(found);
    EXPECT_EQ(std::get<StatResult>(found).entries.size(), 8U);
  }
}

TEST_F(NewlyHeldRange, ARemovalReachesTheCopies) {
  EXPECT_EQ(kept(), 1U);
  ASSERT_EQ(failure(overlay.call(alice, RemoveCall{key, "", std::nullopt})), "");
  EXPECT_EQ(kept(), 0U);
  for (Peer* peer : {&carol, &dave, erin}) {
    const auto held = peer->store->load({resource_id_of(std::string_view(key)), config::k_owner_value});
    ASSERT_EQ(held->records.size(), 1U);
    EXPECT_FALSE(held->records[0]->stored.value.data.exists);
  }
  EXPECT_EQ(failure(overlay.call(alice, RemoveCall{absent, "", std::nullopt})), "nothing is stored there");
}

TEST_F(NewlyHeldRange, WhatIsKeptIsNotForgottenOnItsWord) {
  std::set<NodeId> silent{carol.node, dave.node};
  overlay.loses = [&](const Sent& one) {
    return one.code == MessageCode::fetch_req && silent.contains(one.to);
  };
  for (int i = 0; i < 2; ++i, silent.erase(carol.node)) {
    const auto result = overlay.call(alice, RemoveCall{key, "", std::nullopt});
    ASSERT_TRUE(std::holds_alternative<CallFailure>(result));
    EXPECT_EQ(std::get<CallFailure>(result).error, CallError::unavailable);
    EXPECT_EQ(kept(), 1U);
  }
}

TEST_F(NewlyHeldRange, AGenerationIsComparedWithWhatTheReplicasHave) {
  EXPECT_EQ(generation(put(key, 1)), 2U);
  EXPECT_EQ(generation(put(shared, 1, false, erin)), 2U) << "a write of its own";
  const auto wrong = put(key, 7);
  ASSERT_TRUE(std::holds_alternative<CallFailure>(wrong));
  EXPECT_EQ(std::get<CallFailure>(wrong).error, CallError::aborted);
  EXPECT_EQ(std::get<CallFailure>(wrong).generation, 2U);
  const auto nothing = put(absent, 1);
  ASSERT_TRUE(std::holds_alternative<CallFailure>(nothing));
  EXPECT_EQ(std::get<CallFailure>(nothing).error, CallError::aborted);
  EXPECT_EQ(read(dave, key), "here");
  EXPECT_EQ(read(dave, shared), "here");
}

// Who answers for the key goes before it has answered, and who comes instead has nothing yet: the holders
// show a generation that is another one by this very write.
TEST_F(NewlyHeldRange, AWriteThatWentInDoesNotRefuseItself) {
  // Shows: STORE-49.
  overlay.advance(k_lasts);
  overlay.loses_answer = [&](const Sent& one) {
    return one.to == erin->node && one.from == alice.node && one.code == MessageCode::store_req;
  };
  PutCall call;
  call.key = key;
  call.value = copy_of(view_of("once"));
  call.expected_generation = 1;
  const std::uint64_t token = overlay.begin(alice, {call});
  overlay.run();
  ASSERT_EQ(
      carol.store->load({resource_id_of(std::string_view(key)), config::k_owner_value})->generation_counter,
      2U);
  Peer& frank = overlay.add("frank@example.org", node_at(0x58));
  overlay.loses = [&](const Sent& one) { return one.from == erin->node; };
  overlay.update_views();
  overlay.advance(Duration{0});
  overlay.kill(*erin);
  overlay.update_views();
  ASSERT_TRUE(frank.view->responsible_for(resource_id_of(std::string_view(key))));
  ASSERT_TRUE(
      frank.store->load({resource_id_of(std::string_view(key)), config::k_owner_value})->records.empty());
  for (int i = 0; i < 300 && !alice.results.contains(token); ++i) overlay.advance(Duration{100});
  ASSERT_TRUE(alice.results.contains(token));
  const CallResult& result = alice.results.at(token).front();
  EXPECT_EQ(generation(result), 2U) << failure(result);
  EXPECT_EQ(read(dave, key), "once");
}

// Of an earlier value only what has expired is here: that is nothing.
TEST_F(NewlyHeldRange, WhatHasExpiredHereIsNotGoneBy) {
  const KindAt at{resource_id_of(std::string_view(key)), config::k_owner_value};
  Record expired = *carol.store->load(at)->records.at(0);
  expired.received_ms = 1;
  ASSERT_TRUE(
      erin->store->commit({{PutRecord{at, std::make_shared<const Record>(expired)}, SetGeneration{at, 1}}})
          .ok());
  for (Peer* peer : {&carol, &dave}) {
    ASSERT_TRUE(peer->store->commit({{SetGeneration{at, 3}}}).ok());
    overlay.to_storage(*peer, SeenDamaged{{at}});
  }
  overlay.to_storage(*erin, SeenDamaged{{at}});
  EXPECT_TRUE(fetch(key).is_error(ErrorCode::in_progress));
  EXPECT_EQ(read(*erin, key), "here");
  const auto written = put(key, 3);
  EXPECT_EQ(generation(written), 4U) << failure(written);
}

TEST_F(NewlyHeldRange, AfterAMinuteTheCopiesAreThere) {
  overlay.advance(k_lasts);
  EXPECT_EQ(read(dave, key), "here");
  EXPECT_EQ(read(dave, absent), "nothing is stored there");
  EXPECT_EQ(dave.storage->statistics().second_opinions, 0U);
}

topology::RingView view_after(const NodeId& predecessor) {
  topology::RingView view;
  view.self = node_at(0xF0);
  view.joined = true;
  view.replicas = 0;
  view.predecessors = {predecessor};
  view.successors = {node_at(0xF8)};
  return view;
}

TEST(NewlyHeld, WhatHasComeByJoining) {
  NewlyHeld ranges{k_hold_down};
  const Now now;
  topology::RingView before = view_after(node_at(0x80)), alone = before;
  before.joined = false;
  alone.predecessors.clear();
  alone.successors.clear();
  ranges.ring_changed(now, before, view_after(node_at(0x80)));
  EXPECT_TRUE(ranges.may_lack(now, as_resource(node_at(0x90))));
  EXPECT_FALSE(ranges.may_lack(now, as_resource(node_at(0x70))));
  ranges.ring_changed(now, view_after(node_at(0x80)), alone);
  EXPECT_FALSE(ranges.may_lack(now, as_resource(node_at(0x90)))) << "there is nobody to ask";
  ranges.ring_changed(now, alone, view_after(node_at(0x80)));
  EXPECT_TRUE(ranges.may_lack(now, as_resource(node_at(0x90)))) << "others went on without it";
  NewlyHeld of_first{k_hold_down};
  of_first.ring_changed(now, alone, view_after(node_at(0x80)));
  EXPECT_FALSE(of_first.may_lack(now, as_resource(node_at(0x90)))) << "it had everything that there was";
}

// That it was alone before it joined again counts once.
TEST(NewlyHeld, WhatWasHeldForAMinuteIsNotNewAtTheNextChange) {
  NewlyHeld ranges{k_hold_down};
  Now now;
  const auto standing = view_after(node_at(0x80));
  topology::RingView outside = standing;
  outside.joined = false;
  ranges.ring_changed(now, standing, outside);
  ranges.ring_changed(now, outside, standing);
  EXPECT_TRUE(ranges.may_lack(now, as_resource(node_at(0x90))));
  now.mono = now.mono + k_lasts;
  ranges.ring_changed(now, standing, standing);
  EXPECT_FALSE(ranges.may_lack(now, as_resource(node_at(0x90))));
}

TEST(NewlyHeld, ForAsLongAsTheHoldDownOfThisOverlayAndTheCopyingTake) {
  for (const Duration hold_down : {Duration{0}, Duration{300'000}}) {
    NewlyHeld ranges(hold_down);
    Now now;
    const auto standing = view_after(node_at(0x80));
    topology::RingView outside = standing;
    outside.joined = false;
    ranges.ring_changed(now, outside, standing);
    now.mono = now.mono + hold_down + k_copying_takes - Duration{1};
    EXPECT_TRUE(ranges.may_lack(now, as_resource(node_at(0x90))));
    now.mono = now.mono + Duration{1};
    EXPECT_FALSE(ranges.may_lack(now, as_resource(node_at(0x90))));
  }
}

TEST(NewlyHeld, AsAReplicaToo) {
  NewlyHeld ranges{k_hold_down};
  const Now now;
  auto before = view_after(node_at(0xC0)), after = before;
  before.replicas = after.replicas = 2;
  before.predecessors = {node_at(0xC0), node_at(0xB0), node_at(0xA0)};
  after.predecessors = {node_at(0xC0), node_at(0xA0), node_at(0x90)};
  ranges.ring_changed(now, before, after);
  EXPECT_TRUE(ranges.may_lack(now, as_resource(node_at(0x98))));
  EXPECT_FALSE(ranges.may_lack(now, as_resource(node_at(0xA8)))) << "held before";
}

TEST(NewlyHeld, WhatHasComeByALoss) {
  NewlyHeld ranges{k_hold_down};
  const Now now;
  ranges.ring_changed(now, view_after(node_at(0x80)), view_after(node_at(0xC0)));  // a newcomer takes a part
  EXPECT_FALSE(ranges.may_lack(now, as_resource(node_at(0x90))));
  ranges.ring_changed(now, view_after(node_at(0xC0)), view_after(node_at(0x80)));
  EXPECT_TRUE(ranges.may_lack(now, as_resource(node_at(0x90))));
  EXPECT_TRUE(ranges.may_lack(now, as_resource(node_at(0xC0))));
  EXPECT_FALSE(ranges.may_lack(now, as_resource(node_at(0xD0))));
}

TEST(NewlyHeld, WithTooManyRangesItIsTheWholeRing) {
  NewlyHeld ranges{k_hold_down};
  const Now now;
  for (std::size_t i = 0; i < k_max_newly_held; ++i) {
    const auto before = static_cast<std::uint8_t>(0x80 - i);
    const auto after = static_cast<std::uint8_t>(0x7F - i);
    ranges.ring_changed(now, view_after(node_at(before)), view_after(node_at(after)));
  }
  EXPECT_EQ(ranges.size(), k_max_newly_held);
  EXPECT_FALSE(ranges.may_lack(now, as_resource(node_at(0x10))));
  ranges.ring_changed(now, view_after(node_at(0x60)), view_after(node_at(0x50)));
  EXPECT_EQ(ranges.size(), 1U);
  EXPECT_TRUE(ranges.may_lack(now, as_resource(node_at(0x10))));
}

}  // namespace
}  // namespace ringway::data::test
