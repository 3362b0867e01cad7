// The first peer looks for a ring before it makes one (TOPO-42).
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "reload/topology/chord_reload.hpp"
#include "tests/reload/topology/zero_random.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::topology {
namespace {

using ringway::test::node_id;

class FirstPeer : public ::testing::Test {
 protected:
  FirstPeer() {
    ChordSettings settings;
    settings.self = node_id(0x40);
    settings.first_peer = true;
    settings.has_bootstrap = true;
    chord_.emplace(settings, std::make_shared<Zero>());
    chord_->start(now_, out_);
  }
  // Every timer comes when it is due.
  void advance(Duration by) {
    const MonoTime until = now_.mono + by;
    while (const auto at = chord_->next_deadline()) {
      if (until < *at) break;
      now_.mono = std::max(now_.mono, *at);
      chord_->on_timer(now_, out_);
    }
    now_.mono = until;
  }

  Now now_{MonoTime{1000}, ringway::test::k_now_ms};
  Actions out_;
  std::optional<ChordReload> chord_;
};

TEST_F(FirstPeer, MakesARingWhenNobodyAnswers) {
  // Shows: TOPO-42.
  advance(k_first_peer_patience - Duration{1});
  EXPECT_FALSE(chord_->joined());
  advance(Duration{1});
  EXPECT_TRUE(chord_->joined());
}

TEST_F(FirstPeer, MakesNoneWhileItIsJoiningOne) {
  // Shows: TOPO-42.
  chord_->on_access_link(now_, node_id(0x80), out_);
  chord_->on_attached(now_, node_id(0x80), AttachPurpose::admitting, out_);
  advance(k_first_peer_patience * 2);
  EXPECT_FALSE(chord_->joined());
  // The ring is gone after all.
  chord_->on_lost(now_, node_id(0x80), out_);
  advance(k_first_peer_patience * 2);
  EXPECT_TRUE(chord_->joined());
}

TEST_F(FirstPeer, GivesTimeToWhoIsToBeginTheRing) {
  chord_->on_bootstrap_found(now_, true, out_);
  advance(k_first_peer_patience * (k_most_yields + 1) - Duration{1});
  EXPECT_FALSE(chord_->joined());
  advance(Duration{1});
  EXPECT_TRUE(chord_->joined()) << "that one is not there";
}

TEST_F(FirstPeer, LooksForAnotherRingWhenItHearsOfOthers) {
  // Shows: TOPO-33.
  advance(k_first_peer_patience);
  ASSERT_TRUE(chord_->joined());
  out_.clear();
  chord_->on_bootstrap_found(now_, false, out_);
  advance(2 * k_check_found_soon);
  EXPECT_TRUE(std::any_of(out_.begin(), out_.end(), [](const Action& action) {
    return std::holds_alternative<AskThroughBootstrap>(action);
  }));
}

}  // namespace
}  // namespace ringway::topology
