// Whoever asked a process that has ended hears nothing more, whichever process stands in its place. (Each
// case is tried with several restarts: the memory of the one that was asked may be that of any later one.)
#include <gtest/gtest.h>

#include "sim/scenario/errands.hpp"
#include "sim/scenario/watchers.hpp"

namespace ringway::sim {
namespace {

constexpr PeerNumber k_peer = 0;
constexpr int k_most_restarts = 8;

class Processes : public testing::TestWithParam<int> {
 protected:
  Processes() {
    const PeerNumber peer = simulation.add_peer();
    simulation.start(peer, true);
    simulation.run_for(Duration{1000});
  }
  void restart_often() {
    for (int i = 0; i < GetParam(); ++i) {
      simulation.restart(k_peer, true);
      simulation.run_for(Duration{1000});
    }
  }
  static SimulationSettings settings() {
    SimulationSettings settings;
    settings.cryptography = Cryptography::stand_in;
    return settings;
  }

  Simulation simulation{settings()};
};

TEST_P(Processes, AWatchEndsWithItsOwn) {
  Watchers watchers(simulation);
  watchers.watch(k_peer, "shared/a");
  EXPECT_EQ(watchers.watching(), 1U);
  restart_often();
  EXPECT_EQ(watchers.watching(), 0U);
}

TEST_P(Processes, ACallEndsWithItsOwn) {
  Errands errands(simulation);
  bool ended = false;
  errands.call(k_peer, data::GetCall{"shared/a", std::nullopt, data::Consistency::one},
               [&](const data::CallResult* result) { ended = result == nullptr; });
  restart_often();
  errands.tend();
  EXPECT_TRUE(ended);
  EXPECT_EQ(errands.under_way(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Restarts, Processes, testing::Range(1, k_most_restarts + 1));

}  // namespace
}  // namespace ringway::sim
