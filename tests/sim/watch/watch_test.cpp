// Watches in whole overlays: over channels, past the death and the leave of responsible peers, through a
// partition, and with an application that does not keep up.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/sim/overlay.hpp"

namespace ringway::sim {
namespace {

using namespace std::chrono_literals;

constexpr const char* k_key = "shared/watched";

class WatchesInARing : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(simulation_.grow(12));
    ASSERT_TRUE(forms_ring(simulation_));
  }

  PeerNumber holder() const { return simulation_.responsible_for(resource_id_of(std::string_view(k_key))); }
  // So many places after the responsible peer, clockwise.
  PeerNumber after_holder(std::size_t places) const {
    const auto ring = simulation_.living();
    const auto at = std::find(ring.begin(), ring.end(), holder());
    return ring[(static_cast<std::size_t>(at - ring.begin()) + places) % ring.size()];
  }
  // What is stored under the key, as this watch has been told: the newest value, since one peer writes them.
  void watch(PeerNumber by, bool slow = false) {
    watch_ = simulation_.peer(by).watch(
        {k_key, std::nullopt},
        [this](const data::WatchResult& result) {
          const auto* update = std::get_if<data::WatchUpdate>(&result);
          if (update == nullptr) return events_.push_back("failed");
          std::string event = update->compacted ? "*" : "";
          for (const auto& entry : update->state.entries) event += text_of(entry.value);
          events_.push_back(event);
        },
        slow);
  }
  ::testing::AssertionResult put(PeerNumber by, const std::string& value) {
    data::PutCall call;
    call.key = k_key;
    call.value = copy_of(view_of(value));
    const auto result = simulation_.call(by, call);
    if (std::holds_alternative<data::PutResult>(result)) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << describe(result);
  }
  // While the ring mends, a call may end without an answer.
  ::testing::AssertionResult put_at_last(PeerNumber by, const std::string& value) {
    for (int attempt = 0; attempt < 5; ++attempt)
      if (put(by, value)) return ::testing::AssertionSuccess();
    return put(by, value);
  }
  bool told(const std::string& value, Duration limit = 30s) {
    return simulation_.run_until(
        [&] { return !events_.empty() && (events_.back() == value || events_.back() == "*" + value); },
        limit);
  }

  Simulation simulation_{settings_of(GetParam())};
  std::uint64_t watch_ = 0;
  std::vector<std::string> events_;
};

TEST_P(WatchesInARing, TellEachChangeInOrder) {
  RINGWAY_SEED(simulation_);
  watch(after_holder(6));
  ASSERT_TRUE(told(""));
  std::vector<std::string> expected{""};
  for (int i = 0; i < 20; ++i) {
    expected.push_back("v" + std::to_string(i));
    ASSERT_TRUE(put(after_holder(3), expected.back()));
  }
  ASSERT_TRUE(told("v19"));
  EXPECT_EQ(events_, expected);
}

TEST_P(WatchesInARing, SurviveTheDeathOfEachResponsiblePeerInTurn) {
  RINGWAY_SEED(simulation_);
  const auto watcher = after_holder(6), writer = after_holder(7);
  watch(watcher);
  for (int round = 0; round < 3; ++round) {
    const std::string value = "round " + std::to_string(round);
    ASSERT_TRUE(put(writer, value));
    ASSERT_TRUE(told(value));
    simulation_.kill(holder(), round == 1 ? Death::silent : Death::reset);
    ASSERT_TRUE(put_at_last(writer, value + " after"));
    ASSERT_TRUE(told(value + " after", 60s));
    ASSERT_TRUE(forms_ring(simulation_));
    simulation_.run_for(60s);
  }
}

TEST_P(WatchesInARing, SurviveALeaveAndANewcomer) {
  RINGWAY_SEED(simulation_);
  const auto watcher = after_holder(6), writer = after_holder(7);
  watch(watcher);
  ASSERT_TRUE(put(writer, "before"));
  ASSERT_TRUE(told("before"));
  simulation_.leave(holder());
  simulation_.run_for(15s);
  ASSERT_TRUE(put_at_last(writer, "after the leave"));
  ASSERT_TRUE(told("after the leave"));
  // One that comes to be responsible.
  const auto node = as_node(ring_add(resource_id_of(std::string_view(k_key)), ring_power_of_two(60)));
  simulation_.start(simulation_.add_peer(node), false, writer);
  ASSERT_TRUE(forms_ring(simulation_));
  ASSERT_TRUE(put(writer, "after the join"));
  EXPECT_TRUE(told("after the join"));
}

TEST_P(WatchesInARing, SurviveTheLossOfTheWatchersNeighbours) {
  RINGWAY_SEED(simulation_);
  const auto watcher = after_holder(6), writer = after_holder(2);
  watch(watcher);
  ASSERT_TRUE(told(""));
  const std::vector<PeerNumber> neighbours{after_holder(5), after_holder(7)};
  for (const PeerNumber one : neighbours) simulation_.kill(one);
  ASSERT_TRUE(put_at_last(writer, "after"));
  EXPECT_TRUE(told("after", 60s));
}

TEST_P(WatchesInARing, HaveTheNewestStateAfterAPartition) {
  RINGWAY_SEED(simulation_);
  const auto watcher = after_holder(6), writer = after_holder(1);
  watch(watcher);
  ASSERT_TRUE(put(writer, "before"));
  ASSERT_TRUE(told("before"));
  std::map<PeerNumber, int> groups;
  for (std::size_t i = 0; i < 12; ++i) groups[after_holder(i)] = i >= 4 && i < 10 ? 1 : 0;
  simulation_.network().partition(groups);
  simulation_.run_for(150s);
  ASSERT_TRUE(put(writer, "apart"));
  simulation_.run_for(10s);
  // As a get there: none of the three copies is on this side.
  EXPECT_THAT(events_.back(), ::testing::Not(::testing::HasSubstr("apart")));
  simulation_.network().heal();
  ASSERT_TRUE(forms_ring(simulation_, 3, 900s));
  EXPECT_TRUE(told("apart", 90s));
}

TEST_P(WatchesInARing, CompactForAnApplicationThatDoesNotKeepUp) {
  RINGWAY_SEED(simulation_);
  const auto watcher = after_holder(6), writer = after_holder(7);
  watch(watcher, true);
  ASSERT_TRUE(told(""));
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(put(writer, "v" + std::to_string(i)));
  simulation_.run_for(5s);
  EXPECT_EQ(events_.size(), 1U);
  for (int i = 0; i < 40; ++i) simulation_.peer(watcher).watch_next(watch_);
  EXPECT_TRUE(told("v49"));
  EXPECT_LE(events_.size(), 34U);
  EXPECT_THAT(events_, ::testing::Contains(::testing::StartsWith("*")));
}

TEST_P(WatchesInARing, MissNoLastStateUnderChurn) {
  RINGWAY_SEED(simulation_);
  const auto watcher = after_holder(6), writer = after_holder(7);
  watch(watcher);
  ASSERT_TRUE(told(""));
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(put_at_last(writer, "v" + std::to_string(i)));
    if (i % 3 == 0) simulation_.kill(holder());
    simulation_.run_for(40s);
  }
  EXPECT_TRUE(told("v9", 60s));
}

INSTANTIATE_TEST_SUITE_P(Seeds, WatchesInARing, ::testing::Values(1, 2, 3));

}  // namespace
}  // namespace ringway::sim
