// How long what cannot be read here is kept although the responsible peer has some of it.
#include "reload/data/hidden_kinds.hpp"

#include <gtest/gtest.h>

#include "tests/reload/data/overlay.hpp"

namespace ringway::data::test {
namespace {

constexpr Duration k_enough{150'000};
constexpr MonoTime k_begin{1'000};

KindAt place_at(std::size_t number) {
  return {resource_id_of(std::string_view("k" + std::to_string(number))), config::k_shared_value};
}

TEST(HiddenKindsTest, TheSameOwnerSaysItTwice) {
  HiddenKinds hidden;
  const KindAt place = place_at(0);
  EXPECT_FALSE(hidden.owner_has(k_begin, k_enough, place, node_at(1)));
  EXPECT_FALSE(hidden.owner_has(k_begin + k_enough - Duration{1}, k_enough, place, node_at(1)));
  EXPECT_TRUE(hidden.owner_has(k_begin + k_enough, k_enough, place, node_at(1)));
  EXPECT_EQ(hidden.size(), 0U);
}

TEST(HiddenKindsTest, AnotherOwnerOrOneThatLacksItBeginsAnew) {
  HiddenKinds hidden;
  const KindAt place = place_at(0);
  EXPECT_FALSE(hidden.owner_has(k_begin, k_enough, place, node_at(1)));
  EXPECT_FALSE(hidden.owner_has(k_begin + k_enough, k_enough, place, node_at(2)));
  EXPECT_FALSE(hidden.owner_has(k_begin + k_enough + Duration{1}, k_enough, place, node_at(2)));
  hidden.owner_lacks(place);
  EXPECT_FALSE(hidden.owner_has(k_begin + 2 * k_enough, k_enough, place, node_at(2)));
  EXPECT_TRUE(hidden.owner_has(k_begin + 3 * k_enough, k_enough, place, node_at(2)));
}

TEST(HiddenKindsTest, EachIsAskedForAgainOnce) {
  HiddenKinds hidden;
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_FALSE(hidden.owner_has(k_begin, k_enough, place_at(i), node_at(1)));
  EXPECT_EQ(hidden.next_due(), k_begin + k_enough);
  EXPECT_TRUE(hidden.take_due(k_begin + k_enough - Duration{1}, 8).empty());
  EXPECT_EQ(hidden.take_due(k_begin + k_enough, 2).size(), 2U);
  EXPECT_EQ(hidden.take_due(k_begin + k_enough, 2).size(), 1U);
  EXPECT_TRUE(hidden.take_due(k_begin + k_enough, 2).empty());
  EXPECT_FALSE(hidden.next_due());
}

TEST(HiddenKindsTest, TheOldestMakesRoom) {
  HiddenKinds hidden;
  for (std::size_t i = 0; i <= k_max_hidden_kinds; ++i)
    EXPECT_FALSE(hidden.owner_has(k_begin + Duration{static_cast<std::int64_t>(i)}, k_enough, place_at(i),
                                  node_at(1)));
  EXPECT_EQ(hidden.size(), k_max_hidden_kinds);
  const MonoTime later = k_begin + 2 * k_enough;
  EXPECT_TRUE(hidden.owner_has(later, k_enough, place_at(1), node_at(1)));
  EXPECT_FALSE(hidden.owner_has(later, k_enough, place_at(0), node_at(1))) << "it has been forgotten";
}

}  // namespace
}  // namespace ringway::data::test
