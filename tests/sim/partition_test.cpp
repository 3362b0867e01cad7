// An overlay that falls into two and comes together again: two rings serve on their own meanwhile, then one
// ring has everything that either of them has acknowledged.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <tuple>

#include "tests/sim/overlay.hpp"

namespace ringway::sim {
namespace {

// Until both sides have noticed, and refilled their sets after the hold-down.
constexpr Duration k_apart{150'000};
// One check of each peer for partitions (600 s, jittered by a quarter) and what it sets going.
constexpr Duration k_together{900'000};

enum class Cut {
  stretches,   // each side is one stretch of the ring
  alternating  // every other peer
};

std::map<PeerNumber, int> cut(const Simulation& simulation, Cut how) {
  const auto ring = simulation.living();
  std::map<PeerNumber, int> groups;
  for (std::size_t i = 0; i < ring.size(); ++i)
    groups[ring[i]] = how == Cut::stretches ? static_cast<int>(2 * i / ring.size()) : static_cast<int>(i % 2);
  return groups;
}

// No peer has a neighbour on the other side.
bool apart(const Simulation& simulation, const std::map<PeerNumber, int>& groups) {
  std::map<NodeId, int> group_of;
  for (const auto& [peer, group] : groups) group_of[simulation.peer(peer).node_id()] = group;
  for (const auto& [peer, group] : groups) {
    const auto view = simulation.peer(peer).status().view;
    for (const auto* side : {&view->predecessors, &view->successors})
      for (const NodeId& node : *side)
        if (group_of.at(node) != group) return false;
  }
  return true;
}

class Partition : public testing::TestWithParam<std::tuple<Cut, std::size_t, std::uint64_t>> {};

TEST_P(Partition, HealsWithEverythingThatWasPut) {
  // Shows: TOPO-33, TOPO-34.
  const auto [how, size, seed] = GetParam();
  Simulation simulation(settings_of(seed));
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(size));
  ASSERT_TRUE(forms_ring(simulation));
  Values values(simulation);
  ASSERT_TRUE(values.put(30));

  const auto groups = cut(simulation, how);
  simulation.network().partition(groups);
  simulation.run_for(k_apart);
  ASSERT_TRUE(apart(simulation, groups));
  ASSERT_TRUE(values.put(30)) << "each side goes on";

  simulation.network().heal();
  ASSERT_TRUE(forms_ring(simulation, 3, k_together));
  simulation.run_for(Duration{210'000});
  EXPECT_TRUE(values.all_found_from_everywhere());
  EXPECT_TRUE(values.placed_as_the_rfc_says());
}

INSTANTIATE_TEST_SUITE_P(Cuts, Partition,
                         testing::Combine(testing::Values(Cut::stretches, Cut::alternating),
                                          testing::Values(4, 12), testing::Values(50, 51)));

}  // namespace
}  // namespace ringway::sim
