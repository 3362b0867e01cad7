// Whom a careful read asks, when that is enough, and what the answers amount to; without messages.
#include "tests/reload/data/careful_ring.hpp"

namespace ringway::data::careful {
namespace {

TEST_F(CarefulReads, AQuorumAsksTheResponsiblePeerAndItsReplicas) {
  ring.fetch = [](const auto&) { return holding(5); };
  auto one = read(Consistency::quorum);
  ring.play(one);
  EXPECT_EQ(ring.read_from(), holders);
  EXPECT_EQ(one.responsible(), node_at(0x48));
  EXPECT_EQ(time_of(one.result()), 5U);
  EXPECT_FALSE(one.holders_differ());
  EXPECT_LE(ring.asked.size(), 10U);
}

TEST_F(CarefulReads, WhoReplicatesIsAskedAtOnceWhetherItIsStillSo) {
  auto first = read(Consistency::quorum);
  ring.play(first);
  ring.asked.clear();
  auto second = read(Consistency::quorum);
  ring.play(second);
  EXPECT_EQ(ring.read_from(), holders);
  EXPECT_EQ(ring.pings(), 3U);
  EXPECT_TRUE(ring.asked[2].search) << "all at the same time";
  // One way's word is not enough for a read that trusts no single way.
  ring.asked.clear();
  auto third = read(Consistency::disjoint);
  ring.play(third);
  EXPECT_GT(ring.pings(), 0U);
  ring.asked.clear();
  ring.now.mono = ring.now.mono + k_owner_is_known_for;
  auto later = read(Consistency::quorum);
  ring.play(later);
  EXPECT_GT(ring.pings(), 0U);
}

// It is not asked in vain by Node-ID: it answers, with what it had when it was responsible.
TEST_F(CarefulReads, WhoWasResponsibleIsNotBelieved) {
  auto first = read(Consistency::quorum);
  ring.play(first);
  ring.ping = [this](const Ring::Question& question) {
    const bool before = question.search->point == resource;
    return std::optional(before ? node_at(0x44) : ring.owner_of(question.search->point));
  };
  ring.fetch = [](const Ring::Question& question) {
    return holding(question.holder == node_at(0x44) ? 7 : 5);
  };
  auto second = read(Consistency::quorum);
  ring.play(second);
  EXPECT_EQ(time_of(second.result()), 7U);
}

// Out of the other half of a ring that had fallen apart: it alone has what was written there.
TEST_F(CarefulReads, WhoHasComeBetweenThemIsAskedToo) {
  auto first = read(Consistency::quorum);
  ring.play(first);
  ring.ping = [this](const Ring::Question& question) {
    const bool before = question.search->point == point_after(node_at(0x48));
    return std::optional(before ? node_at(0x4C) : ring.owner_of(question.search->point));
  };
  ring.fetch = [](const Ring::Question& question) {
    return holding(question.holder == node_at(0x4C) ? 7 : 5);
  };
  auto second = read(Consistency::quorum);
  ring.play(second);
  EXPECT_EQ(time_of(second.result()), 7U);
}

TEST_F(CarefulReads, HoldersThatHaveGoneAreSearchedForAgain) {
  auto first = read(Consistency::quorum);
  ring.play(first);
  ring.fetch = [](const Ring::Question& question) -> std::optional<HeldItems> {
    if (question.holder == node_at(0x48) || question.holder == node_at(0x50)) return std::nullopt;
    return holding(5);
  };
  ring.ping = [this](const Ring::Question& question) {
    const NodeId owner = ring.owner_of(question.search->point);
    return std::optional(owner == node_at(0x48) || owner == node_at(0x50) ? node_at(0x58) : owner);
  };
  auto second = read(Consistency::quorum);
  ring.play(second);
  EXPECT_EQ(time_of(second.result()), 5U);
  EXPECT_TRUE(ring.read_from().contains(node_at(0x68)));
}

TEST_F(CarefulReads, TheNewestOfAMajorityWinsAndTheOthersAreNoted) {
  ring.fetch = [](const Ring::Question& question) {
    return holding(question.holder == node_at(0x50) ? 7 : 5);
  };
  auto one = read(Consistency::quorum);
  ring.play(one);
  EXPECT_EQ(time_of(one.result()), 7U);
  EXPECT_TRUE(one.holders_differ());
}

TEST_F(CarefulReads, ARemovalIsNewerThanWhatItRemoves) {
  ring.fetch = [](const Ring::Question& question) {
    return question.holder == node_at(0x50) ? holding(7, false) : holding(5);
  };
  auto one = read(Consistency::quorum);
  ring.play(one);
  const auto result = one.result();
  ASSERT_TRUE(std::holds_alternative<GetResult>(result));
  EXPECT_TRUE(std::get<GetResult>(result).entries.empty());
  EXPECT_TRUE(one.holders_differ());
}

TEST_F(CarefulReads, AQuorumWaitsForNoMoreThanAMajority) {
  ring.fetch = [](const Ring::Question& question) -> std::optional<HeldItems> {
    if (question.holder == node_at(0x48)) return std::nullopt;
    return holding(5);
  };
  auto one = read(Consistency::quorum);
  ring.play(one);
  EXPECT_EQ(time_of(one.result()), 5U);
}

// Plays until only the fetch from that holder is unanswered.
class AllButOne : public CarefulReads {
 protected:
  std::uint64_t play_but(CarefulRead& read, const NodeId& silent) {
    std::uint64_t open = 0;
    for (auto questions = read.next(ring.now); !questions.empty(); questions = read.next(ring.now)) {
      for (const auto& question : questions) {
        if (!question.search && question.holder == silent)
          open = question.number;
        else
          ring.answer(read, question);
      }
    }
    EXPECT_NE(open, 0U);
    return open;
  }
};

// Two rings have become one, and a majority is of the one where it was not written.
TEST_F(AllButOne, IsHeardWhenItAnswersToo) {
  for (const auto consistency : {Consistency::one, Consistency::quorum}) {
    ring.fetch = [](const auto&) { return holding(5); };
    auto one = read(consistency);
    const std::uint64_t open = play_but(one, node_at(0x58));
    EXPECT_FALSE(one.done());
    EXPECT_EQ(one.wakes_at(), ring.now.mono + k_rest_is_awaited);
    one.fetched(open, holding(7));
    EXPECT_TRUE(one.next(ring.now).empty());
    EXPECT_TRUE(one.done());
    EXPECT_EQ(time_of(one.result()), 7U);
  }
}

TEST_F(AllButOne, IsNotWaitedForLongerThanAMoment) {
  ring.fetch = [](const auto&) { return holding(5); };
  auto one = read(Consistency::quorum);
  play_but(one, node_at(0x58));
  ring.now.mono = ring.now.mono + k_rest_is_awaited - Duration{1};
  EXPECT_TRUE(one.next(ring.now).empty());
  EXPECT_FALSE(one.done());
  ring.now.mono = ring.now.mono + Duration{1};
  EXPECT_TRUE(one.next(ring.now).empty());
  EXPECT_TRUE(one.done());
  EXPECT_FALSE(one.wakes_at());
  EXPECT_EQ(time_of(one.result()), 5U);
}

TEST_F(AllButOne, IsNotWaitedForWhenItHasFailed) {
  ring.fetch = [](const auto&) { return holding(5); };
  auto one = read(Consistency::quorum);
  one.failed(play_but(one, node_at(0x58)), CarefulRead::Failure::no_answer);
  EXPECT_TRUE(one.next(ring.now).empty());
  EXPECT_TRUE(one.done());
  EXPECT_EQ(time_of(one.result()), 5U);
}

// Two of three have gone, and those who have come in their stead hold nothing yet: a majority.
TEST_F(CarefulReads, AQuorumWaitsForTheResponsiblePeerUntilItFails) {
  ring.slow = node_at(0x48);
  ring.fetch = [](const Ring::Question& question) -> std::optional<HeldItems> {
    return question.holder == node_at(0x48) ? holding(5) : HeldItems{};
  };
  auto one = read(Consistency::quorum);
  ring.play(one);
  EXPECT_EQ(time_of(one.result()), 5U);
  ring.asked.clear();
  ring.fetch = [](const Ring::Question& question) -> std::optional<HeldItems> {
    if (question.holder == node_at(0x48)) return std::nullopt;
    return HeldItems{};
  };
  auto other = read(Consistency::quorum);
  ring.play(other);
  EXPECT_TRUE(std::get<GetResult>(other.result()).entries.empty());
  EXPECT_EQ(std::count_if(ring.asked.begin(), ring.asked.end(),
                          [](const auto& question) { return question.holder == node_at(0x48); }),
            1);
}

// The peer before them has gone, and they have not been given what it had.
TEST_F(CarefulReads, TwoThatHaveJustComeAreNoMajority) {
  ring.newcomers = {node_at(0x48), node_at(0x50)};
  ring.slow = node_at(0x58);
  ring.fetch = [](const auto&) { return holding(5); };
  for (const auto consistency : {Consistency::one, Consistency::quorum}) {
    auto one = read(consistency);
    ring.play(one);
    EXPECT_EQ(time_of(one.result()), 5U);
    EXPECT_TRUE(one.holders_differ()) << "they are to be given it";
  }
}

TEST_F(CarefulReads, WhatNoneOfTheNewcomersHasIsNotThere) {
  ring.newcomers = holders;
  auto all = read(Consistency::quorum);
  ring.play(all);
  EXPECT_TRUE(std::get<GetResult>(all.result()).entries.empty());
  // Nobody else answers, and the only one that does is not sure.
  ring.newcomers = {node_at(0x48)};
  ring.fetch = [](const auto&) { return std::nullopt; };
  for (const auto consistency : {Consistency::one, Consistency::quorum}) {
    auto one = read(consistency);
    ring.play(one);
    EXPECT_EQ(error_of(one.result()), CallError::unavailable);
  }
  // A majority that is not sure is none as long as somebody else might have it.
  ring.newcomers.insert(node_at(0x50));
  for (const auto consistency : {Consistency::one, Consistency::quorum, Consistency::disjoint}) {
    auto two = read(consistency);
    ring.play(two);
    EXPECT_EQ(error_of(two.result()), CallError::unavailable);
  }
}

// So many have come at once that none is left of those who had it; it is still there, behind them.
TEST_F(CarefulReads, WhenNoneOfTheHoldersIsSureThoseAfterThemAreAsked) {
  ring.newcomers = holders;
  ring.fetch = [](const auto&) { return holding(5); };
  for (const auto consistency : {Consistency::one, Consistency::quorum, Consistency::disjoint}) {
    ring.asked.clear();
    auto one = read(consistency);
    ring.play(one);
    EXPECT_EQ(time_of(one.result()), 5U);
    EXPECT_EQ(ring.read_from().size(), 5U);
    EXPECT_EQ(one.responsible(), node_at(0x48));
    EXPECT_TRUE(one.holders_differ());
  }
  // Who is one of them knows the others, and not who had it.
  ring.asked.clear();
  auto own = read(Consistency::quorum);
  own.holders_are({node_at(0x48), node_at(0x50), node_at(0x58)});
  ring.play(own);
  EXPECT_EQ(time_of(own.result()), 5U);
  // One that is sure is enough.
  ring.asked.clear();
  ring.newcomers.erase(node_at(0x58));
  auto other = read(Consistency::one);
  ring.play(other);
  EXPECT_EQ(ring.read_from(), holders);
}

TEST_F(CarefulReads, TheGenerationIsThatOfWhoHasTheItems) {
  ring.newcomers = {node_at(0x48)};
  ring.fetch = [](const auto&) {
    HeldItems held = holding(5);
    held.generation = 7;
    return held;
  };
  auto one = read(Consistency::quorum);
  ring.play(one);
  EXPECT_EQ(std::get<GetResult>(one.result()).generation, 7U);
}

TEST_F(CarefulReads, WithoutAMajorityItSaysHowManyHaveAnswered) {
  ring.fetch = [](const Ring::Question& question) -> std::optional<HeldItems> {
    if (question.holder != node_at(0x50)) return std::nullopt;
    return holding(5);
  };
  auto one = read(Consistency::quorum);
  ring.play(one);
  const auto result = one.result();
  EXPECT_EQ(error_of(result), CallError::unavailable);
  EXPECT_EQ(std::get<CallFailure>(result).message.substr(0, 52),
            "1 of the 3 peers that hold the key have answered, 2 ");
  ring.ping = [](const auto&) { return std::nullopt; };
  cache.clear();
  auto none = read(Consistency::quorum);
  ring.play(none);
  EXPECT_EQ(error_of(none.result()), CallError::unavailable);
}

TEST_F(CarefulReads, InASmallRingAllPeersAreHolders) {
  ring.ping = [](const Ring::Question& question) {
    const bool between = in_half_open(question.search->point, node_at(0x10), node_at(0x80));
    return std::optional(between ? node_at(0x80) : node_at(0x10));
  };
  ring.fetch = [](const auto&) { return holding(5); };
  CarefulRead one(ring.now, Consistency::quorum, resource, 3, 2, cache);
  ring.play(one);
  EXPECT_EQ(ring.read_from(), (std::set<NodeId>{node_at(0x10), node_at(0x80)}));
  EXPECT_EQ(time_of(one.result()), 5U);
}

// ---- ways that lie

TEST_F(CarefulReads, DisjointWaysHaveDifferentFirstHops) {
  ring.fetch = [](const auto&) { return holding(5); };
  auto one = read(Consistency::disjoint);
  ring.play(one);
  EXPECT_EQ(ring.read_from(), holders);
  std::set<std::pair<RingId, std::uint32_t>> ways;
  for (const auto& question : ring.asked) {
    ASSERT_TRUE(question.route) << "a request by the usual way";
    const bool to_point = question.search && question.search->what == HolderSearch::What::owner;
    if (!to_point || !question.route->relays.empty()) continue;
    EXPECT_TRUE(ways.emplace(question.search->point, question.route->rank).second)
        << "way " << question.route->rank << " twice";
  }
}

TEST_F(CarefulReads, OneHonestHolderAndOneHonestWayToItAreEnough) {
  // Every way but a few is a liar's, who answers in the name of a peer further on.
  const auto honest = [](const Ring::Question& question) { return question.route->rank % 4 == 3; };
  ring.ping = [&](const Ring::Question& question) {
    return std::optional(honest(question) ? ring.owner_of(question.search->point) : node_at(0x60));
  };
  ring.fetch = [&](const Ring::Question& question) -> std::optional<HeldItems> {
    if (!honest(question)) return std::nullopt;
    return question.holder == node_at(0x58) ? holding(7) : HeldItems{};
  };
  auto one = read(Consistency::disjoint);
  ring.play(one);
  EXPECT_EQ(time_of(one.result()), 7U);
  EXPECT_LE(ring.asked.size(), k_max_careful_requests);
}

TEST_F(CarefulReads, WhoeverHidesTheNextPeerIsContradictedByWitnesses) {
  // 0x48 is before 0x50: nothing that is for the point after it gets past it.
  ring.ping = [this](const Ring::Question& question) -> std::optional<NodeId> {
    if (ring.owner_of(question.search->point) == node_at(0x50)) return std::nullopt;
    return ring.owner_of(question.search->point);
  };
  ring.fetch = [](const Ring::Question& question) {
    return question.holder == node_at(0x50) ? holding(7) : HeldItems{};
  };
  auto one = read(Consistency::disjoint);
  ring.play(one);
  EXPECT_EQ(time_of(one.result()), 7U);
  // What a witness makes up is no holder.
  cache.clear();
  ring.asked.clear();
  const auto honest = ring.tell;
  ring.tell = [&](const HolderSearch::Question& question) -> std::optional<NodeId> {
    if (question.what == HolderSearch::What::before) return node_at(0x4C);
    return question.node == node_at(0x4C) ? std::nullopt : honest(question);
  };
  auto other = read(Consistency::disjoint);
  ring.play(other);
  EXPECT_FALSE(ring.read_from().contains(node_at(0x4C)));
}

TEST_F(CarefulReads, AnAnswerFromTooFarOffIsNotBelieved) {
  // From the other side of a ring of a thousand peers.
  ring.ping = [](const auto&) { return std::optional(node_at(0xC0)); };
  CarefulRead one(ring.now, Consistency::disjoint, resource, 3, 1000, cache);
  ring.play(one);
  EXPECT_TRUE(ring.read_from().empty());
  EXPECT_EQ(error_of(one.result()), CallError::unavailable);
}

TEST_F(CarefulReads, AMajorityThatDeniesHidesNothingFromDisjointReads) {
  ring.fetch = [](const Ring::Question& question) {
    return question.holder == node_at(0x58) ? holding(5) : HeldItems{};
  };
  auto one = read(Consistency::disjoint);
  ring.play(one);
  EXPECT_EQ(time_of(one.result()), 5U);
}

TEST_F(CarefulReads, NothingIsNotFoundByAMinority) {
  ring.fetch = [](const Ring::Question& question) -> std::optional<HeldItems> {
    if (question.holder != node_at(0x58)) return std::nullopt;
    return HeldItems{};
  };
  auto one = read(Consistency::disjoint);
  ring.play(one);
  EXPECT_EQ(error_of(one.result()), CallError::unavailable);
}

TEST_F(CarefulReads, NeverAsksMoreThanItsBound) {
  ring.fetch = [](const auto&) { return std::nullopt; };
  auto one = read(Consistency::disjoint, 8);
  ring.play(one);
  EXPECT_LE(ring.asked.size(), k_max_careful_requests);
  EXPECT_GT(ring.asked.size(), 8U * 8U);
}

TEST_F(CarefulReads, WithFewWaysEachIsTakenOnceByAQuestion) {
  ring.ways = 2;
  ring.fetch = [](const auto&) { return std::nullopt; };
  auto one = read(Consistency::disjoint);
  ring.play(one);
  std::map<NodeId, std::size_t> times;
  std::set<std::vector<NodeId>> relayed;
  for (const auto& question : ring.asked) {
    if (question.search || question.route->rank >= 2) continue;
    if (question.route->relays.empty()) {
      ++times[question.holder];
    } else {
      auto way = question.route->relays;
      way.push_back(question.holder);
      EXPECT_TRUE(relayed.insert(way).second) << "the same relays twice";
    }
  }
  // That along which it was found, and each.
  for (const NodeId& holder : holders) {
    EXPECT_GE(times[holder], 2U);
    EXPECT_LE(times[holder], 3U);
  }
}

TEST(HolderCacheTest, IsBoundedAndForgetsTheOldest) {
  HolderCache cache;
  for (unsigned i = 0; i <= k_max_cached_owners; ++i) {
    NodeId owner = node_at(i >> 8U);
    owner.bytes[1] = static_cast<std::uint8_t>(i);
    cache.learn(MonoTime{i}, {ring_subtract(owner, ring_power_of_two(8)), owner, 1});
  }
  EXPECT_EQ(cache.size(), k_max_cached_owners);
  EXPECT_FALSE(cache.owner_of(MonoTime{k_max_cached_owners}, node_at(0), 1)) << "the oldest";
  NodeId next = node_at(0);
  next.bytes[1] = 1;
  EXPECT_EQ(cache.owner_of(MonoTime{k_max_cached_owners}, next, 1), next);
}

TEST(HolderCacheTest, KnowsAStretchAndNoMore) {
  HolderCache cache;
  cache.learn(MonoTime{0}, {node_at(0x40), node_at(0x48), 2});
  cache.learn(MonoTime{0}, {node_at(0x44), node_at(0x48), 2});  // lies within
  EXPECT_EQ(cache.owner_of(MonoTime{1}, node_at(0x41), 2), node_at(0x48));
  EXPECT_FALSE(cache.owner_of(MonoTime{1}, node_at(0x3F), 1));
  EXPECT_FALSE(cache.owner_of(MonoTime{1}, node_at(0x49), 1));
  EXPECT_FALSE(cache.owner_of(MonoTime{1}, node_at(0x41), 3)) << "found along too few ways";
  EXPECT_FALSE(cache.owner_of(MonoTime{0} + k_owner_is_known_for, node_at(0x41), 1));
  cache.forget(node_at(0x48));
  EXPECT_FALSE(cache.owner_of(MonoTime{1}, node_at(0x41), 1));
}

}  // namespace
}  // namespace ringway::data::careful
