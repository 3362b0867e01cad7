// Peers that come and go: as many as the law says, and always as many as there were.
#include "sim/sessions.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/sim/overlay.hpp"

namespace ringway::sim {
namespace {

constexpr std::size_t k_peers = 32;
constexpr Duration k_mean{120'000};

SimulationSettings ring_settings(std::uint64_t seed) {
  auto settings = settings_of(seed);
  settings.cryptography = Cryptography::stand_in;
  settings.data_on_demand = true;
  settings.bootstrap_peers = {0, 1, 2, 3};
  return settings;
}

TEST(Sessions, EndAsOftenAsTheLawSaysAndTheRingKeepsItsSize) {
  Simulation simulation(ring_settings(91));
  RINGWAY_SEED(simulation);
  simulation.build_ring(k_peers);
  Sessions sessions(simulation, {k_mean, 0.5, 4, 91});
  sessions.run_for(2 * k_mean);
  const auto& counts = sessions.counts();
  // 28 peers, each of whose places sees two sessions end: 56 of them, and four standard deviations are 30.
  const std::size_t ended = counts.fell_silent + counts.left + counts.ended_before_joined;
  EXPECT_GT(ended, 26U);
  EXPECT_LT(ended, 86U);
  EXPECT_GT(counts.fell_silent, ended / 5);
  EXPECT_GT(counts.left, ended / 5);
  for (PeerNumber peer = 0; peer < 4; ++peer) EXPECT_TRUE(sessions.has(peer)) << peer;

  sessions.stop();
  sessions.run_for(Duration{60'000});
  EXPECT_EQ(counts.fell_silent + counts.left + counts.ended_before_joined, ended);
  EXPECT_EQ(sessions.ring_size(), k_peers);
  EXPECT_EQ(simulation.living().size(), k_peers);
  EXPECT_TRUE(forms_ring(simulation));
}

TEST(Sessions, KnowWhoShouldAnswer) {
  Simulation simulation(ring_settings(92));
  RINGWAY_SEED(simulation);
  simulation.build_ring(k_peers);
  Sessions sessions(simulation, {k_mean, 0.5, 4, 92});
  SeededRandom random(92, "points");
  int quiet = 0;  // so often nobody was joining or leaving
  for (int second = 0; second < 60; ++second) {
    sessions.run_for(Duration{1'000});
    RingId point;
    for (auto& byte : point.bytes) byte = static_cast<std::uint8_t>(random.below(256));
    // Who is leaving may answer still, and so may the next; who has fallen silent may not.
    const auto owners = sessions.owners(point);
    ASSERT_FALSE(owners.empty());
    const NodeId nearest = simulation.peer(simulation.responsible_for(point)).node_id();
    for (const NodeId& owner : owners)
      EXPECT_LE(ring_distance(point, owner), ring_distance(point, owners.back()));
    EXPECT_LE(ring_distance(point, nearest), ring_distance(point, owners.front()));
    const auto living = simulation.living();
    if (std::all_of(living.begin(), living.end(),
                    [&](PeerNumber peer) { return simulation.peer(peer).status().phase == "joined"; })) {
      ++quiet;
      EXPECT_EQ(owners, std::vector{nearest});
    }
    EXPECT_TRUE(sessions.has(sessions.anyone()));
  }
  EXPECT_GT(quiet, 10);
}

}  // namespace
}  // namespace ringway::sim
