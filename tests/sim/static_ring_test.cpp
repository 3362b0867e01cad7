// Rings that are built at once: they route, keep values and heal as rings do that have grown.
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <cmath>

#include "tests/sim/overlay.hpp"

namespace ringway::sim {
namespace {

SimulationSettings large_settings(std::uint64_t seed) {
  auto settings = settings_of(seed);
  settings.cryptography = Cryptography::stand_in;
  settings.data_on_demand = true;
  return settings;
}

std::vector<RingId> points(std::size_t count) {
  SeededRandom random(5, "points");
  std::vector<RingId> all(count);
  for (RingId& point : all)
    for (auto& byte : point.bytes) byte = static_cast<std::uint8_t>(random.below(256));
  return all;
}

TEST(StaticRing, RoutesAsOneThatHasGrown) {
  Simulation built(large_settings(81)), grown(large_settings(81));
  built.build_ring(24);
  ASSERT_TRUE(grown.grow(24));
  ASSERT_TRUE(forms_ring(grown, 4));
  EXPECT_EQ(built.ring_fault(4), "");
  for (PeerNumber peer = 0; peer < 24; ++peer) {
    ASSERT_EQ(built.peer(peer).node_id(), grown.peer(peer).node_id());
    EXPECT_EQ(built.peer(peer).status().view->successors, grown.peer(peer).status().view->successors);
    EXPECT_EQ(built.peer(peer).status().view->predecessors, grown.peer(peer).status().view->predecessors);
  }
  for (const RingId& point : points(50)) {
    const auto from = static_cast<PeerNumber>(point.bytes[0] % 24);
    const auto in_built = built.lookup(from, point), in_grown = grown.lookup(from, point);
    ASSERT_TRUE(in_built.answered && in_grown.answered);
    EXPECT_EQ(in_built.by, in_grown.by);
    EXPECT_EQ(in_built.by, built.peer(built.responsible_for(point)).node_id());
  }
}

// What the process has asked the allocator for; 0 with one that does not say (a sanitizer's).
std::size_t allocated_bytes() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

TEST(StaticRing, APeerTakesAtMost8KiB) {
  constexpr std::size_t k_peers = 1000, k_most_bytes = 8192;
  const std::size_t before = allocated_bytes();
  Simulation simulation(large_settings(87));
  simulation.build_ring(k_peers);
  simulation.run_for(Duration{20'000});
  const std::size_t after = allocated_bytes();
  if (after == before) GTEST_SKIP() << "this allocator does not say how much it has given out";
  EXPECT_LE((after - before) / k_peers, k_most_bytes);
}

// With what neighbours have told each other, and what is remembered of the last 15 s. Without the authority
// and OpenSSL, that are there once.
TEST(StaticRing, APeerTakesAtMost8KiBAfterTwelveMinutesOfUpkeep) {
  constexpr std::size_t k_peers = 2000, k_most_bytes = 8192;
  Simulation simulation(large_settings(88));
  const std::size_t before = allocated_bytes();
  simulation.build_ring(k_peers);
  simulation.run_for(Duration{12 * 60'000 + 20'000});
  const std::size_t after = allocated_bytes();
  if (after == before) GTEST_SKIP() << "this allocator does not say how much it has given out";
  EXPECT_LE((after - before) / k_peers, k_most_bytes);
}

// A ring of so many that have joined it, one at once for every sixteen that there are.
bool join_all(Simulation& simulation, std::size_t count) {
  std::vector<PeerNumber> joining{simulation.add_peer()};
  simulation.start(joining.front(), true);
  for (Duration patience{1'200'000}; patience > Duration{0}; patience -= Duration{500}) {
    simulation.run_for(Duration{500});
    std::erase_if(joining, [&](PeerNumber peer) { return simulation.peer(peer).view()->joined; });
    const std::size_t there = simulation.size() - joining.size();
    if (there == count) return true;
    while (simulation.size() < count && joining.size() < std::max<std::size_t>(there / 16, 1)) {
      joining.push_back(simulation.add_peer());
      simulation.start(joining.back());
    }
  }
  return false;
}

// Who has joined by messages has more links; what was needed for it is gone soon. With what the simulation's
// inspector remembers, which is there once.
TEST(StaticRing, APeerOfARingThatHasGrownTakesAtMost8KiB) {
  constexpr std::size_t k_peers = 300, k_most_bytes = 8192;
  Simulation simulation(large_settings(90));
  const std::size_t before = allocated_bytes();
  ASSERT_TRUE(join_all(simulation, k_peers));
  simulation.run_for(Duration{20'000});
  const std::size_t after = allocated_bytes();
  if (after == before) GTEST_SKIP() << "this allocator does not say how much it has given out";
  EXPECT_LE((after - before) / k_peers, k_most_bytes);
}

// Data on demand: joining and leaving alone do not demand any, and the first value does.
TEST(StaticRing, WhoHasNoValuesJoinsAdmitsAndLeavesWithoutStorage) {
  Simulation simulation(large_settings(89));
  const auto leaves = [&](PeerNumber peer) {
    simulation.leave(peer);
    return simulation.run_until([&] { return !simulation.peer(peer).alive(); }, Duration{15'000}) &&
           forms_ring(simulation, 4);
  };
  ASSERT_TRUE(simulation.grow(12));
  ASSERT_TRUE(forms_ring(simulation, 4));
  ASSERT_TRUE(leaves(5));
  for (const PeerNumber peer : simulation.living()) EXPECT_FALSE(simulation.peer(peer).has_data()) << peer;
  Values values(simulation);
  ASSERT_TRUE(values.put(30));
  const PeerNumber late = simulation.add_peer();
  simulation.start(late);
  ASSERT_TRUE(forms_ring(simulation, 4));
  ASSERT_TRUE(leaves(7));
  EXPECT_TRUE(values.all_found_from_everywhere());
}

TEST(StaticRing, FindsTheRightPeerInFewSteps) {
  Simulation simulation(large_settings(82));
  simulation.build_ring(500);
  EXPECT_EQ(simulation.ring_fault(4), "");
  double hops = 0;
  const auto all = points(200);
  for (const RingId& point : all) {
    const auto found = simulation.lookup(point.bytes[1], point);
    ASSERT_TRUE(found.answered);
    EXPECT_EQ(found.by, simulation.peer(simulation.responsible_for(point)).node_id());
    EXPECT_LE(found.took_us, 2 * static_cast<std::int64_t>(found.hops) * 5'500 + 10'000);
    hops += found.hops;
  }
  EXPECT_LE(hops / static_cast<double>(all.size()), 0.5 * std::log2(500.0) + 1);
}

TEST(StaticRing, APeerAsksItselfWithoutAHop) {
  Simulation simulation(large_settings(83));
  simulation.build_ring(8);
  const auto found = simulation.lookup(3, simulation.peer(3).node_id());
  ASSERT_TRUE(found.answered);
  EXPECT_EQ(found.by, simulation.peer(3).node_id());
  EXPECT_EQ(found.hops, 0U);
}

TEST(StaticRing, KeepsValuesTakesPeersInAndHeals) {
  Simulation simulation(large_settings(84));
  simulation.build_ring(20);
  Values values(simulation);
  ASSERT_TRUE(values.put(40));
  EXPECT_TRUE(values.placed_as_the_rfc_says());
  const PeerNumber late = simulation.add_peer();
  simulation.start(late);
  ASSERT_TRUE(forms_ring(simulation));
  for (const PeerNumber peer : {3U, 11U}) simulation.crash(peer, Disk::lost);
  ASSERT_TRUE(forms_ring(simulation, 4, Duration{300'000}));
  simulation.run_for(Duration{210'000});
  EXPECT_TRUE(values.all_found_from_everywhere());
  EXPECT_TRUE(values.placed_as_the_rfc_says());
}

// All four successors of a peer at once: the lists of its fingers were not kept, so it has to ask for them.
TEST(StaticRing, APeerThatLosesAllItsSuccessorsFindsTheNextOnes) {
  Simulation simulation(large_settings(85));
  simulation.build_ring(60);
  const auto ring = simulation.living();
  for (std::size_t i = 11; i <= 14; ++i) simulation.kill(ring[i]);
  EXPECT_TRUE(forms_ring(simulation, 3, Duration{60'000})) << "long before the next periodic Updates";
}

TEST(StaticRing, TrafficIsCountedForEachPeer) {
  Simulation simulation(large_settings(86));
  simulation.build_ring(16);
  for (const RingId& point : points(20)) (void)simulation.lookup(2, point);
  Traffic all;
  for (PeerNumber peer = 0; peer < 16; ++peer) {
    all.messages += simulation.traffic_of(peer).messages;
    all.bytes += simulation.traffic_of(peer).bytes;
  }
  EXPECT_GT(simulation.traffic_of(2).messages, 5U);
  EXPECT_EQ(all.messages, simulation.network().counters().messages);
  EXPECT_EQ(all.bytes, simulation.network().counters().bytes);
}

TEST(StaticRing, TheSameSeedIsTheSameRun) {
  const auto story = [](std::uint64_t seed) {
    Simulation simulation(large_settings(seed));
    simulation.build_ring(30);
    for (const RingId& point : points(10)) (void)simulation.lookup(1, point);
    return simulation.trace_hash();
  };
  EXPECT_EQ(story(3), story(3));
  EXPECT_NE(story(3), story(4));
}

TEST(StaticRing, IsBuiltBeforeThereAreOtherPeers) {
  Simulation simulation(large_settings(87));
  (void)simulation.add_peer();
  EXPECT_THROW(simulation.build_ring(4), std::logic_error);
}

}  // namespace
}  // namespace ringway::sim
