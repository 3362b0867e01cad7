// What a simulation reports: numbers, JSON, pictures.
#include <gtest/gtest.h>
#include <libxml/parser.h>

#include <nlohmann/json.hpp>

#include "sim/report/json_report.hpp"
#include "sim/report/svg.hpp"

namespace ringway::sim {
namespace {

Samples samples(std::initializer_list<double> values) {
  Samples all;
  for (const double value : values) all.add(value);
  return all;
}

TEST(Samples, HaveAMeanAndPercentiles) {
  Samples hundred;
  for (int i = 100; i >= 1; --i) hundred.add(i);
  EXPECT_DOUBLE_EQ(hundred.mean(), 50.5);
  EXPECT_DOUBLE_EQ(hundred.percentile(0.5), 50);
  EXPECT_DOUBLE_EQ(hundred.percentile(0.99), 99);
  EXPECT_DOUBLE_EQ(hundred.percentile(1), 100);
  EXPECT_DOUBLE_EQ(Samples().percentile(0.99), 0);
}

TEST(Histogram, WholeNumbersHaveABarEach) {
  const auto bars = histogram(samples({1, 2, 2, 4}));
  ASSERT_EQ(bars.size(), 4U);
  EXPECT_EQ(bars[0].count, 1U);
  EXPECT_EQ(bars[1].count, 2U);
  EXPECT_EQ(bars[2].count, 0U);
  EXPECT_EQ(bars[3].count, 1U);
}

TEST(Histogram, CountsEverySampleOnce) {
  Samples many;
  for (int i = 0; i < 1000; ++i) many.add(i * 0.37);
  const auto bars = histogram(many, 10);
  EXPECT_EQ(bars.size(), 10U);
  std::size_t total = 0;
  for (const Bar& bar : bars) total += bar.count;
  EXPECT_EQ(total, 1000U);
  EXPECT_EQ(histogram(samples({2.5})).size(), 1U);
  EXPECT_TRUE(histogram(Samples{}).empty());
}

TEST(Picture, IsAWellFormedDocument) {
  Measurements measured;
  measured.hops = samples({1, 2, 3});
  const std::string svg = picture_of("100 peers & \"more\" <quickly>", measured);
  xmlDocPtr document =
      xmlReadMemory(svg.data(), static_cast<int>(svg.size()), "svg", nullptr, XML_PARSE_NONET);
  EXPECT_NE(document, nullptr);
  xmlFreeDoc(document);
  EXPECT_NE(svg.find("mean 2, p99 3"), std::string::npos);
  EXPECT_NE(svg.find("not measured"), std::string::npos) << "charts without samples say so";
}

TEST(Report, HasTheMembersThatProgramsLookFor) {
  Report report;
  report.first_seed = 7;
  report.crypto = "real";
  report.measured.hops = samples({1, 3});
  report.measured.lookups = {99, 100};
  report.measured.upkeep_bytes_per_peer_s = 12.5;
  report.violations.push_back({7, {Law::value_kept, 1500, 3, 4, "gone"}});
  report.trace.note(0);
  const auto json = nlohmann::json::parse(json_of(report));
  EXPECT_EQ(json["trace"], "a8c7f832281a39c5") << "FNV-1a of eight zero bytes";
  EXPECT_EQ(json["seed"], 7);
  EXPECT_EQ(json["crypto"], "real");
  EXPECT_EQ(json["hops"]["mean"], 2.0);
  EXPECT_EQ(json["hops"]["p99"], 3.0);
  EXPECT_EQ(json["lookups"]["ok"], 99);
  EXPECT_EQ(json["lookups"]["total"], 100);
  EXPECT_EQ(json["traffic"]["bytes_per_peer_s"], 12.5);
  ASSERT_EQ(json["violations"].size(), 1U);
  EXPECT_EQ(json["violations"][0]["law"], "value-kept");
  EXPECT_EQ(json["violations"][0]["peer"], 3);
}

}  // namespace
}  // namespace ringway::sim
