// Scenarios on whole simulated overlays: a run can be repeated, and bugs that are planted on purpose are
// caught.
#include <gtest/gtest.h>

#include "sim/scenario/player.hpp"

namespace ringway::sim {
namespace {

Run played(const std::string& text, std::uint64_t seed, PlantedBug bug = PlantedBug::none) {
  const auto scenario = parse_scenario("test", text, Size::small);
  EXPECT_TRUE(scenario) << scenario.error().reason;
  PlaySettings settings;
  settings.simulation.seed = seed;
  settings.simulation.cryptography = Cryptography::stand_in;
  settings.simulation.planted_bug = bug;
  return play(*scenario, settings);
}

std::string broken(const Run& run) {
  std::string all;
  for (const Violation& violation : run.violations)
    all += "seed " + std::to_string(run.seed) + ", line " + std::to_string(violation.line) + ": " +
           violation.what + "\n";
  return all;
}

constexpr const char* k_everything = R"(
join 6
expect one ring
put 10 values
lose 5% of messages
duplicate 5% of messages
reorder 5% of messages
skew clocks by up to 2min
churn with sessions of 10min for 2min with 1 lookups a second
partition a b alternating
run 1min
heal
)";

TEST(Player, TheSameSeedIsTheSameRun) {
  const auto first = played(k_everything, 3);
  const auto again = played(k_everything, 3);
  EXPECT_EQ(first.trace_hash, again.trace_hash);
  EXPECT_EQ(first.measured.events, again.measured.events);
  EXPECT_EQ(first.measured.lookups.ok, again.measured.lookups.ok);
  EXPECT_NE(first.trace_hash, played(k_everything, 4).trace_hash);
}

TEST(Player, MeasuresWhatEachPeerSends) {
  const auto run = played("join 4\nexpect one ring\nrun 10min\n", 1);
  EXPECT_EQ(run.measured.traffic_bytes_per_s.size(), 4U);
  EXPECT_GT(run.measured.traffic_bytes_per_s.percentile(0), 0);
}

// Who has joined late has sent for a shorter time.
TEST(Player, MeasuresTrafficFromAPeersStartOn) {
  const auto run = played("begin with 4\nrun 10h\njoin 1\n", 1);
  ASSERT_EQ(run.measured.traffic_bytes_per_s.size(), 5U);
  EXPECT_GT(run.measured.traffic_bytes_per_s.maximum(), 1000);
}

TEST(Player, EndsBehindTheStatementThatBreaksSomething) {
  const auto run = played(
      "join 3\nexpect at most 0 messages a peer and minute\nrun 1min\n"
      "lose 100% of messages\nput 1 values\nrun 24h\n",
      1);
  ASSERT_EQ(run.violations.size(), 1U) << broken(run);
  EXPECT_EQ(run.violations[0].law, Law::calls_answered);
  EXPECT_EQ(run.violations[0].line, 5U);
  EXPECT_LT(run.measured.virtual_s, 3600);
}

TEST(Player, NobodyIsLeftToAsk) {
  const auto run = played("join 3\ncrash 100%\nrun 1min\nget every value\n", 1);
  ASSERT_EQ(run.violations.size(), 1U) << broken(run);
  EXPECT_EQ(run.violations[0].law, Law::playable);
  EXPECT_EQ(run.violations[0].line, 4U);
}

TEST(Player, FewMessagesAreALaw) {
  const std::string rest = "join 5\nexpect one ring\nrun 5min\nlook up 50 keys\n";
  EXPECT_EQ(broken(played(
                rest + "expect at most 3 hops a lookup\nexpect at most 60 messages a peer and minute\n", 1)),
            "");
  EXPECT_EQ(played(rest + "expect at most 0 hops a lookup\n", 1).violations.at(0).law, Law::few_hops);
  EXPECT_EQ(broken(played(rest + "expect at most 6 messages a lookup\n", 1)), "");
  EXPECT_EQ(played(rest + "expect at most 1 messages a lookup\n", 1).violations.at(0).law, Law::few_messages);
  EXPECT_EQ(played(rest + "expect at most 0 messages a peer and minute\n", 1).violations.at(0).law,
            Law::little_upkeep);
}

// Good lookups of before do not hide those of now.
TEST(Player, LookupsAreJudgedSinceTheyWereLast) {
  const std::string before = "join 5\nexpect one ring\nlook up 200 keys\nexpect 100% of lookups\n";
  const std::string now = "lose 100% of messages\nlook up 20 keys\n";
  const auto run = played(before + now + "expect 90% of lookups\n", 1);
  ASSERT_EQ(run.violations.size(), 1U) << broken(run);
  EXPECT_EQ(run.violations[0].law, Law::enough_success);
  EXPECT_EQ(broken(played(before + now + "expect 0% of lookups\n" +
                              "lose 0% of messages\nexpect one ring\nlook up 20 keys\n" +
                              "expect 100% of lookups\n",
                          1)),
            "");
}

// Half of a ring of two acknowledges with the one copy that can be.
TEST(Player, WhatWasAcknowledgedWithFewCopiesGoesWithAllOfThem) {
  const std::string halves = "partition a b\nrun 1min\nput 8 values\ncrash 1 losing their disks\nheal\n";
  std::size_t excused = 0;
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U}) {
    const auto run = played("join 2\nexpect one ring\n" + halves + "run 2min\nexpect every value\n", seed);
    EXPECT_EQ(broken(run), "");
    excused += run.measured.values_excused;
    EXPECT_LT(run.measured.values_excused, 8U) << "those of the other half";
    EXPECT_EQ(played("join 6\nexpect one ring\n" + halves, seed).measured.values_excused, 0U);
  }
  EXPECT_GT(excused, 0U);
}

// More than one message has room for comes in parts.
TEST(Player, LargeKeysAreReadHoweverManyAreAsked) {
  const std::string before = "join 7\nexpect one ring\nput 4 large keys\n";
  for (const char* how : {"read from one\n", "read by quorum\n", "read on disjoint ways\n"})
    for (const std::uint64_t seed : {1U, 2U, 3U})
      EXPECT_EQ(broken(played(before + how + "expect every value\nchange 4 values\nexpect every value\n" +
                                  "crash 1\nexpect every value within 3min\n",
                              seed)),
                "");
}

struct Planted {
  PlantedBug bug;
  Law law;
  const char* scenario;
};

class PlantedBugs : public testing::TestWithParam<Planted> {};

TEST_P(PlantedBugs, AreCaught) {
  const auto& [bug, law, scenario] = GetParam();
  std::size_t caught = 0;
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U}) {
    EXPECT_EQ(broken(played(scenario, seed)), "") << "without the bug";
    const auto run = played(scenario, seed, bug);
    if (run.violations.empty()) continue;  // nobody crashed or joined where it matters
    EXPECT_EQ(run.violations[0].law, law) << broken(run);
    ++caught;
  }
  EXPECT_GE(caught, 3U);
}

constexpr const char* k_one_crashes = R"(
join 6
expect one ring
put 30 values
crash 1
expect one ring
run 2min
expect every value
)";
constexpr const char* k_two_neighbours_crash = R"(
join 7
expect one ring
put 60 values
run 2min
crash 2 adjacent
expect one ring
run 2min
expect every value
join 2
run 2min
crash 2 adjacent
expect one ring
run 2min
expect every value
)";
constexpr const char* k_one_joins = R"(
join 3
expect one ring
put 60 values
join 2
expect every value at its peer
expect every value
)";

// Only comparing brings the copies back.
constexpr const char* k_neighbours_crash_again_and_again = R"(
join 10
expect one ring
put 60 values
run 2min
crash 2 adjacent
expect one ring
run 2min
crash 2 adjacent
expect one ring
run 2min
crash 2 adjacent
expect one ring
run 2min
expect every value
)";
// Few copies are no excuse as long as one is left, nor when the ring has been whole again.
constexpr const char* k_one_of_two_crashes = R"(
join 2
expect one ring
put 30 values
crash 1 losing their disks
run 1min
expect every value
)";
constexpr const char* k_two_of_four_crash = R"(
join 4
expect one ring
partition a b
run 1min
put 40 values
heal
expect one ring within 30min
run 3min
crash 2 adjacent losing their disks
run 1min
expect every value
)";
constexpr const char* k_all_watch = R"(
join 6
expect one ring
put 20 values
watch 20 keys
run 1min
change 10 values
expect every watcher to know
)";

constexpr const char* k_swaps = R"(
join 6
expect one ring
put 10 values
swap 40 values
run 2min
restart all one by one
expect one ring
swap 40 values
expect every value
)";

INSTANTIATE_TEST_SUITE_P(
    All, PlantedBugs,
    testing::Values(Planted{PlantedBug::replica_not_sent, Law::value_kept, k_one_crashes},
                    Planted{PlantedBug::replica_not_sent, Law::value_kept, k_one_of_two_crashes},
                    Planted{PlantedBug::always_equal, Law::value_kept, k_two_of_four_crash},
                    Planted{PlantedBug::wrong_interval_end, Law::value_kept, k_two_neighbours_crash},
                    Planted{PlantedBug::update_not_sent, Law::one_ring, k_one_joins},
                    Planted{PlantedBug::hand_over_not_made, Law::value_kept, k_one_joins},
                    Planted{PlantedBug::always_equal, Law::value_kept, k_neighbours_crash_again_and_again},
                    Planted{PlantedBug::notice_not_sent, Law::subscription_kept, k_all_watch},
                    Planted{PlantedBug::generation_not_kept, Law::one_swap, k_swaps},
                    Planted{PlantedBug::generation_not_compared, Law::one_swap, k_swaps}));

}  // namespace
}  // namespace ringway::sim
