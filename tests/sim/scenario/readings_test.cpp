// Reading what was written, when the peers that are asked cannot answer.
#include "sim/scenario/readings.hpp"

#include <gtest/gtest.h>

#include <set>

namespace ringway::sim {
namespace {

TEST(Readings, WhatCouldNotBeReadInTimeIsSaid) {
  SimulationSettings settings;
  settings.seed = 5;
  settings.cryptography = Cryptography::stand_in;
  Stage stage(settings);
  stage.begin_with(40);
  stage.simulation().network().settings().message_drop = 1;
  // Calls that get no answer take much of the patience, and there are more than can be tried so often.
  std::vector<std::string> keys;
  for (int i = 0; i < 1'000; ++i) keys.push_back("shared/key-" + std::to_string(i));
  const std::size_t tries = 100;
  const auto misread = read_values(stage, keys, {true, static_cast<int>(tries)});
  EXPECT_EQ(stage.errands().under_way(), 0U);
  EXPECT_LT(stage.measured().gets.total, tries * keys.size());
  std::set<std::string> unread;
  for (const Misread& one : misread) {
    EXPECT_EQ(one.law, Law::calls_answered);
    EXPECT_TRUE(unread.insert(one.key).second) << one.key;
  }
  EXPECT_GT(unread.size(), 0U);
  EXPECT_LE(unread.size(), keys.size());
}

}  // namespace
}  // namespace ringway::sim
