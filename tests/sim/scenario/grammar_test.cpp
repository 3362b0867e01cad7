// The language of scenarios: every rule can be read and written, and a mistake is named.
#include <gtest/gtest.h>

#include <set>

#include "sim/scenario/scenario.hpp"

namespace ringway::sim {
namespace {

// A pattern with its holes filled, its optional parts as they stand or left out.
std::string example_of(const Rule& rule, bool with_parts) {
  std::string text(rule.pattern);
  for (auto open = text.find('['); open != std::string::npos; open = text.find('[')) {
    const auto close = text.find(']', open);
    const std::string part = text.substr(open + 1, close - open - 1);
    text.replace(open, close - open + 1, with_parts ? part : "");
    if (!with_parts && open > 0) text.erase(open - 1, 1);
  }
  const std::pair<std::string, std::string> holes[] = {
      {"<count>", "3"}, {"<peer>", "5"}, {"<share>", "12.5%"}, {"<time>", "90s"}};
  for (const auto& [hole, value] : holes)
    for (auto at = text.find(hole); at != std::string::npos; at = text.find(hole))
      text.replace(at, hole.size(), value);
  return text;
}

TEST(Grammar, EveryRuleIsReadAndWrittenTheSame) {
  for (const Rule& rule : rules()) {
    for (const bool with_parts : {false, true}) {
      const std::string text = example_of(rule, with_parts);
      const auto statement = parse_statement(text);
      ASSERT_TRUE(statement) << text << ": " << statement.error().reason;
      EXPECT_EQ(statement->verb(), rule.verb) << text;
      EXPECT_EQ(text_of(*statement), text);
    }
  }
}

TEST(Grammar, ValuesAreOfTheirUnits) {
  EXPECT_EQ(parse_statement("run 500ms")->time(), Duration{500});
  EXPECT_EQ(parse_statement("run 2h")->time(), Duration{7'200'000});
  EXPECT_DOUBLE_EQ(parse_statement("crash 30%")->share(), 0.3);
  EXPECT_EQ(parse_statement("crash 30")->count(), 30U);
  const auto churn = parse_statement("churn with sessions of 15min for 1h with 5 lookups a second");
  ASSERT_TRUE(churn);
  EXPECT_EQ(churn->time(0), Duration{900'000});
  EXPECT_EQ(churn->time(1), Duration{3'600'000});
  EXPECT_EQ(churn->count(2), 5U);
}

TEST(Grammar, PartsThatAreLeftOutAreKnown) {
  const auto statement = parse_statement("crash 3 losing their disks");
  ASSERT_TRUE(statement);
  EXPECT_FALSE(statement->has(0));
  EXPECT_FALSE(statement->has(1));
  EXPECT_TRUE(statement->has(2));
}

TEST(Grammar, AMistakeIsNamed) {
  const std::pair<const char*, const char*> mistakes[] = {
      {"crush 3", "'crush'"},
      {"crash three", "'three'"},
      {"crash 3 adjacent twice", "'twice' is too much"},
      {"run 5", "a time such as"},
      {"run 31d", "a time such as"},
      {"expect one ring within", "the end of the line"},
      {"crash 101%", "'101%'"},
      {"crash -1", "'-1'"},
      {"join 2000001", "up to 2000000"},
  };
  for (const auto& [text, said] : mistakes) {
    const auto statement = parse_statement(text);
    ASSERT_FALSE(statement) << text;
    EXPECT_NE(statement.error().reason.find(said), std::string::npos) << statement.error().reason;
  }
}

TEST(Scenario, HasAFormForEachSize) {
  const std::string text = "# what it is about\n\nsmall: join 3\nlarge: join 300\n  run 1min\n";
  EXPECT_EQ(text_of(*parse_scenario("s", text, Size::small)), "join 3\nrun 1min\n");
  EXPECT_EQ(text_of(*parse_scenario("s", text, Size::large)), "join 300\nrun 1min\n");
}

TEST(Scenario, NamesTheLineOfAMistakeOfEitherSize) {
  const auto scenario = parse_scenario("file", "join 3\n\nlarge: jump 5\n", Size::small);
  ASSERT_FALSE(scenario);
  EXPECT_EQ(scenario.error().reason.find("file:3: "), 0U) << scenario.error().reason;
}

TEST(Scenario, HasABound) {
  std::string text;
  for (std::size_t i = 0; i < k_max_statements; ++i) text += "run 1s\n";
  EXPECT_TRUE(parse_scenario("s", text, Size::small));
  EXPECT_FALSE(parse_scenario("s", text + "run 1s\n", Size::small));
}

}  // namespace
}  // namespace ringway::sim
