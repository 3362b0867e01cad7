// Faults of the network: messages that come twice or late, and paths that are silent one way.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/sim/overlay.hpp"
#include "tests/sim/witness.hpp"

namespace ringway::sim {
namespace {

using NetworkFaults = WitnessedNetwork;

TEST_F(NetworkFaults, MessagesComeTwice) {
  link_up();
  network.settings().message_duplication = 0.5;
  std::set<std::string> sent;
  for (int i = 0; i < 100; ++i) {
    sent.insert("message " + std::to_string(i));
    send(0, "message " + std::to_string(i));
  }
  run_for(1'000'000);
  const auto& texts = peers[1]->texts;
  EXPECT_EQ(std::set<std::string>(texts.begin(), texts.end()), sent);
  EXPECT_EQ(texts.size(), 100 + network.counters().duplicated);
  EXPECT_GT(network.counters().duplicated, 20U);
  EXPECT_LT(network.counters().duplicated, 80U);
}

TEST_F(NetworkFaults, MessagesOvertakeOthersAndAllCome) {
  link_up();
  network.settings().message_reordering = 0.3;
  std::vector<std::string> sent;
  for (int i = 100; i < 200; ++i) {
    sent.push_back("message " + std::to_string(i));
    send(0, sent.back());
    run_for(1'000);
  }
  run_for(1'000'000);
  auto texts = peers[1]->texts;
  EXPECT_NE(texts, sent);
  std::sort(texts.begin(), texts.end());
  EXPECT_EQ(texts, sent);
}

TEST_F(NetworkFaults, ACutIsSilentOneWay) {
  link_up();
  network.cut(0, 1);
  send(0, "to one");
  send(1, "to zero");
  run_for(3'000'000);
  EXPECT_TRUE(peers[1]->texts.empty());
  EXPECT_EQ(peers[0]->texts, std::vector<std::string>{"to zero"});
  EXPECT_EQ(peers[0]->suspicions, std::vector<bool>{true});
  EXPECT_EQ(peers[1]->suspicions, std::vector<bool>{true}) << "nobody acknowledges what it sends";
  network.heal();
  run_for(100'000);
  EXPECT_EQ(peers[1]->texts, std::vector<std::string>{"to one"});
  EXPECT_EQ(peers[0]->suspicions, (std::vector<bool>{true, false}));
}

TEST_F(NetworkFaults, ALongCutEndsTheLinkAndNoneComesAbout) {
  link_up();
  network.cut(1, 0);
  run_for(60'000'000);
  EXPECT_EQ(peers[0]->downs.size(), 1U);
  EXPECT_EQ(peers[1]->downs.size(), 1U);
  open(0, 1);
  run_for(60'000'000);
  EXPECT_EQ(peers[0]->downs.size(), 2U);
  EXPECT_EQ(peers[0]->ups.size(), 1U);
  network.heal();
  open(0, 1);
  run_for(100'000);
  EXPECT_EQ(peers[0]->ups.size(), 2U);
}

TEST_F(NetworkFaults, OthersDoNotNoticeACut) {
  open(0, 2);
  run_for(100'000);
  network.cut(0, 1);
  run_for(60'000'000);
  send(0, "still here");
  run_for(100'000);
  EXPECT_EQ(peers[2]->texts, std::vector<std::string>{"still here"});
  EXPECT_TRUE(peers[2]->downs.empty());
}

TEST_F(NetworkFaults, NobodyHearsOfADeathBehindAPartitionBeforeItHeals) {
  link_up();
  network.partition({{1, 1}});
  network.detach(1, Death::reset);
  run_for(1'000'000);
  EXPECT_TRUE(peers[0]->downs.empty());
  network.heal();
  run_for(100'000);
  EXPECT_EQ(peers[0]->downs.size(), 1U);
}

// ---- whole overlays

TEST(FaultyNetwork, ValuesArePutAndFoundAllTheSame) {
  auto settings = settings_of(71);
  Simulation simulation(settings);
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(12));
  ASSERT_TRUE(forms_ring(simulation));
  simulation.network().settings().message_duplication = 0.2;
  simulation.network().settings().message_reordering = 0.2;
  simulation.network().settings().message_drop = 0.02;
  Values values(simulation);
  ASSERT_TRUE(values.put(50));
  EXPECT_TRUE(values.all_found_from_everywhere());
  EXPECT_GT(simulation.network().counters().duplicated, 50U);
  EXPECT_GT(simulation.network().counters().reordered, 50U);
}

TEST(FaultyNetwork, ARingHealsAfterACutBetweenNeighbours) {
  Simulation simulation(settings_of(72));
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(8));
  ASSERT_TRUE(forms_ring(simulation));
  Values values(simulation);
  ASSERT_TRUE(values.put(20));
  const auto ring = simulation.living();
  simulation.network().cut(ring[2], ring[3]);
  simulation.run_for(Duration{120'000});
  simulation.network().heal();
  ASSERT_TRUE(forms_ring(simulation, 3, Duration{900'000}));
  simulation.run_for(Duration{90'000});
  EXPECT_TRUE(values.all_found_from_everywhere());
}

std::uint64_t story(std::uint64_t seed) {
  Simulation simulation(settings_of(seed));
  if (!simulation.grow(6)) return 0;
  auto& network = simulation.network().settings();
  network.message_duplication = network.message_reordering = 0.2;
  simulation.skew(1, Duration{180'000});
  simulation.slow_disk(2, Duration{50});
  simulation.full_disk(3, true);
  Values values(simulation);
  (void)values.put(10);
  simulation.network().cut(0, 1);
  simulation.run_for(Duration{60'000});
  simulation.network().heal();
  simulation.crash(4, Disk::lost);
  simulation.run_for(Duration{60'000});
  simulation.restart(4);
  simulation.run_for(Duration{60'000});
  return simulation.trace_hash();
}

TEST(FaultyNetwork, TheSameSeedIsTheSameRun) {
  EXPECT_EQ(story(3), story(3));
  EXPECT_NE(story(3), story(4));
}

}  // namespace
}  // namespace ringway::sim
