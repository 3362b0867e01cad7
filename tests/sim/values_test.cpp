// Values on whole overlays: placed, found, handed over, copied again, never lost.
#include <gtest/gtest.h>

#include <set>

#include "reload/config/kinds.hpp"
#include "tests/sim/overlay.hpp"

namespace ringway::sim {
namespace {

// The hold-down of 30 s, two minutes in which nothing is dropped, and what follows.
constexpr Duration k_settled{210'000};

TEST(Values, ArePlacedAtThreePeersAndFoundFromEverywhere) {
  // Shows: ROUTE-07, ROUTE-08, ROUTE-10, ROUTE-22, TOPO-35, TOPO-36, STORE-04, STORE-37, STORE-50.
  Simulation simulation(settings_of(31));
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(16));
  ASSERT_TRUE(forms_ring(simulation));
  Values values(simulation);
  ASSERT_TRUE(values.put(100));
  EXPECT_TRUE(values.placed_as_the_rfc_says());
  EXPECT_TRUE(values.all_found_from_everywhere());
}

TEST(Values, APutSaysWhoHasIt) {
  // Shows: TOPO-35.
  Simulation simulation(settings_of(32));
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(5));
  ASSERT_TRUE(forms_ring(simulation));
  data::PutCall put;
  put.key = "shared/who";
  put.value = {1, 2, 3};
  const auto result = simulation.call(1, put);
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(result)) << describe(result);
  const auto& answer = std::get<data::PutResult>(result);
  EXPECT_EQ(answer.copies, 3U);
  EXPECT_EQ(answer.copies_wanted, 3U);
  EXPECT_EQ(answer.replicas.size(), 2U);
  EXPECT_EQ(simulation.holders_of({resource_id_of("shared/who"), config::k_shared_value}).size(), 3U)
      << "the answer waits for the copies";
}

TEST(Values, SmallRingsHoldWhatTheyCan) {
  // Shows: TOPO-46.
  for (const std::size_t size : {1U, 2U, 3U}) {
    Simulation simulation(settings_of(33));
    RINGWAY_SEED(simulation);
    ASSERT_TRUE(simulation.grow(size));
    ASSERT_TRUE(forms_ring(simulation));
    data::PutCall put;
    put.key = "shared/small";
    put.value = {1};
    const auto result = simulation.call(size - 1, put);
    ASSERT_TRUE(std::holds_alternative<data::PutResult>(result)) << size << " peers: " << describe(result);
    EXPECT_EQ(std::get<data::PutResult>(result).copies, size);
    Values values(simulation);
    ASSERT_TRUE(values.put(20));
    EXPECT_TRUE(values.placed_as_the_rfc_says());
    EXPECT_TRUE(values.all_found_from_everywhere());
  }
}

TEST(Values, MoveToPeersThatJoin) {
  // Shows: TOPO-15, TOPO-17, TOPO-37, TOPO-39, STORE-05, STORE-52.
  Simulation simulation(settings_of(34));
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(4));
  ASSERT_TRUE(forms_ring(simulation));
  Values values(simulation);
  ASSERT_TRUE(values.put(100));
  ASSERT_TRUE(simulation.grow(8));
  ASSERT_TRUE(forms_ring(simulation));
  EXPECT_TRUE(values.all_found_from_everywhere());
  simulation.run_for(k_settled);
  EXPECT_TRUE(values.placed_as_the_rfc_says());
  EXPECT_TRUE(values.all_found_from_everywhere());
}

TEST(Values, AreFoundAndTakenWhilePeersJoin) {
  // Shows: TOPO-18.
  Simulation simulation(settings_of(35));
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(3));
  ASSERT_TRUE(forms_ring(simulation));
  Values values(simulation);
  ASSERT_TRUE(values.put(50));
  const auto old_ones = simulation.living();
  for (int i = 0; i < 5; ++i) simulation.start(simulation.add_peer());
  for (int round = 0; round < 20; ++round) {
    for (const PeerNumber peer : old_ones) ASSERT_TRUE(values.all_found_from(peer)) << "round " << round;
    for (int i = 0; i < 3; ++i) {
      data::PutCall put;
      put.key = "shared/during-" + std::to_string(round) + "-" + std::to_string(i);
      put.value = {1};
      const auto result = simulation.call(old_ones[static_cast<std::size_t>(i)], put);
      ASSERT_TRUE(std::holds_alternative<data::PutResult>(result)) << describe(result);
      const auto got = simulation.call(old_ones[0], data::GetCall{put.key, std::nullopt});
      ASSERT_TRUE(std::holds_alternative<data::GetResult>(got)) << put.key << ": " << describe(got);
    }
  }
  ASSERT_TRUE(forms_ring(simulation));
  EXPECT_TRUE(values.all_found_from_everywhere());
}

class TwoDie : public testing::TestWithParam<std::uint64_t> {};

TEST_P(TwoDie, NeighboursAtTheSameMoment) {
  // Shows: TOPO-37, TOPO-48, STORE-10.
  Simulation simulation(settings_of(GetParam()));
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(16));
  ASSERT_TRUE(forms_ring(simulation));
  Values values(simulation);
  ASSERT_TRUE(values.put(100));
  const auto ring = simulation.living();
  simulation.kill(ring[7]);
  simulation.kill(ring[8]);
  simulation.run_for(Duration{10'000});
  for (const PeerNumber peer : simulation.living())
    ASSERT_TRUE(values.all_found_from(peer, Duration{20'000}));
  simulation.run_for(k_settled);
  EXPECT_TRUE(values.placed_as_the_rfc_says());
  // The copies have been made again, so it may happen again.
  simulation.kill(ring[9]);
  simulation.kill(ring[10]);
  simulation.run_for(Duration{10'000});
  EXPECT_TRUE(values.all_found_from_everywhere());
}

INSTANTIATE_TEST_SUITE_P(Seeds, TwoDie, testing::Values(36, 37));

TEST(Values, OutliveLeaving) {
  // Shows: TOPO-41.
  Simulation simulation(settings_of(38));
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(8));
  ASSERT_TRUE(forms_ring(simulation));
  Values values(simulation);
  ASSERT_TRUE(values.put(60));
  for (const PeerNumber number : {1U, 4U, 6U}) {
    simulation.leave(number);
    ASSERT_TRUE(simulation.run_until([&] { return simulation.peer(number).has_left(); }, Duration{10'000}));
    simulation.run_for(k_settled);
    EXPECT_TRUE(values.all_found_from_everywhere()) << "after peer " << number << " left";
    EXPECT_TRUE(values.placed_as_the_rfc_says()) << "after peer " << number << " left";
  }
}

TEST(Values, OutliveTheRestartOfAll) {
  Simulation simulation(settings_of(39));
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(8));
  ASSERT_TRUE(forms_ring(simulation));
  Values values(simulation);
  ASSERT_TRUE(values.put(60));
  for (const PeerNumber number : simulation.living()) simulation.kill(number, Death::silent);
  simulation.run_for(Duration{1'000});
  for (PeerNumber number = 0; number < 8; ++number) simulation.restart(number, number == 0);
  ASSERT_TRUE(forms_ring(simulation));
  simulation.run_for(k_settled);
  EXPECT_TRUE(values.all_found_from_everywhere());
}

TEST(Values, ARemovalReachesTheCopiesToo) {
  // Shows: STORE-24.
  Simulation simulation(settings_of(40));
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(6));
  ASSERT_TRUE(forms_ring(simulation));
  data::PutCall put;
  put.key = "shared/short-lived";
  put.value = {1};
  const auto stored = simulation.call(2, put);
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(stored)) << describe(stored);
  data::RemoveCall remove;
  remove.key = put.key;
  const auto removed = simulation.call(2, remove);
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(removed)) << describe(removed);
  simulation.kill(simulation.responsible_for(resource_id_of(put.key)));
  simulation.run_for(Duration{10'000});
  for (const PeerNumber peer : simulation.living()) {
    const auto got = simulation.call(peer, data::GetCall{put.key, std::nullopt});
    const auto* failure = std::get_if<data::CallFailure>(&got);
    const auto* entries = std::get_if<data::GetResult>(&got);
    EXPECT_TRUE((failure != nullptr && failure->error == data::CallError::not_found) ||
                (entries != nullptr && entries->entries.empty()))
        << describe(got);
  }
}

TEST(Values, ArePutAndFoundUnderMessageLoss) {
  // Shows: ROUTE-16.
  Simulation simulation(settings_of(41));
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(10));
  ASSERT_TRUE(forms_ring(simulation));
  simulation.network().settings().message_drop = 0.03;
  Values values(simulation);
  ASSERT_TRUE(values.put(50, Duration{120'000}));
  for (const PeerNumber peer : simulation.living())
    ASSERT_TRUE(values.all_found_from(peer, Duration{120'000}));
}

TEST(Values, TheDeathOfAForwarderIsOvercome) {
  // Shows: ROUTE-33.
  Simulation simulation(settings_of(42));
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(24));
  ASSERT_TRUE(forms_ring(simulation));
  Values values(simulation);
  ASSERT_TRUE(values.put(60));
  const auto ring = simulation.living();
  const std::set<PeerNumber> victims{ring[4], ring[12], ring[20]};
  // Requests for what the victims are not responsible for: to these they are forwarders at most.
  auto open = std::make_shared<std::size_t>(0);
  auto failures = std::make_shared<std::vector<std::string>>();
  std::size_t asked = 0;
  for (const auto& [name, value] : values.all()) {
    if (victims.contains(simulation.responsible_for(resource_id_of(name)))) continue;
    for (const PeerNumber peer : {ring[1], ring[9], ring[17]}) {
      ++*open;
      ++asked;
      simulation.peer(peer).submit(
          {data::GetCall{name, std::nullopt}},
          [open, failures, name = name](const std::vector<data::CallResult>& results) {
            --*open;
            if (!std::holds_alternative<data::GetResult>(results.at(0)))
              failures->push_back(name + ": " + describe(results.at(0)));
          });
    }
  }
  // While they are under way three peers, none of them neighbours, vanish without a word.
  simulation.run_for(Duration{10});
  EXPECT_GT(*open, asked / 4) << "too late to matter";
  for (const PeerNumber victim : victims) simulation.kill(victim, Death::silent);
  EXPECT_TRUE(simulation.run_until([&] { return *open == 0; }, Duration{60'000}))
      << *open << " have no answer";
  EXPECT_TRUE(failures->empty()) << failures->size() << " failed, the first: " << failures->front();
}

}  // namespace
}  // namespace ringway::sim
