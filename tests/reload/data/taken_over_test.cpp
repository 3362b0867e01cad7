// A peer that has come just before the one it takes over from: it holds nothing of what it answers for now,
// and does not say that there is nothing.
#include <gtest/gtest.h>

#include "reload/data/resource_names.hpp"
#include "reload/data/taken_over.hpp"
#include "tests/reload/data/overlay.hpp"

namespace ringway::data::test {
namespace {

using wire::ErrorCode;

// bob answers for the key, carol and dave have copies. Then erin comes between bob and carol, and bob goes
// before she has got anything.
class TakenOverRange : public ::testing::Test {
 protected:
  TakenOverRange() {
    overlay.update_views();
    overlay.advance(Duration{0});
    for (int i = 0; absent.empty(); ++i) {
      const std::string candidate = "alice@example.org/k" + std::to_string(i);
      if (bob.view->responsible_for(resource_id_of(std::string_view(candidate))))
        (key.empty() ? key : absent) = candidate;
    }
    PutCall put;
    put.key = key;
    put.value = copy_of(view_of("here"));
    EXPECT_TRUE(std::holds_alternative<PutResult>(overlay.call(alice, put)));
    erin = &overlay.add("erin@example.org", node_at(0x60));
    overlay.loses = [this](const Sent& one) { return one.from == bob.node && one.to == erin->node; };
    overlay.update_views();
    overlay.advance(Duration{0});
    overlay.kill(bob);
    overlay.update_views();
    overlay.advance(Duration{0});
    EXPECT_TRUE(erin->view->responsible_for(resource_id_of(std::string_view(key))));
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
  std::string key, absent;
};

TEST_F(TakenOverRange, WhatTheReplicasHaveIsFoundThere) {
  EXPECT_EQ(read(dave, key), "here");
  EXPECT_EQ(dave.storage->statistics().second_opinions, 1U);
}

TEST_F(TakenOverRange, ThePeerItselfAsksThemToo) { EXPECT_EQ(read(*erin, key), "here"); }

TEST_F(TakenOverRange, WhatNobodyHasIsNotThere) {
  EXPECT_EQ(read(dave, absent), "nothing is stored there");
  EXPECT_EQ(read(*erin, absent), "nothing is stored there");
}

TEST_F(TakenOverRange, AFetchIsRefusedUnlessItAsksForWhatIsHeldHere) {
  EXPECT_TRUE(fetch(key).is_error(ErrorCode::in_progress));
  EXPECT_TRUE(fetch(key, true).fetch().values.empty());
}

TEST_F(TakenOverRange, AfterAMinuteTheCopiesAreThere) {
  overlay.advance(k_taken_over_for);
  EXPECT_EQ(read(dave, key), "here");
  EXPECT_EQ(read(dave, absent), "nothing is stored there");
  EXPECT_EQ(dave.storage->statistics().second_opinions, 0U);
}

topology::RingView view_after(const NodeId& predecessor) {
  topology::RingView view;
  view.self = node_at(0xF0);
  view.joined = true;
  view.predecessors = {predecessor};
  view.successors = {node_at(0xF8)};
  return view;
}

TEST(TakenOver, OnlyWhatHasComeByALoss) {
  TakenOver ranges;
  const Now now;
  ranges.ring_changed(now, view_after(node_at(0x80)), view_after(node_at(0xC0)));  // a newcomer takes a part
  EXPECT_FALSE(ranges.may_lack(now, as_resource(node_at(0x90))));
  ranges.ring_changed(now, view_after(node_at(0xC0)), view_after(node_at(0x80)));
  EXPECT_TRUE(ranges.may_lack(now, as_resource(node_at(0x90))));
  EXPECT_TRUE(ranges.may_lack(now, as_resource(node_at(0xC0))));
  EXPECT_FALSE(ranges.may_lack(now, as_resource(node_at(0xD0))));
}

TEST(TakenOver, WithTooManyRangesItIsTheWholeRing) {
  TakenOver ranges;
  const Now now;
  for (std::size_t i = 0; i < k_max_taken_over; ++i) {
    const auto before = static_cast<std::uint8_t>(0x80 - i);
    const auto after = static_cast<std::uint8_t>(0x7F - i);
    ranges.ring_changed(now, view_after(node_at(before)), view_after(node_at(after)));
  }
  EXPECT_EQ(ranges.size(), k_max_taken_over);
  EXPECT_FALSE(ranges.may_lack(now, as_resource(node_at(0x10))));
  ranges.ring_changed(now, view_after(node_at(0x60)), view_after(node_at(0x50)));
  EXPECT_EQ(ranges.size(), 1U);
  EXPECT_TRUE(ranges.may_lack(now, as_resource(node_at(0x10))));
}

}  // namespace
}  // namespace ringway::data::test
