// The stage of a scenario: what holds for peers that are started after it was said.
#include "sim/scenario/stage.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

namespace ringway::sim {
namespace {

SimulationSettings cheap_settings() {
  SimulationSettings settings;
  settings.seed = 7;
  settings.cryptography = Cryptography::stand_in;
  return settings;
}

// How far this peer's clock is off, from the time that it gives to what it writes.
std::int64_t skew_of(Stage& stage, PeerNumber peer) {
  data::PutCall call;
  call.key = "shared/by-" + std::to_string(peer);
  call.value = copy_of(view_of("value"));
  const auto done = stage.simulation().call(peer, std::move(call));
  const auto* put = std::get_if<data::PutResult>(&done);
  EXPECT_NE(put, nullptr);
  if (put == nullptr) return 0;
  return static_cast<std::int64_t>(put->storage_time_ms) -
         static_cast<std::int64_t>(stage.simulation().now().wall_ms);
}

TEST(Stage, ClocksAreSkewedThatAreThereLater) {
  Stage stage(cheap_settings());
  stage.skew_clocks(Duration{60'000});
  stage.begin_with(8);
  EXPECT_EQ(stage.start_new(), 8U);
  stage.pass(Duration{30'000});
  int wrong = 0;
  for (PeerNumber peer = 0; peer <= 8; ++peer) {
    const std::int64_t skew = std::abs(skew_of(stage, peer));
    EXPECT_LT(skew, 62'000) << peer;
    if (skew > 5'000) ++wrong;
  }
  EXPECT_GE(wrong, 6);
}

TEST(Stage, SomePeersWithoutAllWhoHoldAValue) {
  Stage stage(cheap_settings());
  stage.begin_with(40);
  const std::size_t copies = 1 + stage.simulation().configuration()->replicas;
  ASSERT_EQ(copies, 3U);
  for (int round = 0; round < 50; ++round) {
    const auto some = stage.some_without_whole_replica_sets(0.5);
    EXPECT_EQ(some.size(), 20U);
    const std::set<PeerNumber> chosen(some.begin(), some.end());
    const auto& ring = stage.ring();
    for (std::size_t i = 0; i < ring.size(); ++i) {
      std::size_t of_set = 0;
      for (std::size_t k = 0; k < copies; ++k) of_set += chosen.count(ring[(i + k) % ring.size()].number);
      EXPECT_LT(of_set, copies) << "from " << i;
    }
  }
  EXPECT_LT(stage.some_without_whole_replica_sets(1).size(), 40U);
}

}  // namespace
}  // namespace ringway::sim
