// The order of SRV records: priorities first, then chances by weight (RFC 2782).
#include "sip-usage/servers/srv_order.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "sim/seeded_random.hpp"

namespace ringway::sip::servers {
namespace {

using testing::ElementsAre;

std::vector<std::string> names_of(const std::vector<Srv>& records) {
  std::vector<std::string> out;
  for (const Srv& one : records) out.push_back(one.target);
  return out;
}

// Gives the numbers it was given.
class Numbers : public Random {
 public:
  explicit Numbers(std::vector<std::uint64_t> numbers) : numbers_(std::move(numbers)) {}
  std::uint64_t next() override { return numbers_.at(used_++); }

 private:
  std::vector<std::uint64_t> numbers_;
  std::size_t used_ = 0;
};

TEST(SrvOrder, PrioritiesComeFirst) {
  sim::SeededRandom random(7);
  for (int i = 0; i < 100; ++i)
    EXPECT_THAT(names_of(in_order({{3, 9, 1, "c"}, {1, 0, 1, "a"}, {2, 65535, 1, "b"}}, random)),
                ElementsAre("a", "b", "c"));
}

TEST(SrvOrder, ANumberFallsToTheFirstRunningSumThatReachesIt) {
  // Sums of {z: 0, a: 1, b: 3}: 0, 1, 4; those of weight 0 stand first.
  const std::vector<Srv> records = {{0, 1, 1, "a"}, {0, 3, 1, "b"}, {0, 0, 1, "z"}};
  struct {
    std::vector<std::uint64_t> numbers;
    std::vector<std::string> expected;
  } const table[] = {
      {{0, 0, 0}, {"z", "a", "b"}}, {{1, 0, 0}, {"a", "z", "b"}}, {{2, 0, 0}, {"b", "z", "a"}},
      {{4, 1, 0}, {"b", "a", "z"}}, {{0, 2, 0}, {"z", "b", "a"}},
  };
  for (const auto& one : table) {
    Numbers numbers(one.numbers);
    EXPECT_EQ(names_of(in_order(records, numbers)), one.expected);
  }
}

TEST(SrvOrder, WeightsAreChances) {
  sim::SeededRandom random(11);
  std::map<std::string, int> first;
  for (int i = 0; i < 10'000; ++i)
    ++first[in_order({{0, 10, 1, "light"}, {0, 30, 1, "heavy"}, {0, 0, 1, "none"}}, random).front().target];
  EXPECT_NEAR(first["heavy"], 7'317, 200);  // 30 of 41
  EXPECT_NEAR(first["light"], 2'439, 200);  // 10 of 41
  EXPECT_NEAR(first["none"], 244, 60);      // 1 of 41
}

TEST(SrvOrder, TheHeaviestWeightsDoNotOverflow) {
  sim::SeededRandom random(3);
  const std::vector<Srv> records(1'000, Srv{0, 65535, 1, "x"});
  EXPECT_EQ(in_order(records, random).size(), 1'000U);
  EXPECT_TRUE(in_order({}, random).empty());
}

}  // namespace
}  // namespace ringway::sip::servers
