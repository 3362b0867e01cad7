// Reads that trust no single peer, in whole overlays (RFC 6940 §13.5.4; docs/api.md).
#include <gtest/gtest.h>

#include <algorithm>

#include "sim/lie_experiment.hpp"
#include "tests/sim/overlay.hpp"

namespace ringway::sim {
namespace {

using data::Consistency;

data::PutCall put_of(const std::string& key, const std::string& value) {
  data::PutCall call;
  call.key = key;
  call.value = copy_of(view_of(value));
  return call;
}
std::string read(Simulation& simulation, PeerNumber reader, const std::string& key, Consistency consistency) {
  const auto result = simulation.call(reader, data::GetCall{key, std::nullopt, consistency});
  const auto* got = std::get_if<data::GetResult>(&result);
  if (got == nullptr) return describe(result);
  return got->entries.size() == 1 ? std::string(text_of(got->entries[0].value)) : "several";
}

TEST(CarefulReads, OfEveryPeerAreTheNewestInAQuietRing) {
  Simulation simulation(settings_of(801));
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(24));
  ASSERT_TRUE(forms_ring(simulation));
  const std::string key = "user3@example.org/card";
  for (const char* value : {"one", "two", "three"}) {
    ASSERT_TRUE(std::holds_alternative<data::PutResult>(simulation.call(3, put_of(key, value))));
    for (PeerNumber reader = 0; reader < 24; ++reader) {
      EXPECT_EQ(read(simulation, reader, key, Consistency::quorum), value) << "peer " << reader;
      EXPECT_EQ(read(simulation, reader, key, Consistency::disjoint), value) << "peer " << reader;
    }
  }
  ASSERT_TRUE(
      std::holds_alternative<data::PutResult>(simulation.call(3, data::RemoveCall{key, "", std::nullopt})));
  for (PeerNumber reader = 0; reader < 24; ++reader) {
    EXPECT_EQ(read(simulation, reader, key, Consistency::quorum).substr(0, 8), "error 1:");
    EXPECT_EQ(read(simulation, reader, key, Consistency::disjoint).substr(0, 8), "error 1:");
  }
}

TEST(CarefulReads, InRingsOfAFewPeers) {
  for (const std::size_t peers : {1U, 2U, 3U, 4U, 5U, 9U}) {
    Simulation simulation(settings_of(810 + peers));
    RINGWAY_SEED(simulation);
    ASSERT_TRUE(simulation.grow(peers));
    ASSERT_TRUE(forms_ring(simulation));
    const std::string key = "user0@example.org/card";
    ASSERT_TRUE(std::holds_alternative<data::PutResult>(simulation.call(0, put_of(key, "value"))));
    for (PeerNumber reader = 0; reader < peers; ++reader) {
      EXPECT_EQ(read(simulation, reader, key, Consistency::quorum), "value") << peers << " peers";
      EXPECT_EQ(read(simulation, reader, key, Consistency::disjoint), "value") << peers << " peers";
    }
  }
}

TEST(CarefulReads, OfAHolderThatShowsAnOldValueGoOnToTheNewest) {
  Simulation simulation(settings_of(802));
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(24));
  ASSERT_TRUE(forms_ring(simulation));
  const std::string key = "user3@example.org/card";
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(simulation.call(3, put_of(key, "old"))));
  const PeerNumber liar =
      simulation.responsible_for(ring_id_from(resource_id_of(std::string_view(key)).view()));
  Liars liars(simulation);
  liars.add(liar, Lie::stale);
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(simulation.call(3, put_of(key, "new"))));
  const auto holders = simulation.holders_of({resource_id_of(std::string_view(key)), config::k_owner_value});
  std::size_t differed = 0;
  for (PeerNumber reader = 0; reader < 24; ++reader) {
    if (std::find(holders.begin(), holders.end(), reader) != holders.end()) continue;
    EXPECT_EQ(read(simulation, reader, key, Consistency::one), "old");
    EXPECT_EQ(read(simulation, reader, key, Consistency::disjoint), "new");
    EXPECT_EQ(read(simulation, reader, key, Consistency::quorum), "new");
    differed += simulation.peer(reader).storage().statistics().holders_differed;
  }
  EXPECT_GE(differed, 20U);
}

// Of each key that one message has no room for it lists nine times as many entries as there are, all newer
// and huge, and of three that are asked for it gives one, slowly.
TEST(CarefulReads, AreNotHeldUpByWhoListsWhatIsNotThere) {
  constexpr PeerNumber k_writers = 4;
  constexpr std::int64_t k_limit_ms = 40'000;
  Simulation simulation(settings_of(804));
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(24));
  ASSERT_TRUE(forms_ring(simulation));
  const std::string key = "shared/large";
  for (PeerNumber writer = 0; writer < k_writers; ++writer)
    ASSERT_TRUE(std::holds_alternative<data::PutResult>(
        simulation.call(writer, put_of(key, std::string(1500, static_cast<char>('a' + writer))))));
  const auto holders = simulation.holders_of({resource_id_of(std::string_view(key)), config::k_shared_value});
  ASSERT_EQ(holders.size(), 3U);
  Liars liars(simulation);
  for (const PeerNumber liar : holders) {
    liars.add(liar, Lie::list);
    for (const auto consistency : {Consistency::quorum, Consistency::disjoint}) {
      PeerNumber reader = 23;
      while (std::find(holders.begin(), holders.end(), reader) != holders.end()) --reader;
      const std::int64_t began_ms = simulation.now().mono.ms;
      const auto result =
          simulation.call(reader, data::GetCall{key, std::nullopt, consistency}, Duration{100'000});
      const auto* got = std::get_if<data::GetResult>(&result);
      ASSERT_NE(got, nullptr) << describe(result);
      EXPECT_EQ(got->entries.size(), k_writers);
      for (const auto& entry : got->entries) EXPECT_EQ(entry.value.size(), 1500U);
      EXPECT_LT(simulation.now().mono.ms - began_ms, k_limit_ms);
    }
    liars.all_honest();
  }
}

// What a fifth of lying peers does to reads of one peer, and to careful ones.
TEST(CarefulReads, FindWhatIsThereAmongPeersThatLie) {
  // Shows: FM-13.
  LieExperimentSettings settings;
  settings.peers = 40;
  settings.replicas = 7;
  settings.values = 20;
  settings.seed = 803;
  LieExperiment experiment(settings);
  RINGWAY_SEED(experiment.simulation());
  const auto quiet = experiment.look_up(20, Consistency::disjoint);
  EXPECT_EQ(quiet.ok, quiet.total);
  experiment.let_lie(0.2);
  const auto careless = experiment.look_up(60, Consistency::one);
  EXPECT_LT(careless.ok, careless.total * 9 / 10) << "the liars do no harm";
  const auto careful = experiment.look_up(60, Consistency::disjoint);
  EXPECT_EQ(careful.ok, careful.total);
  // The copies allow no more.
  EXPECT_GE(careful.possible, careful.ok);
}

}  // namespace
}  // namespace ringway::sim
