// CHORD-RELOAD on whole overlays: joining, neighbours, failures, leaving.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/sim/overlay.hpp"

namespace ringway::sim {
namespace {

class RingOf : public testing::TestWithParam<std::size_t> {};

TEST_P(RingOf, JoinsOneAfterTheOther) {
  // Shows: TOPO-05, TOPO-06, TOPO-10, TOPO-11, TOPO-23, TOPO-46, BOOT-02.
  Simulation simulation(settings_of(100 + GetParam()));
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(GetParam())) << simulation.ring_fault();
  ASSERT_TRUE(forms_ring(simulation));
  for (const PeerNumber number : simulation.living()) {
    const auto status = simulation.peer(number).status();
    std::set<NodeId> linked;
    for (const auto& link : status.links) linked.insert(link.node);
    std::set<NodeId> neighbours;
    for (const auto* side : {&status.view->predecessors, &status.view->successors}) {
      const std::set<NodeId> distinct(side->begin(), side->end());
      EXPECT_EQ(distinct.size(), side->size()) << "a neighbour twice at peer " << number;
      neighbours.insert(side->begin(), side->end());
    }
    EXPECT_FALSE(neighbours.contains(simulation.peer(number).node_id())) << "itself at peer " << number;
    for (const NodeId& neighbour : neighbours)
      EXPECT_TRUE(linked.contains(neighbour)) << "no link to a neighbour at peer " << number;
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, RingOf, testing::Values(1, 2, 3, 5, 16, 32));

TEST(Ring, ResponsibilityIsSharedWithoutGapOrOverlap) {
  Simulation simulation(settings_of(11));
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(8));
  ASSERT_TRUE(forms_ring(simulation));
  for (int i = 0; i < 100; ++i) {
    const ResourceId resource = resource_id_of("r" + std::to_string(i));
    std::vector<PeerNumber> claims;
    for (const PeerNumber number : simulation.living())
      if (simulation.peer(number).status().view->responsible_for(resource)) claims.push_back(number);
    EXPECT_EQ(claims, std::vector<PeerNumber>{simulation.responsible_for(resource)});
  }
}

class AllAtOnce : public testing::TestWithParam<std::uint64_t> {};

TEST_P(AllAtOnce, ThirtyTwoPeersConverge) {
  // Shows: BOOT-08, TOPO-14, TOPO-16.
  Simulation simulation(settings_of(GetParam()));
  RINGWAY_SEED(simulation);
  for (int i = 0; i < 32; ++i) simulation.add_peer();
  for (PeerNumber number = 0; number < 32; ++number) simulation.start(number, number == 0);
  ASSERT_TRUE(forms_ring(simulation, 3, Duration{60'000}));
  // And it stays so.
  simulation.run_for(Duration{30'000});
  EXPECT_TRUE(simulation.is_one_ring(3)) << simulation.ring_fault(3);
}

INSTANTIATE_TEST_SUITE_P(Seeds, AllAtOnce, testing::Values(1, 2, 3, 4));

TEST(Ring, FingersReachAcrossIt) {
  // Shows: TOPO-13, TOPO-32.
  SimulationSettings settings = settings_of(12);
  settings.configure = [](config::Configuration& document) {
    document.chord_ping_interval = std::chrono::seconds(10);
  };
  Simulation simulation(settings);
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(32));
  ASSERT_TRUE(forms_ring(simulation));
  // What had no peer in its range when the ring was small is found later, one entry an interval at most.
  simulation.run_for(Duration{300'000});
  // Entry i may hold any peer in [n + 2^(128-i), n + 2^(129-i) - 1] (TOPO-08).
  std::size_t entries = 0;
  std::size_t filled = 0;
  for (const PeerNumber number : simulation.living()) {
    const NodeId self = simulation.peer(number).node_id();
    const auto fingers = simulation.peer(number).status().fingers;
    for (unsigned i = 1; i <= 2; ++i) {
      const RingId low = ring_add(self, ring_power_of_two(128 - i));
      const RingId past = i == 1 ? RingId{self} : ring_add(self, ring_power_of_two(129 - i));
      const auto in_range = [&](const NodeId& node) {
        return ring_distance(low, node) < ring_distance(low, past);
      };
      const auto living = simulation.living();
      if (std::none_of(living.begin(), living.end(),
                       [&](PeerNumber other) { return in_range(simulation.peer(other).node_id()); }))
        continue;
      ++entries;
      if (std::any_of(fingers.begin(), fingers.end(), in_range)) ++filled;
    }
  }
  EXPECT_EQ(filled, entries);
  EXPECT_GT(entries, 50U);
}

class Failure : public testing::TestWithParam<Death> {};

TEST_P(Failure, OfOnePeerIsRepaired) {
  // Shows: TOPO-26.
  Simulation simulation(settings_of(13));
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(8));
  ASSERT_TRUE(forms_ring(simulation));
  simulation.kill(3, GetParam());
  EXPECT_TRUE(forms_ring(simulation, 3, Duration{90'000}));
}

TEST_P(Failure, OfTwoNeighboursAtOnceIsRepaired) {
  Simulation simulation(settings_of(14));
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(10));
  ASSERT_TRUE(forms_ring(simulation));
  const auto ring = simulation.living();
  simulation.kill(ring[4], GetParam());
  simulation.kill(ring[5], GetParam());
  EXPECT_TRUE(forms_ring(simulation, 3, Duration{90'000}));
}

TEST_P(Failure, ThePeerComesBack) {
  // Shows: TOPO-28.
  Simulation simulation(settings_of(15));
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(6));
  ASSERT_TRUE(forms_ring(simulation));
  simulation.kill(2, GetParam());
  simulation.run_for(Duration{3'000});
  simulation.restart(2);
  EXPECT_TRUE(forms_ring(simulation, 3, Duration{90'000}));
}

INSTANTIATE_TEST_SUITE_P(Kinds, Failure, testing::Values(Death::reset, Death::silent),
                         [](const auto& kind) { return kind.param == Death::reset ? "Reset" : "Silent"; });

TEST(Ring, TwoPeersBecomeOneAndTwoAgain) {
  Simulation simulation(settings_of(16));
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(2));
  simulation.kill(1);
  ASSERT_TRUE(forms_ring(simulation, 1, Duration{90'000}));
  simulation.restart(1);
  EXPECT_TRUE(forms_ring(simulation, 1, Duration{90'000}));
}

TEST(Ring, PeersLeave) {
  // Shows: TOPO-40.
  Simulation simulation(settings_of(17));
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(8));
  ASSERT_TRUE(forms_ring(simulation));
  for (const PeerNumber number : {2U, 5U}) {
    simulation.leave(number);
    ASSERT_TRUE(simulation.run_until([&] { return simulation.peer(number).has_left(); }, Duration{10'000}));
    // No detection is needed: the neighbours know at once.
    EXPECT_TRUE(forms_ring(simulation, 2, Duration{5'000}));
  }
  EXPECT_TRUE(forms_ring(simulation));
}

TEST(Ring, AllLeaveButOne) {
  Simulation simulation(settings_of(18));
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(4));
  ASSERT_TRUE(forms_ring(simulation));
  for (const PeerNumber number : {0U, 2U, 3U}) {
    simulation.leave(number);
    ASSERT_TRUE(simulation.run_until([&] { return simulation.peer(number).has_left(); }, Duration{10'000}));
  }
  EXPECT_TRUE(forms_ring(simulation, 3, Duration{60'000}));
}

TEST(Ring, FormsUnderMessageLoss) {
  SimulationSettings settings = settings_of(19);
  settings.network.message_drop = 0.03;
  Simulation simulation(settings);
  RINGWAY_SEED(simulation);
  for (int i = 0; i < 12; ++i) simulation.add_peer();
  for (PeerNumber number = 0; number < 12; ++number) simulation.start(number, number == 0);
  EXPECT_TRUE(forms_ring(simulation, 2, Duration{180'000}));
}

class LinksFail : public testing::TestWithParam<std::uint64_t> {};

TEST_P(LinksFail, TheRingFormsAllTheSame) {
  // Shows: TOPO-26.
  SimulationSettings settings = settings_of(GetParam());
  settings.network.link_failure = 0.005;
  settings.network.packet_loss = 0.02;
  Simulation simulation(settings);
  RINGWAY_SEED(simulation);
  for (int i = 0; i < 12; ++i) simulation.add_peer();
  for (PeerNumber number = 0; number < 12; ++number) simulation.start(number, number == 0);
  simulation.run_for(Duration{30'000});
  simulation.network().settings().link_failure = 0;
  // Whom the Update of a further neighbour was lost with its link hears of it with the next periodic one
  // (TOPO-31).
  EXPECT_TRUE(forms_ring(simulation, 3, Duration{900'000}));
}

INSTANTIATE_TEST_SUITE_P(Seeds, LinksFail, testing::Range<std::uint64_t>(20, 50));

// A small life of an overlay, as its trace.
std::uint64_t life(std::uint64_t seed) {
  Simulation simulation(settings_of(seed));
  for (int i = 0; i < 8; ++i) simulation.add_peer();
  for (PeerNumber number = 0; number < 8; ++number) simulation.start(number, number == 0);
  simulation.run_for(Duration{20'000});
  Values values(simulation);
  EXPECT_TRUE(values.put(20));
  simulation.kill(4, Death::silent);
  simulation.run_for(Duration{60'000});
  return simulation.trace_hash();
}

TEST(Determinism, TheSameSeedIsTheSameRun) {
  EXPECT_EQ(life(21), life(21));
  EXPECT_NE(life(21), life(22));
}

}  // namespace
}  // namespace ringway::sim
