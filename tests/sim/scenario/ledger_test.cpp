// What a read may return, and which values may be lost.
#include <gtest/gtest.h>

#include <set>

#include "sim/check/excuses.hpp"
#include "sim/check/few_copies.hpp"
#include "sim/check/ledger.hpp"
#include "sim/check/swaps.hpp"
#include "sim/check/watch_order.hpp"

namespace ringway::sim {
namespace {

const std::string k_key = "shared/a";

NodeId node(std::uint8_t first) {
  NodeId id;
  id.bytes[0] = first;
  return id;
}

data::Entry read(const NodeId& writer, std::uint64_t attempt, const std::string& key = k_key) {
  data::Entry entry;
  entry.writer_node = writer;
  entry.value = Ledger::content(key, attempt);
  return entry;
}

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() {
    ledger.attempt(k_key, writer);
    ledger.attempt(k_key, writer);
    ledger.attempt(k_key, writer);
    ledger.acknowledge(k_key, writer, 2, 1000);
  }
  std::optional<Law> law(const std::vector<data::Entry>& entries, bool quiet = true) {
    const auto fault = ledger.judge(k_key, entries, quiet);
    return fault ? std::optional{fault->law} : std::nullopt;
  }

  Ledger ledger;
  NodeId writer = node(7);
};

TEST_F(LedgerTest, TheLastAcknowledgedOrALaterAttemptIsRead) {
  EXPECT_EQ(law({read(writer, 2)}), std::nullopt);
  EXPECT_EQ(law({read(writer, 3)}), std::nullopt);
  EXPECT_EQ(law({read(writer, 1)}), Law::value_fresh);
  EXPECT_EQ(law({}), Law::value_kept);
}

TEST_F(LedgerTest, OutsideAQuietRingOnlyWhatNobodyWroteIsWrong) {
  EXPECT_EQ(law({read(writer, 1)}, false), std::nullopt);
  EXPECT_EQ(law({}, false), std::nullopt);
  EXPECT_EQ(law({read(writer, 4)}, false), Law::value_genuine);
  EXPECT_EQ(law({read(node(8), 2)}, false), Law::value_genuine);
  EXPECT_EQ(law({read(writer, 2, "shared/b")}, false), Law::value_genuine);
}

TEST_F(LedgerTest, EachWriterHasItsOwnEntry) {
  ledger.attempt(k_key, node(8));
  ledger.acknowledge(k_key, node(8), 1, 2000);
  EXPECT_EQ(law({read(writer, 2)}), Law::value_kept);
  EXPECT_EQ(law({read(writer, 2), read(node(8), 1)}), std::nullopt);
}

TEST_F(LedgerTest, WhatIsExcusedCountsAgainOnceWritten) {
  ledger.entries()[k_key][writer].excused = true;
  EXPECT_EQ(law({}), std::nullopt);
  EXPECT_FALSE(ledger.expects(k_key));
  ledger.acknowledge(k_key, writer, 3, 3000);
  EXPECT_EQ(law({}), Law::value_kept);
}

TEST_F(LedgerTest, LargeValuesAreWhole) {
  const std::string key = std::string(Ledger::k_large_keys) + "1";
  Bytes content = Ledger::content(key, 12);
  EXPECT_GT(content.size(), 1000U);
  EXPECT_EQ(Ledger::attempt_of(key, content), 12U);
  content.pop_back();
  EXPECT_EQ(Ledger::attempt_of(key, content), 0U);
  EXPECT_EQ(Ledger::attempt_of(k_key, copy_of(view_of(k_key + "#1x"))), 0U);
}

TEST(SwapsTest, TwoWithTheSameGenerationAreOneTooMany) {
  Swaps swaps;
  EXPECT_FALSE(swaps.acknowledged("a", {1000, 4, 5}, 2000));
  EXPECT_FALSE(swaps.acknowledged("b", {1000, 4, 5}, 2000));
  EXPECT_FALSE(swaps.acknowledged("a", {1500, 5, 6}, 2500));
  EXPECT_TRUE(swaps.acknowledged("a", {3000, 2, 5}, 4000));
  EXPECT_TRUE(swaps.acknowledged("a", {1000, 3, 6}, 4000));
  swaps.forget("a");
  EXPECT_FALSE(swaps.acknowledged("a", {5000, 4, 5}, 6000));
  EXPECT_TRUE(swaps.acknowledged("b", {5000, 3, 5}, 6000));
  swaps.forget_all();
  EXPECT_FALSE(swaps.acknowledged("b", {7000, 4, 5}, 8000));
}

// Whoever is second has not seen what the first one wrote, although each leads to a generation of its own.
TEST(SwapsTest, TwoThatComparedTheSameGenerationAreOneTooMany) {
  Swaps swaps;
  EXPECT_FALSE(swaps.acknowledged("a", {1000, 4, 5}, 2000));
  EXPECT_FALSE(swaps.acknowledged("b", {1000, 4, 5}, 2000));
  EXPECT_TRUE(swaps.acknowledged("a", {1000, 4, 6}, 2000));
  swaps.forget("a");
  EXPECT_FALSE(swaps.acknowledged("a", {3000, 4, 7}, 4000));
  swaps.forget_all();
  EXPECT_FALSE(swaps.acknowledged("b", {3000, 4, 7}, 4000));
}

// Those that were under way together may be acknowledged in any order.
TEST(SwapsTest, AGenerationDoesNotGoBack) {
  Swaps swaps;
  EXPECT_FALSE(swaps.acknowledged("a", {1000, 6, 7}, 2000));
  EXPECT_FALSE(swaps.acknowledged("a", {2000, 5, 6}, 3000));
  EXPECT_TRUE(swaps.acknowledged("a", {2001, 4, 5}, 3000));
}

class ExcusesTest : public testing::Test {
 protected:
  ExcusesTest() {
    for (int i = 0; i < 64; ++i) {
      const std::string key = "shared/" + std::to_string(i);
      ledger.acknowledge(key, node(1), ledger.attempt(key, node(1)), 1000);
    }
    for (int i = 1; i <= 8; ++i) ring.push_back(node(static_cast<std::uint8_t>(i * 30)));
  }
  void fail(std::size_t place, std::int64_t now_ms, bool disk_lost = false) {
    excuses.failed(ring.at(place), now_ms, disk_lost);
    gone.insert(ring.at(place));
  }
  std::size_t excused_at(std::int64_t now_ms) {
    std::vector<NodeId> living;
    for (const NodeId& each : ring)
      if (!gone.contains(each)) living.push_back(each);
    excuses.apply(ledger, living, 2, now_ms);
    return ledger.excused();
  }

  Ledger ledger;
  Excuses excuses;
  std::vector<NodeId> ring;
  std::set<NodeId> gone;
};

TEST_F(ExcusesTest, TwoNeighboursAreNoExcuse) {
  fail(3, 2000);
  fail(4, 2000);
  fail(6, 2000);
  EXPECT_EQ(excused_at(2000), 0U);
}

TEST_F(ExcusesTest, ThreeNeighboursAreOneForTheirKeysOnly) {
  for (const std::size_t place : {3U, 4U, 5U}) fail(place, 2000);
  std::size_t first_is_responsible = 0;
  for (const auto& [key, writers] : ledger.entries())
    if (in_half_open(resource_id_of(key), ring[2], ring[3])) ++first_is_responsible;
  ASSERT_GT(first_is_responsible, 0U);
  EXPECT_EQ(excused_at(2000), first_is_responsible);
}

TEST_F(ExcusesTest, AFailureThatCouldBeRepairedCountsNoMore) {
  fail(3, 2000);
  fail(4, 2000);
  EXPECT_EQ(excused_at(2000), 0U);
  fail(5, 200'000);
  EXPECT_EQ(excused_at(200'000), 0U);
}

TEST_F(ExcusesTest, WhoIsBackWithItsDiskStillHasTheValue) {
  for (const bool lost : {false, true}) {
    fail(3, 2000, lost);
    gone.erase(ring[3]);
    excuses.started(ring[3], 3000);
    fail(4, 4000);
    fail(5, 4000);
    EXPECT_EQ(excused_at(4000) > 0, lost);
  }
}

// Its copy went to who was back by then, whatever that peer had lost before.
TEST_F(ExcusesTest, WhoWasBackHasWhatWasWrittenSince) {
  fail(3, 500, true);
  gone.erase(ring[3]);
  excuses.started(ring[3], 600);
  excuses.ring_is_one(900);
  fail(4, 2000, true);
  fail(5, 2000, true);
  EXPECT_EQ(excused_at(2000), 0U);
}

TEST_F(ExcusesTest, WhoWasNotYetInTheRingHasNotWhatWasWrittenThen) {
  fail(3, 500);
  gone.erase(ring[3]);
  excuses.ring_is_one(550);
  excuses.started(ring[3], 600);
  excuses.ring_is_one(1100);
  fail(4, 2000);
  fail(5, 2000);
  EXPECT_GT(excused_at(2000), 0U);
}

// The second time it was gone before it was in the ring again.
TEST_F(ExcusesTest, WhoFailsTwiceLacksWhatWasWrittenSinceTheFirstTime) {
  fail(3, 500);
  excuses.started(ring[3], 600);
  fail(3, 1500);
  gone.erase(ring[3]);
  excuses.started(ring[3], 1600);
  fail(4, 2000);
  fail(5, 2000);
  EXPECT_GT(excused_at(2000), 0U);
}

// A value that was acknowledged by the two peers that there were.
class FewCopiesTest : public testing::Test {
 protected:
  FewCopiesTest() {
    ledger.acknowledge(k_key, one, ledger.attempt(k_key, one), 1000);
    few.acknowledged(k_key, one, 1000, {one, other});
  }
  std::size_t excused_at(std::int64_t now_ms) {
    few.apply(ledger, now_ms);
    return ledger.excused();
  }

  const NodeId one = node(1), other = node(2);
  Ledger ledger;
  FewCopies few{k_repair_takes_ms};
};

TEST_F(FewCopiesTest, AreGoneWithAllWhoHadThem) {
  few.failed(one, true);
  EXPECT_EQ(excused_at(2000), 0U) << "the other one has it";
  few.failed(other, true);
  EXPECT_EQ(excused_at(200'000), 1U) << "nobody could make another one";
}

TEST_F(FewCopiesTest, AreLikeOthersOnceTheRingWasWhole) {
  few.ring_is(true, 2000);
  few.ring_is(false, 91'000);
  few.ring_is(true, 92'000);
  few.ring_is(true, 92'000 + k_repair_takes_ms - 1);
  EXPECT_FALSE(few.empty());
  few.ring_is(true, 92'000 + k_repair_takes_ms);
  EXPECT_TRUE(few.empty());
  few.failed(one, true);
  few.failed(other, true);
  EXPECT_EQ(excused_at(300'000), 0U);
}

TEST_F(FewCopiesTest, AreLikeOthersWhenTheyAreWrittenAgain) {
  few.acknowledged(k_key, one, 2000, {});
  few.failed(one, true);
  few.failed(other, true);
  EXPECT_EQ(excused_at(3000), 0U);
}

// On its disk, or by a copy from the other one.
TEST_F(FewCopiesTest, AreWithWhoIsBack) {
  few.failed(one, false);
  few.started(one, 2000);
  few.failed(other, true);
  EXPECT_EQ(excused_at(3000), 0U) << "its disk was kept";
  few.started(other, 4000);
  few.failed(one, true);
  few.started(one, 4000 + k_repair_takes_ms);
  few.failed(other, true);
  EXPECT_EQ(excused_at(5000 + k_repair_takes_ms), 1U) << "it has just come back with nothing";
}

TEST_F(FewCopiesTest, AreCopiedToWhoHasBeenBackForLong) {
  few.failed(one, true);
  few.started(one, 2000);
  few.failed(other, true);
  EXPECT_EQ(excused_at(2000 + k_repair_takes_ms), 0U);
}

// Events without the mark are one change each, in order.
TEST(WatchOrder, OfUnmarkedEvents) {
  const NodeId a = node(1), b = node(2);
  const std::vector<data::Entry> known{read(a, 3), read(b, 1)};
  EXPECT_EQ(order_fault(k_key, known, {read(a, 4), read(b, 1)}), std::nullopt);
  EXPECT_EQ(order_fault(k_key, known, {read(a, 6), read(b, 1)}), std::nullopt) << "5 came to nothing";
  EXPECT_EQ(order_fault(k_key, known, {read(a, 3)}), std::nullopt) << "it has expired";
  EXPECT_EQ(order_fault(k_key, {}, {read(a, 1)}), std::nullopt);
  EXPECT_EQ(order_fault(k_key, known, {read(a, 2), read(b, 1)}), "was told write 2 after write 3");
  EXPECT_EQ(order_fault(k_key, known, {read(a, 4), read(b, 2)}), "was told 2 changes as if they were one");
  EXPECT_EQ(order_fault(k_key, {}, {read(a, 1), read(b, 1)}), "was told 2 changes as if they were one");
}

}  // namespace
}  // namespace ringway::sim
