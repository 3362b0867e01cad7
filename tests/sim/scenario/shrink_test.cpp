// Looking for the shortest scenario that still fails, without a simulation: what "fails" is said by the test.
#include <gtest/gtest.h>

#include <algorithm>

#include "sim/scenario/shrink.hpp"

namespace ringway::sim {
namespace {

Scenario scenario(const std::string& text) {
  auto parsed = parse_scenario("test", text, Size::large);
  EXPECT_TRUE(parsed) << parsed.error().reason;
  return *parsed;
}

// The sum of the counts of this verb.
std::size_t sum(const Scenario& of, Verb verb) {
  std::size_t total = 0;
  for (const Statement& statement : of.statements)
    if (statement.verb() == verb) total += statement.count();
  return total;
}

TEST(Shrink, LeavesOutWhatIsNotNeededAndMakesNumbersSmaller) {
  const auto shrunk = shrink(scenario("join 16\nput 100 values\nlook up 50 keys\ncrash 8\nleave 2\n"),
                             [](const Scenario& candidate) {
                               return sum(candidate, Verb::join) >= 5 && sum(candidate, Verb::crash) >= 3;
                             });
  EXPECT_EQ(text_of(shrunk.scenario), "join 5\ncrash 3\n");
}

TEST(Shrink, KeepsWhatAScenarioWaitsFor) {
  const auto shrunk =
      shrink(scenario("join 4\nexpect one ring\nrun 1min\nput 5 values\nrun 2min\nexpect every value\n"),
             [](const Scenario& candidate) { return sum(candidate, Verb::join) > 0; });
  // With the puts their wait has gone, and one wait behind the join is enough.
  EXPECT_EQ(text_of(shrunk.scenario), "join 1\nexpect one ring\n");
}

TEST(Shrink, KeepsTheEndOfAFaultAsLongAsTheFault) {
  const auto with_fault =
      shrink(scenario("join 4\npartition a b\nrun 1h\nheal\n"), [](const Scenario& candidate) {
        return std::any_of(candidate.statements.begin(), candidate.statements.end(),
                           [](const Statement& each) { return each.verb() == Verb::partition; });
      });
  EXPECT_EQ(text_of(with_fault.scenario), "partition a b\nrun 1h\nheal\n");
  const auto without = shrink(scenario("join 4\npartition a b\nrun 1h\nheal\n"),
                              [](const Scenario& candidate) { return sum(candidate, Verb::join) > 0; });
  EXPECT_EQ(text_of(without.scenario), "join 1\nrun 1h\n");
}

TEST(Shrink, EndsWithItsLimits) {
  std::size_t runs = 0;
  const auto whole = scenario("join 9\nput 9 values\ncrash 9\n");
  const auto fails = [&](const Scenario&) {
    ++runs;
    return false;
  };
  EXPECT_EQ(text_of(shrink(whole, fails, {3, [] { return true; }}).scenario), text_of(whole));
  EXPECT_EQ(runs, 3U);
  shrink(whole, fails, {100, [] { return false; }});
  EXPECT_EQ(runs, 3U);
}

}  // namespace
}  // namespace ringway::sim
