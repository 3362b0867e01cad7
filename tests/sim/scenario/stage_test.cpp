// The stage of a scenario: what holds for peers that are started after it was said.
#include "sim/scenario/stage.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace ringway::sim {
namespace {

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
  SimulationSettings settings;
  settings.seed = 7;
  settings.cryptography = Cryptography::stand_in;
  Stage stage(settings);
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

}  // namespace
}  // namespace ringway::sim
