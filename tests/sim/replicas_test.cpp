// How many replicas an overlay keeps is its configuration's to say (docs/extensions.md): seven outlive what
// two do not, and a newer document changes the number while peers run.
#include <gtest/gtest.h>

#include <algorithm>

#include "reload/config/replicas.hpp"
#include "tests/sim/overlay.hpp"

namespace ringway::sim {
namespace {

// The hold-down of 30 s, two minutes in which nothing is dropped, and what follows.
constexpr Duration k_settled{210'000};
constexpr Duration k_seen{10'000};  // links that died have been seen to

TEST(Replicas, WithSevenOfThemNothingIsLostWhenAThirdOfTheRingDiesAtOnce) {
  auto settings = settings_of(71);
  settings.configure = [](config::Configuration& configuration) {
    configuration.replicas = config::k_most_replicas;
  };
  Simulation simulation(settings);
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(64));
  ASSERT_TRUE(forms_ring(simulation, config::k_most_replicas + 2));
  Values values(simulation);
  ASSERT_TRUE(values.put(500));
  simulation.run_for(k_settled);
  SeededRandom random(simulation.seed(), "who dies");
  auto ring = simulation.living();
  for (std::size_t i = 0; i < 19; ++i) {
    std::swap(ring[i], ring[i + random.below(ring.size() - i)]);
    simulation.kill(ring[i]);
  }
  simulation.run_for(k_seen);
  EXPECT_TRUE(values.all_found_from(simulation.living().front()));
  EXPECT_TRUE(values.all_found_from(simulation.living().back()));
  ASSERT_TRUE(forms_ring(simulation, config::k_most_replicas + 2));
  simulation.run_for(k_settled);
  EXPECT_TRUE(values.placed_at(config::k_most_replicas));
  EXPECT_TRUE(values.all_found_from(simulation.living().front()));
}

TEST(Replicas, ANewerDocumentChangesTheirNumber) {
  auto settings = settings_of(72);
  settings.configure = [](config::Configuration& configuration) {
    configuration.max_message_size_bytes = 65'536;  // a document is to fit
  };
  Simulation simulation(settings);
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(12));
  ASSERT_TRUE(forms_ring(simulation));
  Values values(simulation);
  ASSERT_TRUE(values.put(60));
  EXPECT_TRUE(values.placed_at(2));
  simulation.publish(3, [](config::Configuration& next) { next.replicas = 4; });
  simulation.run_for(k_settled);
  EXPECT_TRUE(forms_ring(simulation, 5)) << "who comes into the set next is known too";
  EXPECT_TRUE(values.placed_at(4));
  EXPECT_TRUE(values.all_found_from_everywhere());
  simulation.publish(5, [](config::Configuration& next) { next.replicas = 1; });
  simulation.run_for(k_settled);
  EXPECT_TRUE(values.placed_at(1));
  EXPECT_TRUE(values.all_found_from_everywhere());
}

}  // namespace
}  // namespace ringway::sim
