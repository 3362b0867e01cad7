// Handing a range over to a joining peer (RFC 6940 §10.5).
#include "tests/reload/data/replication_fixture.hpp"

namespace ringway::data::test {
namespace {

using HandOverState = routing::HandOverReport::State;

class HandingOver : public Replication {
 protected:
  // 0x90 admits a peer at 0x70, whose range will be (0x50, 0x70].
  void begin() {
    make({0x10, 0x50, 0x90, 0xD0});
    joiner = &overlay.add("joiner@example.org", node_at(0x70));
    points.insert(0x70);
    joiner->joined = false;
    auto waiting = overlay.ring_view(*joiner);
    waiting.admitting = node_at(0x90);
    overlay.set_view(*joiner, waiting);
    auto admitting = overlay.ring_view(at(0x90));
    admitting.joining = joiner->node;
    overlay.set_view(at(0x90), admitting);
    overlay.run();
  }
  void hand_over() { overlay.to_replication(at(0x90), routing::HandOver{7, joiner->node, node_at(0x50)}); }
  // A key that the joining peer will be responsible for, or that stays.
  std::string key_in(std::uint8_t after, std::uint8_t up_to) {
    for (;; ++last_key) {
      const std::string key = "shared/k" + std::to_string(last_key);
      if (!in_half_open(resource_id_of(std::string_view(key)), node_at(after), node_at(up_to))) continue;
      ++last_key;
      return key;
    }
  }
  Peer* joiner = nullptr;
};

TEST_F(HandingOver, TheJoiningPeerGetsAllOfItsRange) {
  // Shows: TOPO-15, STORE-52, SEC-11.
  begin();
  std::vector<std::string> moving;
  std::vector<std::string> staying;
  for (int i = 0; i < 100; ++i) moving.push_back(key_in(0x50, 0x70));
  for (int i = 0; i < 5; ++i) staying.push_back(key_in(0x70, 0x90));
  auto view = overlay.ring_view(at(0x90));
  overlay.set_view(at(0x90), view);  // not admitting yet
  for (const auto& key : moving) put(at(0x10), key, key);
  for (const auto& key : staying) put(at(0x10), key, key);
  overlay.call(at(0x10), RemoveCall{moving[0], "", {}});
  view.joining = joiner->node;
  overlay.set_view(at(0x90), view);
  hand_over();
  overlay.advance(Duration{1000});
  ASSERT_EQ(at(0x90).hand_overs.size(), 1U);
  EXPECT_EQ(at(0x90).hand_overs[0].state, HandOverState::complete);
  EXPECT_EQ(at(0x90).hand_overs[0].number, 7U);
  for (const auto& key : moving) EXPECT_EQ(stored(*joiner, key).records.size(), 1U) << key;
  EXPECT_FALSE(stored(*joiner, moving[0]).records[0]->stored.value.data.exists) << "removals too";
  EXPECT_EQ(stored(*joiner, moving[0]).generation_counter, 2U);
  for (const auto& key : staying) EXPECT_TRUE(stored(*joiner, key).records.empty());
  const auto statistics = at(0x90).replication->statistics();
  EXPECT_EQ(statistics.kinds_handed_over, 100U);
  EXPECT_EQ(statistics.backlog_kinds, 0U);
}

TEST_F(HandingOver, WritesMeanwhileReachTheJoiningPeerToo) {
  // Shows: TOPO-18.
  begin();
  const std::string before = key_in(0x50, 0x70);
  hand_over();
  const auto result = put(at(0x10), before);
  EXPECT_EQ(result.copies, 4U);
  EXPECT_EQ(stored(*joiner, before).records.size(), 1U);
  const std::string staying = key_in(0x70, 0x90);
  EXPECT_EQ(put(at(0x10), staying).copies, 3U);
}

TEST_F(HandingOver, AWriteUnderWayAtTheSwitchIsAnsweredWhenTheNewOwnerHasIt) {
  // Shows: TOPO-18.
  begin();
  hand_over();
  overlay.advance(Duration{1000});
  const std::string key = key_in(0x50, 0x70);
  joiner->hold_commits = true;
  PutCall call;
  call.key = key;
  call.value = {1};
  const auto token = overlay.begin(at(0x90), {call});
  overlay.run();
  EXPECT_FALSE(at(0x90).results.contains(token));
  joiner->joined = true;
  overlay.update_views();
  overlay.run();
  EXPECT_FALSE(at(0x90).results.contains(token));
  overlay.release_commits(*joiner);
  overlay.advance(Duration{3000});
  ASSERT_TRUE(at(0x90).results.contains(token));
  EXPECT_EQ(get(at(0xD0), key), std::string("\x01"));
}

TEST_F(HandingOver, AnUnreachableJoiningPeerEndsIt) {
  // Shows: TOPO-15.
  begin();
  auto view = overlay.ring_view(at(0x90));
  overlay.set_view(at(0x90), view);
  const std::string key = key_in(0x50, 0x70);
  put(at(0x10), key);
  overlay.loses = [this](const Sent& one) { return one.to == joiner->node; };
  view.joining = joiner->node;
  overlay.set_view(at(0x90), view);
  hand_over();
  overlay.advance(Duration{60'000});
  ASSERT_EQ(at(0x90).hand_overs.size(), 1U);
  EXPECT_EQ(at(0x90).hand_overs[0].state, HandOverState::failed);
}

TEST_F(HandingOver, DoesNotWaitForCopiesThatNobodyTakes) {
  // Shows: TOPO-15.
  begin();
  auto view = overlay.ring_view(at(0x90));
  auto smaller = view;
  smaller.successors = {node_at(0x10), node_at(0x50)};
  overlay.set_view(at(0x90), smaller);
  const std::string moving = key_in(0x50, 0x70);
  put(at(0x90), moving);
  for (int i = 0; i < 600; ++i) put(at(0x90), key_in(0x70, 0x90));
  overlay.loses = [](const Sent& one) { return one.to == node_at(0xD0); };
  overlay.set_view(at(0x90), view);  // 0xD0 is to have copies, and does not answer
  overlay.advance(Duration{100});
  ASSERT_GE(at(0x90).replication->statistics().backlog_kinds, 512U);
  view.joining = joiner->node;
  overlay.set_view(at(0x90), view);
  hand_over();
  overlay.advance(Duration{100});
  ASSERT_EQ(at(0x90).hand_overs.size(), 1U);
  EXPECT_EQ(at(0x90).hand_overs[0].state, HandOverState::complete);
  EXPECT_EQ(stored(*joiner, moving).records.size(), 1U);
}

TEST_F(HandingOver, SaysNowAndThenThatItGoesOn) {
  // Shows: TOPO-15.
  begin();
  auto view = overlay.ring_view(at(0x90));
  overlay.set_view(at(0x90), view);
  for (int i = 0; i < 200; ++i) put(at(0x10), key_in(0x50, 0x70));
  std::map<MonoTime, int> sent;  // two Stores get through in each half second
  overlay.loses = [&](const Sent& one) {
    return one.to == joiner->node && ++sent[MonoTime{overlay.now().mono.ms / 500}] > 2;
  };
  view.joining = joiner->node;
  overlay.set_view(at(0x90), view);
  hand_over();
  const auto& reports = at(0x90).hand_overs;
  std::vector<int> reported_at_s;
  for (int second = 1; second <= 30; ++second) {
    const std::size_t before = reports.size();
    overlay.advance(Duration{1000});
    for (std::size_t i = before; i < reports.size(); ++i) {
      if (reports[i].state == HandOverState::goes_on) reported_at_s.push_back(second);
    }
  }
  ASSERT_GE(reported_at_s.size(), 2U);
  for (std::size_t i = 1; i < reported_at_s.size(); ++i)
    EXPECT_GE(reported_at_s[i] - reported_at_s[i - 1], 4);
}

// Nobody would offer that range to the joining peer later: it counts as handed over.
TEST_F(HandingOver, IsNotCompleteWhenTheDiskCannotBeRead) {
  begin();
  auto view = overlay.ring_view(at(0x90));
  overlay.set_view(at(0x90), view);
  const std::string key = key_in(0x50, 0x70);
  put(at(0x10), key);
  overlay.loses = [this](const Sent& one) { return one.to == joiner->node; };
  view.joining = joiner->node;
  overlay.set_view(at(0x90), view);
  hand_over();
  overlay.run();
  overlay.loses = [](const Sent&) { return false; };
  at(0x90).store->refuse_reads(true);  // behind the list of what is there
  overlay.advance(Duration{60'000});
  ASSERT_FALSE(at(0x90).hand_overs.empty());
  EXPECT_EQ(at(0x90).hand_overs.back().state, HandOverState::failed);
  EXPECT_TRUE(stored(*joiner, key).records.empty());
  at(0x90).store->refuse_reads(false);
  hand_over();
  overlay.advance(Duration{1000});
  EXPECT_EQ(at(0x90).hand_overs.back().state, HandOverState::complete);
  EXPECT_EQ(stored(*joiner, key).records.size(), 1U);
}

TEST_F(HandingOver, ADroppedAdmissionStopsIt) {
  begin();
  auto view = overlay.ring_view(at(0x90));
  overlay.set_view(at(0x90), view);
  put(at(0x10), key_in(0x50, 0x70));
  overlay.loses = [this](const Sent& one) { return one.to == joiner->node; };
  view.joining = joiner->node;
  overlay.set_view(at(0x90), view);
  hand_over();
  overlay.run();
  view.joining.reset();
  overlay.set_view(at(0x90), view);
  overlay.advance(Duration{60'000});
  EXPECT_TRUE(at(0x90).hand_overs.empty());
  EXPECT_EQ(at(0x90).replication->statistics().backlog_kinds, 0U);
}

TEST_F(HandingOver, WhatWasHandedOverStaysWhereItIsACopyAndGoesElsewhere) {
  // Shows: TOPO-17, TOPO-38, TOPO-39.
  make({0x10, 0x50, 0x90, 0xD0});
  const std::string key = key_in(0x50, 0x70);
  put(at(0x10), key);
  ASSERT_EQ(stored(at(0x10), key).records.size(), 1U) << "the second replica of 0x90";
  joiner = &overlay.add("joiner@example.org", node_at(0x70));
  points.insert(0x70);
  joiner->joined = false;
  auto waiting = overlay.ring_view(*joiner);
  waiting.admitting = node_at(0x90);
  overlay.set_view(*joiner, waiting);
  auto admitting = overlay.ring_view(at(0x90));
  admitting.joining = joiner->node;
  overlay.set_view(at(0x90), admitting);
  hand_over();
  overlay.advance(Duration{1000});
  joiner->joined = true;
  overlay.update_views();
  overlay.run();
  overlay.sent.clear();
  overlay.advance(k_until_dropped);
  EXPECT_EQ(stored(*joiner, key).records.size(), 1U);
  EXPECT_EQ(stored(at(0x90), key).records.size(), 1U) << "first replica now";
  EXPECT_EQ(stored(at(0xD0), key).records.size(), 1U) << "second replica now";
  EXPECT_TRUE(stored(at(0x10), key).records.empty()) << "three predecessors stand before it";
  EXPECT_EQ(at(0x10).replication->statistics().kinds_dropped, 1U);
  // Before it dropped its copy it made sure that the owner has one; 0x90 knew that already.
  for (const Sent& one : overlay.sent) {
    if (one.code == wire::MessageCode::store_req && one.by_resource) {
      EXPECT_EQ(one.from, node_at(0x10));
    }
  }
}

}  // namespace
}  // namespace ringway::data::test
