// Registrations and lookups against a tree kept in a map.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "reload/redir/lookup.hpp"
#include "reload/redir/registration_walk.hpp"

namespace ringway::redir {
namespace {

// The RFC's examples have 4 bits; only intervals count, so these are the first 4 of 128.
NodeId small(unsigned number) {
  NodeId id;
  id.bytes[0] = static_cast<std::uint8_t>(number << 4U);
  return id;
}

NodeId scattered(std::uint64_t number) {
  NodeId id;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    number = number * 6364136223846793005U + 1442695040888963407U;
    id.bytes[i] = static_cast<std::uint8_t>(number >> 56U);
  }
  return id;
}

class Stored {
 public:
  explicit Stored(std::uint32_t branching) : tree(branching) {}

  struct Done {
    std::vector<TreeNode> fetched, stored;
    unsigned last_level = 0;
  };
  Done add(const NodeId& own, unsigned start = k_usual_start_level) {
    RegistrationWalk walk(tree, own, start);
    Done done;
    while (const auto step = walk.step()) {
      if (step->what == RegistrationWalk::Step::What::fetch) {
        done.fetched.push_back(step->node);
        const auto& there = nodes[step->node];
        walk.fetched({there.begin(), there.end()});
      } else {
        done.stored.push_back(step->node);
        nodes[step->node].insert(own);
        walk.stored();
      }
    }
    done.last_level = walk.last_level();
    return done;
  }
  Lookup find(const NodeId& key, unsigned start = k_usual_start_level, std::uint64_t random = 0) const {
    Lookup lookup(tree, key, start, random);
    while (const auto node = lookup.fetches()) {
      std::vector<Provider> there;
      const auto found = nodes.find(*node);
      if (found != nodes.end())
        for (const NodeId& id : found->second) there.push_back({id, {wire::to_node(id)}});
      lookup.fetched(std::move(there));
    }
    return lookup;
  }
  std::set<NodeId> at(std::uint16_t level, std::uint16_t number) const {
    const auto found = nodes.find({level, number});
    return found == nodes.end() ? std::set<NodeId>{} : found->second;
  }

  Tree tree;
  std::map<TreeNode, std::set<NodeId>> nodes;
};

NodeId first_of(const Lookup& lookup) { return lookup.found().empty() ? k_no_node : lookup.found()[0].node; }

Stored example() {
  Stored all(2);
  for (const unsigned id : {2U, 3U, 7U, 4U}) all.add(small(id));
  return all;
}

TEST(RegistrationWalk, TheExampleOfTheRfc) {
  // Shows: DISC-06, DISC-07, DISC-08, DISC-15.
  const Stored all = example();
  const std::set<NodeId> everybody{small(2), small(3), small(4), small(7)};
  EXPECT_EQ(all.at(0, 0), everybody);
  EXPECT_EQ(all.at(1, 0), everybody);
  EXPECT_EQ(all.at(1, 1), std::set<NodeId>{});
  EXPECT_EQ(all.at(2, 0), (std::set<NodeId>{small(2), small(3)}));
  EXPECT_EQ(all.at(2, 1), (std::set<NodeId>{small(4), small(7)}));
  EXPECT_EQ(all.at(3, 1), std::set<NodeId>{small(3)}) << "2 was there before 3: it goes there next time";
  for (const std::uint16_t number : {0, 2, 3})
    EXPECT_TRUE(all.at(3, number).empty()) << "4 and 7 are alone in their intervals of level 2";
}

TEST(Lookup, TheExampleOfTheRfc) {
  // Shows: DISC-09, DISC-15.
  const Stored all = example();
  const Lookup from_two = all.find(small(5));
  EXPECT_EQ(first_of(from_two), small(7));
  EXPECT_EQ(from_two.fetches_made(), 1U);
  EXPECT_EQ(from_two.level(), 2U);
  const Lookup from_three = all.find(small(5), 3);
  EXPECT_EQ(first_of(from_three), small(7));
  EXPECT_EQ(from_three.fetches_made(), 2U) << "level 3 is empty there: up to level 2";
  EXPECT_EQ(from_three.level(), 2U);
  // The lowest in its interval: who follows it there is the closest.
  const Lookup lowest = all.find(small(6));
  EXPECT_EQ(first_of(lowest), small(7));
  EXPECT_EQ(lowest.fetches_made(), 1U);
}

TEST(RegistrationWalk, WhoIsAloneStandsInEveryNodeUpToTheRoot) {
  // Shows: DISC-06, DISC-07.
  Stored all(10);
  const auto done = all.add(small(5));
  const std::vector<TreeNode> way{all.tree.node_for(2, small(5)), all.tree.node_for(1, small(5)), {0, 0}};
  EXPECT_EQ(done.fetched, way);
  EXPECT_EQ(done.stored, way);
  EXPECT_EQ(done.last_level, 2U);
}

TEST(RegistrationWalk, WhoIsBetweenOthersStoresAtTheStartOnly) {
  // Shows: DISC-06, DISC-07, DISC-08.
  Stored all(2);
  for (const unsigned id : {0U, 1U}) {  // below 2^126, in one tree node of level 2 with
    NodeId other = small(id);
    other.bytes[15] = 1;
    all.add(other);
  }
  NodeId high = small(3);
  all.add(high);
  NodeId own = small(1);
  own.bytes[15] = 9;  // above the other in its interval, below `high` in its tree node
  const auto done = all.add(own);
  ASSERT_FALSE(done.stored.empty());
  EXPECT_EQ(done.stored.front(), (TreeNode{2, 0}));
  for (const TreeNode& node : done.stored) EXPECT_GE(node.level, 2U) << "it is not extreme: not upwards";
  EXPECT_GT(done.stored.size(), 1U) << "it shares its interval, and is the highest there: downwards";
}

TEST(RegistrationWalk, OnTheWayDownItStoresAsAnExtremeOnly) {
  // Shows: DISC-08.
  Stored all(2);
  NodeId below = small(4), own = small(4), above = small(4);
  below.bytes[15] = 1;
  own.bytes[15] = 2;
  above.bytes[15] = 3;
  for (int round = 0; round < 20; ++round) {  // each time they get a little deeper
    all.add(below);
    all.add(above);
  }
  const auto done = all.add(own);
  EXPECT_EQ(done.stored, (std::vector<TreeNode>{all.tree.node_for(2, own)}));
  // Three in one interval down to the end of the tree.
  EXPECT_EQ(done.last_level, all.tree.deepest_level());
  EXPECT_EQ(done.fetched.size(), 15U);
}

TEST(RegistrationWalk, StartsWhereTheLastOneEnded) {
  // Shows: DISC-14.
  Stored all(2);
  const auto done = all.add(small(5), 7);
  EXPECT_EQ(done.fetched.front().level, 7U);
  EXPECT_EQ(done.stored.size(), 8U);
  EXPECT_EQ(all.add(small(5), 99).fetched.front().level, 16U) << "no deeper than the tree";
}

TEST(Lookup, FindsTheClosestSuccessorAmongMany) {
  // Shows: DISC-09, DISC-14.
  for (const std::uint32_t branching : {2U, 3U, 10U}) {
    Stored all(branching);
    std::set<NodeId> providers;
    while (providers.size() < 200) providers.insert(scattered(providers.size() + 1));
    for (int round = 0; round < 10; ++round)  // the first ones have others to tell from later
      for (const NodeId& provider : providers) all.add(provider);
    StartLevels levels;
    unsigned fetches = 0;
    for (std::uint64_t i = 0; i < 300; ++i) {
      const NodeId key = scattered(i + 100'000);
      const Lookup lookup = all.find(key, levels.start());
      levels.ended_at(lookup.level());
      fetches += lookup.fetches_made();
      const auto next = providers.upper_bound(key);
      if (next != providers.end()) {
        EXPECT_EQ(first_of(lookup), *next) << branching;
      } else {
        EXPECT_TRUE(providers.contains(first_of(lookup)));
      }
    }
    EXPECT_LT(fetches, 3U * 300U) << branching << ": the level is learned";
  }
}

TEST(Lookup, WithoutASuccessorOneOfTheRootIsPickedAtRandom) {
  // Shows: DISC-10.
  const Stored all = example();
  std::set<NodeId> picked;
  for (std::uint64_t random = 0; random < 4; ++random) {
    const Lookup lookup = all.find(small(12), 2, random);
    EXPECT_EQ(lookup.level(), 0U);
    EXPECT_EQ(lookup.fetches_made(), 3U);
    EXPECT_EQ(lookup.found().size(), 4U);
    picked.insert(first_of(lookup));
  }
  EXPECT_EQ(picked.size(), 4U);
  EXPECT_TRUE(Stored(2).find(small(12)).found().empty());
}

TEST(Lookup, AProviderIsNotItsOwnSuccessor) {
  // Shows: DISC-09.
  Stored all = example();
  EXPECT_EQ(first_of(all.find(small(4))), small(7));
  EXPECT_EQ(first_of(all.find(small(3))), small(4));
  Stored alone(10);
  alone.add(small(4));
  EXPECT_EQ(first_of(alone.find(small(4))), small(4)) << "nobody else";
}

TEST(Lookup, WhatHasExpiredBelowIsMadeUpForByWhatWasSeen) {
  // Shows: DISC-09.
  Stored all(2);
  NodeId low = small(4), high = small(6), key = small(5);
  low.bytes[15] = high.bytes[15] = 1;
  // Level 1 says that there is somebody on both sides, level 2 has lost them.
  all.nodes[{1, 0}] = {low, high};
  const Lookup lookup = all.find(key, 1);
  EXPECT_EQ(first_of(lookup), high);
  EXPECT_EQ(lookup.fetches_made(), 2U);
  // The other way round: no level is read twice.
  const Lookup upwards = all.find(key, 2);
  EXPECT_EQ(first_of(upwards), high);
  EXPECT_EQ(upwards.fetches_made(), 2U);
}

TEST(Lookup, KeepsNoMoreThanItsBounds) {
  Lookup lookup(Tree(10), small(1), 0, 0);
  std::vector<Provider> many;
  for (std::uint64_t i = 0; i < k_most_providers_seen + 10; ++i) {
    NodeId id = small(2);
    id.bytes[14] = static_cast<std::uint8_t>(i >> 8U);
    id.bytes[15] = static_cast<std::uint8_t>(i);
    many.push_back({id, {}});
  }
  std::reverse(many.begin(), many.end());
  lookup.fetched(std::move(many));
  EXPECT_EQ(lookup.seen(), k_most_providers_seen);
  EXPECT_FALSE(lookup.fetches());
  ASSERT_EQ(lookup.found().size(), k_most_providers_found);
  EXPECT_EQ(lookup.found()[0].node, small(2)) << "the nearest ones stay";
}

TEST(StartLevels, AreTheModeOfTheLastSixteen) {
  // Shows: DISC-14.
  StartLevels levels;
  EXPECT_EQ(levels.start(), 2U);
  levels.ended_at(5);
  EXPECT_EQ(levels.start(), 5U);
  levels.ended_at(3);
  EXPECT_EQ(levels.start(), 3U) << "of two as frequent ones the higher in the tree";
  levels.ended_at(5);
  EXPECT_EQ(levels.start(), 5U);
  for (std::size_t i = 0; i < k_remembered_lookups; ++i) levels.ended_at(1);
  EXPECT_EQ(levels.start(), 1U);
  for (std::size_t i = 0; i < k_remembered_lookups / 2; ++i) levels.ended_at(4);
  EXPECT_EQ(levels.start(), 1U);
  levels.ended_at(4);
  EXPECT_EQ(levels.start(), 4U) << "the seventeenth last is forgotten";
}

}  // namespace
}  // namespace ringway::redir
