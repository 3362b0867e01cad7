// Two halves of an overlay write on, and come together again: of each item the newest stays, everywhere, and
// a removal is newer than what it removed.
#include <gtest/gtest.h>

#include <map>

#include "reload/config/kinds.hpp"
#include "tests/sim/overlay.hpp"

namespace ringway::sim {
namespace {

constexpr std::size_t k_keys = 20;
// Until both sides have noticed, and refilled their sets after the hold-down.
constexpr Duration k_apart{150'000};
// One check of each peer for partitions (600 s, jittered by a quarter) and what it sets going.
constexpr Duration k_together{900'000};

std::string key_of(std::size_t number) { return "shared/merged-" + std::to_string(number); }

class Merge : public testing::TestWithParam<std::uint64_t> {
 protected:
  void put(PeerNumber writer, std::size_t key, const std::string& value) {
    data::PutCall call;
    call.key = key_of(key);
    call.value = copy_of(view_of(value));
    const auto result = simulation.call(writer, call);
    ASSERT_TRUE(std::holds_alternative<data::PutResult>(result)) << describe(result);
  }
  void remove(PeerNumber writer, std::size_t key) {
    data::RemoveCall call;
    call.key = key_of(key);
    const auto result = simulation.call(writer, call);
    ASSERT_TRUE(std::holds_alternative<data::PutResult>(result)) << describe(result);
  }
  // What that peer reads of the key: one value, or how many there are.
  std::string read(PeerNumber reader, std::size_t key) {
    const auto result = simulation.call(reader, data::GetCall{key_of(key), std::nullopt});
    const auto* got = std::get_if<data::GetResult>(&result);
    if (got == nullptr) return describe(result);
    if (got->entries.size() != 1) return std::to_string(got->entries.size()) + " entries";
    return std::string(text_of(got->entries[0].value));
  }

  Simulation simulation{settings_of(GetParam())};
};

TEST_P(Merge, TheNewestOfEachSideStaysEverywhere) {
  // Shows: TOPO-34.
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(12));
  ASSERT_TRUE(forms_ring(simulation));
  const auto ring = simulation.living();
  std::map<PeerNumber, int> groups;
  for (std::size_t i = 0; i < ring.size(); ++i) groups[ring[i]] = static_cast<int>(i % 2);
  const PeerNumber here = ring[0], there = ring[1];
  for (std::size_t key = 0; key < k_keys; ++key) {
    put(here, key, "before");
    put(there, key, "before");
  }
  simulation.network().partition(groups);
  simulation.run_for(k_apart);
  for (std::size_t key = 0; key < k_keys; ++key) {
    // Each side changes what the other one keeps in its old form.
    const bool even = key % 2 == 0;
    put(even ? here : there, key, "after");
    remove(even ? there : here, key);
  }
  simulation.network().heal();
  ASSERT_TRUE(forms_ring(simulation, 3, k_together));
  simulation.run_for(Duration{240'000});
  for (const PeerNumber reader : ring) {
    for (std::size_t key = 0; key < k_keys; ++key)
      EXPECT_EQ(read(reader, key), "after") << key_of(key) << " through peer " << reader;
  }
  for (std::size_t key = 0; key < k_keys; ++key)
    EXPECT_EQ(simulation.holders_of({resource_id_of(key_of(key)), config::k_shared_value}).size(), 3U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Merge, testing::Values(73, 74));

}  // namespace
}  // namespace ringway::sim
