// The bounds of what watchers are still to be told.
#include "reload/data/watch_notifier.hpp"

#include <gtest/gtest.h>

#include "tests/reload/data/overlay.hpp"

namespace ringway::data::test {
namespace {

using ringway::test::k_now_ms;

// One peer alone in its ring; no channel to a watcher ever comes.
class Notifying : public ::testing::Test {
 protected:
  Notifying() {
    topology::RingView view;
    view.self = node_at(1);
    view.joined = true;
    data.view = std::make_shared<const topology::RingView>(view);
    configuration->max_message_size_bytes = 70'000;
  }
  static ResourceId resource(std::size_t n) { return resource_id_of("r" + std::to_string(n)); }
  static NodeId watcher(std::size_t n) { return as_node(resource_id_of("watcher" + std::to_string(n))); }
  void subscribe(const ResourceId& at, std::size_t watchers) {
    KindState state;
    for (std::size_t i = 0; i < watchers; ++i) {
      auto record = std::make_shared<Record>();
      record->stored.value.data = {true, SharedBytes{subscription_value()}};
      record->stored.lifetime_s = k_subscription_lifetime_s;
      record->received_ms = k_now_ms;
      record->signer_node = watcher(i);
      record->signer_not_after_ms = k_now_ms + 1'000'000'000;
      state.records.push_back(std::move(record));
    }
    data.subscriptions.set(at, state, *configuration, k_now_ms);
  }
  void change(const ResourceId& at, Records records = {}) {
    notifier.changed(now, {{at, config::k_shared_value}, 1, std::move(records)}, out);
    out.clear();
    for (const auto& table : notifier.tables()) ASSERT_LE(table.size, table.bound) << table.name;
  }
  std::size_t size(std::string_view name) const {
    for (const auto& table : notifier.tables())
      if (table.name == name) return table.size;
    return 0;
  }

  Now now{MonoTime{1'000'000}, k_now_ms};
  std::shared_ptr<config::Configuration> configuration = test_configuration();
  PeerData data{{},
                configuration,
                issue("alice@example.org", node_at(1)),
                std::make_shared<ringway::storage::MemoryStore>()};
  WatchNotifier notifier{data};
  StorageOutputs out;
};

// Its subscriptions are 1024 at a time, but others each time.
TEST_F(Notifying, OneWatcherIsNotOwedMoreHintsThanItHasSubscriptions) {
  for (std::size_t round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < k_max_subscriptions_of_node; ++i) {
      if (round > 0) subscribe(resource((round - 1) * k_max_subscriptions_of_node + i), 0);
      const auto at = resource(round * k_max_subscriptions_of_node + i);
      subscribe(at, 1);
      change(at);
    }
  }
  EXPECT_GE(size("notices for one watcher"), k_max_subscriptions_of_node);
}

TEST_F(Notifying, AllWatchersTogetherAreOwedNoMoreThanTheBound) {
  constexpr std::size_t k_watchers = 300;
  auto record = std::make_shared<Record>();
  record->stored.lifetime_s = 3600;
  record->received_ms = k_now_ms;
  record->stored.value.model = wire::DataModel::dictionary;
  record->stored.value.data = {true, SharedBytes{Bytes(60'000, 1)}};
  record->stored.value_wire = SharedBytes{wire::encode(record->stored.value)};
  for (std::size_t i = 0; i < 20; ++i) {
    subscribe(resource(i), k_watchers);
    change(resource(i), {record});
  }
  EXPECT_GT(size("bytes of notices"), k_max_notice_bytes - 100'000);
  EXPECT_GT(data.statistics.notices_dropped, 0U) << "hints count too";
}

}  // namespace
}  // namespace ringway::data::test
