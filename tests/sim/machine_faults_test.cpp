// Faults of a peer's machine: a clock that is wrong, a disk that is lost, slow, full, damaged or not to be
// read.
#include <gtest/gtest.h>

#include <algorithm>

#include "reload/config/kinds.hpp"
#include "tests/sim/overlay.hpp"

namespace ringway::sim {
namespace {

data::PutCall put_of(const std::string& key) {
  data::PutCall put;
  put.key = key;
  put.value = {1, 2, 3};
  return put;
}

bool holds(const Simulation& simulation, PeerNumber peer, const std::string& key) {
  const auto holders = simulation.holders_of({resource_id_of(key), config::k_shared_value});
  return std::find(holders.begin(), holders.end(), peer) != holders.end();
}

struct MachineFaultsTest : testing::Test {
  explicit MachineFaultsTest(const SimulationSettings& settings = settings_of(73))
      : simulation(settings), values(simulation) {}
  void SetUp() override {
    ASSERT_TRUE(simulation.grow(8));
    ASSERT_TRUE(forms_ring(simulation));
  }
  // A key for which this peer is responsible.
  std::string key_at(PeerNumber peer) const {
    for (std::size_t i = 0;; ++i) {
      const std::string key = "shared/key-" + std::to_string(i);
      if (simulation.responsible_for(resource_id_of(key)) == peer) return key;
    }
  }

  Simulation simulation;
  Values values;
};

TEST_F(MachineFaultsTest, ACrashKeepsTheDiskOrLosesIt) {
  const PeerNumber peer = 4;
  const std::string key = key_at(peer);
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(simulation.call(1, put_of(key))));
  ASSERT_TRUE(holds(simulation, peer, key));
  for (const auto& [disk, there] : {std::pair{Disk::kept, true}, {Disk::lost, false}}) {
    simulation.crash(peer, disk);
    simulation.start(peer);
    EXPECT_EQ(holds(simulation, peer, key), there) << "before it hears of anybody";
    ASSERT_TRUE(forms_ring(simulation, 3, Duration{300'000}));
    EXPECT_TRUE(holds(simulation, peer, key)) << "the others have it";
  }
}

TEST_F(MachineFaultsTest, ASlowDiskMakesWritesSlowAndLosesNothing) {
  const PeerNumber peer = 3;
  simulation.slow_disk(peer, Duration{2'000});
  const auto before = simulation.now().mono;
  const auto result = simulation.call(1, put_of(key_at(peer)));
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(result)) << describe(result);
  EXPECT_GE(simulation.now().mono - before, Duration{2'000});
  ASSERT_TRUE(values.put(30));
  EXPECT_TRUE(values.all_found_from_everywhere());
  simulation.slow_disk(peer, Duration{0});
  const auto later = simulation.now().mono;
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(simulation.call(1, put_of(key_at(peer)))));
  EXPECT_LT(simulation.now().mono - later, Duration{1'000});
}

TEST_F(MachineFaultsTest, AFullDiskRefusesWritesAndGoesOnReading) {
  const PeerNumber peer = 3;
  const std::string key = key_at(peer);
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(simulation.call(1, put_of(key))));
  simulation.full_disk(peer, true);
  data::PutCall again = put_of(key);
  again.value = {9};
  const auto refused = simulation.call(1, again);
  ASSERT_TRUE(std::holds_alternative<data::CallFailure>(refused)) << "nobody may count on it";
  const auto got = simulation.call(2, data::GetCall{key, std::nullopt});
  const auto* found = std::get_if<data::GetResult>(&got);
  ASSERT_NE(found, nullptr) << describe(got);
  ASSERT_EQ(found->entries.size(), 1U);
  EXPECT_EQ(found->entries[0].value, (Bytes{1, 2, 3}));
  simulation.full_disk(peer, false);
  EXPECT_TRUE(std::holds_alternative<data::PutResult>(simulation.call(1, again)));
}

// What was acknowledged is there although one of the replicas could not write for a time.
TEST_F(MachineFaultsTest, AFullReplicaCostsNoAcknowledgedValue) {
  const auto ring = simulation.living();
  const PeerNumber owner = ring[2], replica = ring[3], third = ring[4];
  const std::string key = key_at(owner);
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(simulation.call(ring[0], put_of(key))));
  simulation.full_disk(replica, true);
  data::PutCall next = put_of(key);
  next.value = {7};
  const auto refused = simulation.call(ring[0], next);
  EXPECT_TRUE(std::holds_alternative<data::CallFailure>(refused));
  simulation.full_disk(replica, false);
  const auto result = simulation.call(ring[0], next);
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(result)) << describe(result);
  simulation.crash(owner, Disk::lost);
  simulation.crash(third, Disk::lost);
  ASSERT_TRUE(forms_ring(simulation, 3, Duration{300'000}));
  const auto got = simulation.call(ring[0], data::GetCall{key, std::nullopt});
  const auto* found = std::get_if<data::GetResult>(&got);
  ASSERT_NE(found, nullptr) << describe(got);
  ASSERT_EQ(found->entries.size(), 1U);
  EXPECT_EQ(found->entries[0].value, Bytes{7});
}

TEST_F(MachineFaultsTest, NoValueIsLostWhenAPeerWithAFullDiskComesAndGoes) {
  ASSERT_TRUE(values.put(40));
  const PeerNumber late = simulation.add_peer();
  simulation.full_disk(late, true);
  simulation.start(late);
  simulation.run_for(Duration{200'000});
  EXPECT_TRUE(values.all_found_from(0));
  simulation.full_disk(late, false);
  ASSERT_TRUE(forms_ring(simulation, 3, Duration{600'000}));
  simulation.run_for(Duration{210'000});
  EXPECT_TRUE(values.all_found_from_everywhere());
  EXPECT_TRUE(values.placed_as_the_rfc_says());
}

// Its peers remember next to nothing of what they have read.
struct ForgetfulMachineFaultsTest : MachineFaultsTest {
  static SimulationSettings forgetful() {
    auto settings = settings_of(73);
    settings.storage.max_cached_kinds = 1;
    return settings;
  }
  ForgetfulMachineFaultsTest() : MachineFaultsTest(forgetful()) {}
};

// Nobody takes for missing what only cannot be read, and a write that cannot be checked is not acknowledged.
TEST_F(ForgetfulMachineFaultsTest, ADiskThatRefusesReadsHidesNothing) {
  const PeerNumber peer = 3;
  const std::string key = key_at(peer);
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(simulation.call(1, put_of(key))));
  ASSERT_TRUE(values.put(40));
  simulation.refuse_reads(peer, true);
  ASSERT_FALSE(simulation.peer(peer).identity().disk().load({resource_id_of(key), config::k_shared_value}));
  const auto got = simulation.call(5, data::GetCall{key, std::nullopt});
  const auto* found = std::get_if<data::GetResult>(&got);
  ASSERT_NE(found, nullptr) << describe(got);
  EXPECT_EQ(found->entries.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<data::CallFailure>(simulation.call(1, put_of(key))));
  EXPECT_TRUE(values.all_found_from_everywhere());
  simulation.refuse_reads(peer, false);
  EXPECT_TRUE(std::holds_alternative<data::PutResult>(simulation.call(1, put_of(key))));
}

TEST_F(MachineFaultsTest, ADamagedBlockHidesItsRecordsUntilTheyAreWrittenAnew) {
  const PeerNumber peer = 3;
  const std::string key = key_at(peer);
  const data::KindAt at{resource_id_of(key), config::k_shared_value};
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(simulation.call(1, put_of(key))));
  ASSERT_EQ(simulation.whole_at(at).size(), 3U);
  simulation.damage_block(peer, at);
  EXPECT_EQ(simulation.damaged_disks(), std::vector{peer});
  EXPECT_TRUE(simulation.whole_at(at).empty());
  const auto state = simulation.peer(peer).identity().disk().load(at);
  ASSERT_TRUE(state);
  EXPECT_TRUE(state->records.empty());
  EXPECT_TRUE(state->damage->more);
  simulation.run_for(Duration{1'200'000});
  EXPECT_TRUE(simulation.damaged_disks().empty());
  EXPECT_EQ(simulation.whole_at(at).size(), 3U);
}

TEST_F(MachineFaultsTest, ClocksThatDifferByMinutesDoNoHarm) {
  simulation.skew(1, Duration{240'000});
  simulation.skew(2, Duration{-240'000});
  EXPECT_EQ(simulation.peer(1).now().wall_ms, simulation.now().wall_ms + 240'000);
  EXPECT_EQ(simulation.peer(2).now().wall_ms, simulation.now().wall_ms - 240'000);
  EXPECT_EQ(simulation.peer(1).now().mono, simulation.now().mono);
  ASSERT_TRUE(values.put(40));
  EXPECT_TRUE(values.all_found_from_everywhere());
  // Over a restart, too: it is the machine's.
  simulation.restart(1);
  EXPECT_EQ(simulation.peer(1).now().wall_ms, simulation.now().wall_ms + 240'000);
}

// Whoever writes last wins, whatever the clocks say (RFC 6940 §7.4.1.1: storage_time grows).
TEST_F(MachineFaultsTest, AWriterWhoseClockIsBehindReplacesWhatOneAheadHasWritten) {
  simulation.skew(1, Duration{240'000});
  simulation.skew(2, Duration{-240'000});
  data::PutCall first = put_of("shared/race");
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(simulation.call(1, first)));
  data::PutCall second = first;
  second.value = {8};
  const auto result = simulation.call(2, second);
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(result)) << describe(result);
  const auto got = simulation.call(5, data::GetCall{"shared/race", std::nullopt});
  const auto* found = std::get_if<data::GetResult>(&got);
  ASSERT_NE(found, nullptr) << describe(got);
  EXPECT_TRUE(std::any_of(found->entries.begin(), found->entries.end(),
                          [](const auto& entry) { return entry.value == Bytes{8}; }));
}

}  // namespace
}  // namespace ringway::sim
