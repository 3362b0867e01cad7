// How many fingers a peer looks for, and when (RFC 6940 §10.7.4.2, §10.7.4.3).
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "reload/topology/chord_reload.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::topology {
namespace {

using ringway::test::node_id;

class Seeded : public Random {
 public:
  std::uint64_t next() override { return engine_(); }

 private:
  std::mt19937_64 engine_{7};
};

// A peer at 0x40 in a ring. Nobody answers its Attaches.
class Fingers : public ::testing::Test {
 protected:
  Fingers() {
    ChordSettings settings;
    settings.self = node_id(0x40);
    settings.first_peer = true;
    chord_.emplace(settings, std::make_shared<Seeded>());
    chord_->start(now_, out_);
  }
  void add(std::initializer_list<int> peers) {
    for (const int first : peers)
      chord_->on_attached(now_, node_id(static_cast<std::uint8_t>(first)), AttachPurpose::neighbor, out_);
  }
  // The entries that Attaches have been sent for since the last time.
  std::set<unsigned> sought() {
    std::set<unsigned> entries;
    for (const Action& action : out_) {
      const auto* attach = std::get_if<AttachTo>(&action);
      if (attach == nullptr || attach->purpose != AttachPurpose::finger) continue;
      const auto* point = std::get_if<wire::ResourceDestination>(&attach->destination.front());
      for (unsigned i = 1; point != nullptr && i <= k_ring_bits; ++i)
        if (finger_start(node_id(0x40), i) == ring_id_from(point->id)) entries.insert(i);
    }
    out_.clear();
    return entries;
  }

  Now now_{MonoTime{1000}, ringway::test::k_now_ms};
  Actions out_;
  std::optional<ChordReload> chord_;
};

TEST_F(Fingers, NoneAreSoughtWhileEverybodyIsANeighbour) {
  add({0x60, 0x80, 0xA0, 0xC0, 0xE0, 0x20, 0x30});
  EXPECT_TRUE(sought().empty());
}

TEST_F(Fingers, TheTableGrowsUntilItReachesTheLastSuccessor) {
  // Shows: TOPO-09, TOPO-13.
  add({0x38, 0x34, 0x30, 0x2C, 0x60, 0x62, 0x64, 0x66});
  EXPECT_EQ(sought(), (std::set<unsigned>{1, 2}));  // the predecessors in the first one's range do not count
  // The ring has grown: the last successor is nearer. The third entry is filled already.
  add({0x41, 0x42, 0x43, 0x44});
  EXPECT_EQ(sought(), (std::set<unsigned>{4, 5}));
  // It shrinks, and grows again: nothing is sought twice at once.
  for (const int gone : {0x41, 0x42, 0x43, 0x44})
    chord_->on_lost(now_, node_id(static_cast<std::uint8_t>(gone)), out_);
  add({0x41, 0x42, 0x43, 0x44});
  EXPECT_TRUE(sought().empty());
}

TEST_F(Fingers, TheTableGrowsPastSixteenEntries) {
  // Shows: TOPO-09.
  add({0x38, 0x34, 0x30, 0x2C});
  for (std::uint8_t i = 1; i <= 4; ++i) {
    NodeId next = node_id(0x40);
    next.bytes[2] = static_cast<std::uint8_t>(next.bytes[2] + i);  // 2^104 apart
    chord_->on_attached(now_, next, AttachPurpose::neighbor, out_);
  }
  const auto entries = sought();
  EXPECT_EQ(entries.size(),
            21U);  // 2^(128-21) is past the last successor, at 4 * 2^104; 2^(128-22) is not
  EXPECT_TRUE(entries.contains(21));
}

TEST_F(Fingers, FromTheFurthestPredecessorOnEverybodyIsKnown) {
  add({0x38, 0x34, 0x30, 0x78, 0x60, 0x62, 0x64, 0x66});
  EXPECT_TRUE(sought().empty()) << "entry 2, [0x80, 0xC0), is empty: its peers would be predecessors";
}

TEST_F(Fingers, TheFirstEmptyEntriesAreRefreshedMoreOften) {
  // Shows: TOPO-32.
  add({0x38, 0x34, 0x30, 0x2C, 0x41, 0x42, 0x43, 0x44});
  ASSERT_EQ(sought(), (std::set<unsigned>{1, 2, 3, 4, 5}));
  std::map<unsigned, int> times;
  for (int round = 0; round < 4000; ++round) {
    now_.mono = now_.mono + Duration{3'600'000} * 5 / 4;  // an interval with its jitter
    chord_->on_timer(now_, out_);
    std::size_t located = 0;
    for (const Action& action : out_) {
      const auto* locate = std::get_if<Locate>(&action);
      if (locate == nullptr) continue;
      ++located;
      for (unsigned i = 1; i <= 5; ++i)
        if (finger_index(node_id(0x40), as_node(locate->point)) == i) ++times[i];
    }
    ASSERT_LE(located, 1U) << "one an interval";
    out_.clear();
  }
  for (unsigned i = 2; i <= 5; ++i) EXPECT_NEAR(times[i], 8000 >> i, 250 >> (i / 2)) << "entry " << i;
}

TEST_F(Fingers, TheHopsOfDifferentWaysComeInTheOrderOfTheirUse) {
  add({0x38, 0x60, 0x50, 0x80, 0xC0});
  std::vector<int> firsts;
  for (const NodeId& hop : chord_->hops_towards(node_id(0x70))) firsts.push_back(hop.bytes[0]);
  EXPECT_EQ(firsts, (std::vector<int>{0x60, 0x50, 0x80, 0xC0, 0x38}));
  EXPECT_EQ(chord_->hops_towards(node_id(0x70)).front(), chord_->next_hop(node_id(0x70)));
  chord_->on_suspected(now_, node_id(0x60), true, out_);
  EXPECT_EQ(chord_->hops_towards(node_id(0x70)).back(), node_id(0x60));
}

}  // namespace
}  // namespace ringway::topology
