// Careful reads of more than fits into one message: whose lists are asked for, who is asked for which items,
// and what holds when these do not come.
#include "tests/reload/data/careful_ring.hpp"

namespace ringway::data::careful {
namespace {

using Wanted = CarefulRead::Wanted;

constexpr std::size_t k_item_bytes = 1000;
constexpr std::size_t k_answer_bytes = 3500;  // three items
constexpr int k_items = 10;

ItemKey key_of(int number) { return {static_cast<std::uint8_t>('a' + number)}; }

// Three holders, and what each has: by item its storage_time.
class CarefulParts : public CarefulReads {
 protected:
  using Times = std::map<ItemKey, std::uint64_t>;

  CarefulParts() {
    Times all;
    for (int i = 0; i < k_items; ++i) all[key_of(i)] = 5;
    for (const NodeId& node : holders) has[node] = lists[node] = all;
    ring.is_too_large = [this](const Ring::Question& question) {
      if (question.wanted == Wanted::list) return false;
      if (question.wanted == Wanted::all) return has[question.holder].size() > 3;
      return question.keys.size() > most_at_once;
    };
    ring.fetch = [this](const Ring::Question& question) { return answer(question); };
  }
  HeldItem item(std::uint64_t storage_time_ms) const {
    HeldItem one;
    one.entry.storage_time_ms = storage_time_ms;
    one.entry.value = copy_of(view_of(std::to_string(storage_time_ms)));
    one.exists = storage_time_ms != removed_at;
    return one;
  }
  std::optional<HeldItems> answer(const Ring::Question& question) {
    if (question.wanted == Wanted::part && silent.contains(question.holder)) return std::nullopt;
    HeldItems held;
    held.generation = 3;
    if (question.wanted == Wanted::list) {
      for (const auto& [key, time_ms] : lists[question.holder]) {
        HeldItem one = item(time_ms);
        one.entry.value.clear();
        one.listed_bytes = k_item_bytes;
        held.items[key] = one;
      }
      return held;
    }
    for (const auto& [key, time_ms] : has[question.holder]) {
      const auto& keys = question.keys;
      if (question.wanted == Wanted::part && std::find(keys.begin(), keys.end(), key) == keys.end()) continue;
      held.items[key] = item(time_ms);
    }
    return held;
  }
  CarefulRead in_parts(Consistency consistency) {
    CarefulRead one = read(consistency);
    one.may_read_in_parts(k_answer_bytes);
    return one;
  }
  GetResult played(CarefulRead& read) {
    ring.asked.clear();
    ring.play(read);
    const auto result = read.result();
    const auto* failure = std::get_if<CallFailure>(&result);
    EXPECT_EQ(failure, nullptr) << failure->message;
    return failure == nullptr ? std::get<GetResult>(result) : GetResult{};
  }
  // How often the items were asked for, and from whom.
  std::map<ItemKey, std::vector<NodeId>> asked_for() const {
    std::map<ItemKey, std::vector<NodeId>> times;
    for (const auto& question : ring.asked)
      for (const ItemKey& key : question.keys) times[key].push_back(question.holder);
    return times;
  }
  static std::vector<std::uint64_t> times_of(const GetResult& result) {
    std::vector<std::uint64_t> times;
    for (const Entry& entry : result.entries) {
      EXPECT_EQ(text_of(entry.value), std::to_string(entry.storage_time_ms)) << "not what was listed";
      times.push_back(entry.storage_time_ms);
    }
    return times;
  }
  static constexpr Consistency k_both[] = {Consistency::quorum, Consistency::disjoint};

  std::map<NodeId, Times> has, lists;
  std::set<NodeId> silent;  // when asked for parts
  std::size_t most_at_once = SIZE_MAX;
  std::uint64_t removed_at = 0;
};

// Its replicas have just come to be that, say that there is nothing, and are a majority.
TEST_F(CarefulParts, TheListOfTheResponsiblePeerIsWaitedFor) {
  const NodeId owner = *holders.begin();
  for (const NodeId& node : holders)
    if (node != owner) has[node] = lists[node] = {};
  ring.slow = owner;
  auto one = in_parts(Consistency::quorum);
  EXPECT_EQ(times_of(played(one)), std::vector<std::uint64_t>(k_items, 5));
}

TEST_F(CarefulParts, EachItemIsFetchedOnceFromAllHoldersInTurn) {
  for (const auto consistency : k_both) {
    auto one = in_parts(consistency);
    const GetResult result = played(one);
    EXPECT_EQ(times_of(result), std::vector<std::uint64_t>(k_items, 5));
    EXPECT_EQ(result.generation, 3U);
    EXPECT_FALSE(one.holders_differ());
    std::set<NodeId> from;
    for (const auto& [key, nodes] : asked_for()) {
      EXPECT_EQ(nodes.size(), 1U);
      from.insert(nodes.begin(), nodes.end());
    }
    EXPECT_EQ(asked_for().size(), std::size_t{k_items});
    EXPECT_EQ(from, holders);
    for (const auto& question : ring.asked) EXPECT_LE(question.keys.size(), 3U);
  }
}

TEST_F(CarefulParts, TheNewestIsFetchedFromWhoHasIt) {
  has[node_at(0x50)][key_of(4)] = lists[node_at(0x50)][key_of(4)] = 7;
  has[node_at(0x58)][key_of(20)] = lists[node_at(0x58)][key_of(20)] = 6;  // the others have nothing
  for (const auto consistency : k_both) {
    auto one = in_parts(consistency);
    EXPECT_EQ(times_of(played(one)), (std::vector<std::uint64_t>{5, 5, 5, 5, 7, 5, 5, 5, 5, 5, 6}));
    EXPECT_TRUE(one.holders_differ());
    EXPECT_EQ(asked_for().at(key_of(4)), std::vector{node_at(0x50)});
  }
}

TEST_F(CarefulParts, ARemovalThatIsListedIsFetchedAsWell) {
  removed_at = 7;
  has[node_at(0x50)][key_of(4)] = lists[node_at(0x50)][key_of(4)] = 7;
  auto one = in_parts(Consistency::quorum);
  EXPECT_EQ(played(one).entries.size(), std::size_t{k_items - 1});
  EXPECT_EQ(asked_for().at(key_of(4)), std::vector{node_at(0x50)});
}

// One may lack so much that what it has fits.
TEST_F(CarefulParts, WhatHasComeAtOnceIsNotFetchedAgain) {
  has[node_at(0x48)] = {{key_of(0), 5}, {key_of(1), 9}};
  for (const auto consistency : k_both) {
    auto one = in_parts(consistency);
    EXPECT_EQ(times_of(played(one)), (std::vector<std::uint64_t>{5, 9, 5, 5, 5, 5, 5, 5, 5, 5}));
    EXPECT_FALSE(asked_for().contains(key_of(0)));
    EXPECT_FALSE(asked_for().contains(key_of(1)));
  }
}

TEST_F(CarefulParts, WhatAListPromisesInVainComesFromTheOthers) {
  auto& promised = lists[node_at(0x50)];
  for (auto& [key, time_ms] : promised) time_ms = 9;
  for (int i = 30; i < 34; ++i) promised[key_of(i)] = 9;  // has nobody
  has[node_at(0x50)].erase(key_of(2));
  for (const auto consistency : k_both) {
    auto one = in_parts(consistency);
    EXPECT_EQ(times_of(played(one)), std::vector<std::uint64_t>(k_items, 5));
  }
}

// However much it has listed.
TEST_F(CarefulParts, WhoPromisesTooMuchIsAskedNoMore) {
  auto& promised = lists[node_at(0x50)];
  for (int i = 30; i < 150; ++i) promised[key_of(i)] = 9;
  auto one = in_parts(Consistency::disjoint);
  EXPECT_EQ(times_of(played(one)), std::vector<std::uint64_t>(k_items, 5));
  std::size_t in_vain = 0;
  for (const auto& [key, nodes] : asked_for()) in_vain += key[0] >= key_of(30)[0] ? 1 : 0;
  EXPECT_GT(in_vain, 10U);
  EXPECT_LT(in_vain, 30U);
  EXPECT_FALSE(one.has_answered(node_at(0x50)));
}

TEST_F(CarefulParts, OfWhoFallsSilentTheOthersHaveTheSame) {
  silent = {node_at(0x48)};
  for (const auto consistency : k_both) {
    auto one = in_parts(consistency);
    EXPECT_EQ(times_of(played(one)), std::vector<std::uint64_t>(k_items, 5));
    EXPECT_FALSE(one.has_answered(node_at(0x48)));
  }
}

TEST_F(CarefulParts, WhoFallsSilentIsNotOfTheMajority) {
  silent = {node_at(0x48), node_at(0x50)};
  auto one = in_parts(Consistency::quorum);
  ring.play(one);
  EXPECT_EQ(error_of(one.result()), CallError::unavailable);
  auto other = in_parts(Consistency::disjoint);
  EXPECT_EQ(times_of(played(other)), std::vector<std::uint64_t>(k_items, 5)) << "one honest holder is enough";
}

TEST_F(CarefulParts, APartThatIsTooLargeIsHalved) {
  most_at_once = 1;
  auto one = in_parts(Consistency::quorum);
  EXPECT_EQ(times_of(played(one)), std::vector<std::uint64_t>(k_items, 5));
}

TEST_F(CarefulParts, AnItemThatIsTooLargeAloneEndsItsHolder) {
  most_at_once = 0;
  auto one = in_parts(Consistency::quorum);
  ring.play(one);
  EXPECT_EQ(error_of(one.result()), CallError::unavailable);
}

TEST_F(CarefulParts, AListThatIsTooLargeItselfIsSaid) {
  ring.is_too_large = [](const auto&) { return true; };
  for (const auto consistency : k_both) {
    auto one = in_parts(consistency);
    ring.play(one);
    EXPECT_EQ(error_of(one.result()), CallError::resource_exhausted);
  }
}

TEST_F(CarefulParts, WhoMayNotReadInPartsIsToldThatItIsTooLarge) {
  auto one = read(Consistency::quorum);
  ring.play(one);
  EXPECT_EQ(error_of(one.result()), CallError::resource_exhausted);
  EXPECT_EQ(one.too_large_at(), node_at(0x48));
}

// A list is no answer to a Fetch: it would count as values.
TEST_F(CarefulParts, AListThatNobodyAskedForIsNoAnswer) {
  const auto give_list = [](CarefulRead& read, const Ring::Question& question) {
    HeldItems held;
    HeldItem item;
    item.entry.storage_time_ms = 9;
    item.listed_bytes = k_item_bytes;
    held.items[key_of(0)] = item;
    read.listed(question.number, held);
  };
  auto one = read(Consistency::quorum);
  while (!one.done()) {
    const auto questions = one.next(ring.now);
    for (const auto& question : questions) {
      if (question.search)
        ring.answer(one, question);
      else
        give_list(one, question);
    }
  }
  EXPECT_EQ(error_of(one.result()), CallError::unavailable);
}

TEST_F(CarefulParts, ItEndsWhenItTakesTooLong) {
  auto one = in_parts(Consistency::quorum);
  std::vector<Ring::Question> parts;
  while (parts.empty()) {
    for (const auto& question : one.next(ring.now)) {
      if (question.wanted == Wanted::part)
        parts.push_back(question);
      else
        ring.answer(one, question);
    }
  }
  ring.now.mono = ring.now.mono + k_careful_parts_limit;
  ring.answer(one, parts.front());
  EXPECT_TRUE(one.next(ring.now).empty());
  EXPECT_TRUE(one.done());
  EXPECT_EQ(error_of(one.result()), CallError::resource_exhausted);
}

TEST_F(CarefulParts, ItAsksForSoManyPartsAtMost) {
  for (auto* all : {&has, &lists})
    for (auto& [node, times] : *all)
      for (std::size_t i = 0; i <= k_max_part_requests; ++i)
        times[{'n', static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)}] = 5;
  CarefulRead one = read(Consistency::quorum);
  one.may_read_in_parts(1);
  for (auto questions = one.next(ring.now); !one.done(); questions = one.next(ring.now)) {
    ASSERT_FALSE(questions.empty());
    ring.asked.insert(ring.asked.end(), questions.begin(), questions.end());
    for (const auto& question : questions) ring.answer(one, question);
  }
  EXPECT_EQ(error_of(one.result()), CallError::resource_exhausted);
  EXPECT_LE(asked_for().size(), k_max_part_requests);
  EXPECT_GT(asked_for().size() + holders.size(), k_max_part_requests);
}

// With the time that it takes: each answer comes after `takes` of its holder, or is lost with the deadline.
class CarefulPartsInTime : public CarefulParts {
 protected:
  struct Way {
    Duration takes{50};
    // Whether the nth part (from 0) is answered, and whether what it holds is true.
    std::function<bool(std::size_t)> is_lost = [](std::size_t) { return false; };
  };

  // Each on its way at once, as messages are; the read is asked after each.
  void play(CarefulRead& read) {
    std::multimap<MonoTime, Ring::Question> coming;
    std::map<NodeId, std::size_t> parts;
    for (int rounds = 0; rounds < 10'000; ++rounds) {
      for (const auto& question : read.next(ring.now)) {
        const bool is_part = question.wanted == Wanted::part;
        const Way& way = ways[question.holder];
        const std::size_t nth = is_part ? parts[question.holder]++ : 0;
        const bool is_lost = is_part && way.is_lost(nth);
        if (is_part) ring.asked.push_back(question);
        if (is_lost) lost.insert(question.number);
        coming.emplace(ring.now.mono + (is_lost   ? question.deadline
                                        : is_part ? way.takes
                                                  : Duration{50}),
                       question);
      }
      if (read.done()) return;
      ASSERT_FALSE(coming.empty()) << "waits for nothing";
      ring.now.mono = std::max(ring.now.mono, coming.begin()->first);
      const Ring::Question next = coming.extract(coming.begin()).mapped();
      if (lost.contains(next.number))
        read.failed(next.number, CarefulRead::Failure::no_answer);
      else
        ring.answer(read, next);
    }
    FAIL() << "no end";
  }
  // How long that took.
  Duration passed(CarefulRead& read) {
    const MonoTime began = ring.now.mono;
    lost.clear();
    ring.asked.clear();
    play(read);
    return ring.now.mono - began;
  }
  void promise(const NodeId& node, int from, int count, std::uint64_t time_ms) {
    for (int i = from; i < from + count; ++i) lists[node][key_of(i)] = time_ms;
  }
  // So large that each is asked for alone.
  CarefulRead one_by_one(Consistency consistency) {
    CarefulRead one = read(consistency);
    one.may_read_in_parts(1);
    return one;
  }
  const NodeId liar = node_at(0x50);
  std::map<NodeId, Way> ways;
  std::set<std::uint64_t> lost;
};

// Two are lost, one brings nothing true, and so on: it would last for minutes.
TEST_F(CarefulPartsInTime, WhoListsWhatIsNotThereAndIsSlowIsAskedForTenSeconds) {
  promise(liar, 30, 120, 9);
  ways[liar] = {Duration{1'900}, [](std::size_t nth) { return nth % 3 != 2; }};
  for (const auto consistency : k_both) {
    auto one = one_by_one(consistency);
    EXPECT_LT(passed(one), k_holder_patience + Duration{8'000});
    const auto result = one.result();
    ASSERT_TRUE(std::holds_alternative<GetResult>(result)) << std::get<CallFailure>(result).message;
    EXPECT_EQ(times_of(std::get<GetResult>(result)), std::vector<std::uint64_t>(k_items, 5));
    EXPECT_FALSE(one.has_answered(liar));
  }
}

// It says that each is newer, and so keeps the others from being asked.
TEST_F(CarefulPartsInTime, WhoListsNewerOnesThanItGivesIsAskedForTenSeconds) {
  for (auto& [key, time_ms] : lists[liar]) time_ms = 9;
  has[liar].clear();
  for (int i = 40; i < 44; ++i) has[liar][key_of(i)] = 9;  // else its list would be too short to be large
  ways[liar] = {Duration{1'900}, [](std::size_t nth) { return nth % 3 == 0; }};
  for (const auto consistency : k_both) {
    auto one = one_by_one(consistency);
    EXPECT_LT(passed(one), k_holder_patience + Duration{8'000});
    const auto result = one.result();
    ASSERT_TRUE(std::holds_alternative<GetResult>(result)) << std::get<CallFailure>(result).message;
    EXPECT_EQ(times_of(std::get<GetResult>(result)), std::vector<std::uint64_t>(k_items, 5));
  }
}

// What it gives is true and with nobody else, just often enough, and behind that stand false promises.
TEST_F(CarefulPartsInTime, AtTheEndWhatTheOthersHaveGivenCounts) {
  for (int i = -60; i < 0; ++i) has[liar][key_of(i)] = lists[liar][key_of(i)] = 6;
  for (int i = 0; i < k_items; ++i) lists[liar][key_of(i)] = 9;
  ways[liar].takes = Duration{3'500};
  auto one = one_by_one(Consistency::quorum);
  const Duration took = passed(one);
  EXPECT_GE(took, k_careful_parts_limit);
  EXPECT_LT(took, k_careful_parts_limit + Duration{5'000});
  const auto result = one.result();
  ASSERT_TRUE(std::holds_alternative<GetResult>(result)) << std::get<CallFailure>(result).message;
  const auto times = times_of(std::get<GetResult>(result));
  EXPECT_EQ(std::count(times.begin(), times.end(), 5U), k_items) << "of the honest holders";
  EXPECT_FALSE(one.has_answered(liar));
}

// A liar that has answered quickly, with nothing, does not make half of what an honest one has the result.
TEST_F(CarefulPartsInTime, MoreThanCanBeReadInTimeIsSaid) {
  for (const NodeId& node : holders) {
    if (node == liar) continue;
    for (int i = 0; i < 120; ++i) has[node][key_of(i)] = lists[node][key_of(i)] = 5;
    ways[node].takes = Duration{1'500};
  }
  has[liar].clear();
  lists[liar].clear();
  for (const auto consistency : k_both) {
    auto one = one_by_one(consistency);
    EXPECT_GE(passed(one), k_careful_parts_limit);
    EXPECT_EQ(error_of(one.result()), CallError::resource_exhausted);
  }
}

}  // namespace
}  // namespace ringway::data::careful
