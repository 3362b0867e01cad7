// The index of subscriptions, the line of one watcher's notices, and changes in order: each at its bounds.
#include <gtest/gtest.h>

#include <deque>

#include "reload/data/changes_in_order.hpp"
#include "reload/data/notice_line.hpp"
#include "reload/data/subscriptions.hpp"
#include "tests/reload/data/overlay.hpp"

namespace ringway::data::test {
namespace {

using ringway::test::k_now_ms;

ResourceId resource(std::size_t n) { return resource_id_of("r" + std::to_string(n)); }

RecordPtr subscription(const NodeId& node, Bytes value = subscription_value()) {
  auto record = std::make_shared<Record>();
  record->stored.value.data = {true, SharedBytes{std::move(value)}};
  record->stored.lifetime_s = k_subscription_lifetime_s;
  record->received_ms = k_now_ms;
  record->signer_node = node;
  record->signer_not_after_ms = k_now_ms + 1'000'000'000;
  return record;
}

TEST(SubscriptionsOfANode, AreBoundedAndMayBeRefreshedAtTheBound) {
  const config::Configuration configuration;
  Subscriptions all;
  const NodeId greedy = node_at(1), other = node_at(2);
  for (std::size_t i = 0; i < k_max_subscriptions_of_node; ++i) {
    ASSERT_TRUE(all.admits(resource(i), greedy)) << i;
    all.set(resource(i), {1, {subscription(greedy)}}, configuration, k_now_ms);
  }
  EXPECT_FALSE(all.admits(resource(k_max_subscriptions_of_node), greedy));
  EXPECT_TRUE(all.admits(resource(3), greedy));
  EXPECT_TRUE(all.admits(resource(k_max_subscriptions_of_node), other));
  all.set(resource(3), {2, {}}, configuration, k_now_ms);
  EXPECT_TRUE(all.admits(resource(k_max_subscriptions_of_node), greedy));
}

TEST(SubscriptionsOfANode, AreBoundedWhenTheyComeAsCopiesToo) {
  const config::Configuration configuration;
  Subscriptions all;
  const NodeId greedy = node_at(1), other = node_at(2);
  for (std::size_t i = 0; i < k_max_subscriptions_of_node; ++i)
    all.set(resource(i), {1, {subscription(greedy)}}, configuration, k_now_ms);
  const KindState both{1, {subscription(greedy), subscription(other)}};
  EXPECT_EQ(all.set(resource(5000), both, configuration, k_now_ms), std::vector{other});
  EXPECT_FALSE(all.has(resource(5000), greedy));
  EXPECT_EQ(all.set(resource(3), both, configuration, k_now_ms), std::vector{other});
  EXPECT_TRUE(all.has(resource(3), greedy)) << "it was there before";
  EXPECT_EQ(all.most_of_one_node(), k_max_subscriptions_of_node);
}

TEST(SubscriptionsOfANode, EndAndAreOfAKnownVersion) {
  const config::Configuration configuration;
  Subscriptions all;
  const auto added = all.set(resource(1), {1, {subscription(node_at(1)), subscription(node_at(2), {9})}},
                             configuration, k_now_ms);
  EXPECT_EQ(added, std::vector{node_at(1)});
  EXPECT_FALSE(all.any_of(node_at(2)));
  EXPECT_TRUE(all.set(resource(1), {1, {subscription(node_at(1))}}, configuration, k_now_ms).empty());
  all.expire(k_now_ms + WallMs{1000} * k_subscription_lifetime_s - 1);
  EXPECT_TRUE(all.watched(resource(1)));
  all.expire(k_now_ms + WallMs{1000} * k_subscription_lifetime_s);
  EXPECT_FALSE(all.watched(resource(1)));
  EXPECT_FALSE(all.any_of(node_at(1)));
}

NumberedNotice decoded(const Bytes& bytes) {
  auto message = decode_watch_message(SharedBytes{bytes}, config::Kinds{});
  return message ? std::get<NumberedNotice>(*message) : NumberedNotice{};
}

TEST(ALineOfNotices, SendsAWindowAndGoesOnWithAcknowledgements) {
  NoticeLine line(10);
  const SharedBytes notice{encode_notice({resource(1), LookAgain{}})};
  for (std::size_t i = 0; i < k_notice_window + 2; ++i) line.add(resource(1), notice, false);
  auto sent = line.take_sendable();
  ASSERT_EQ(sent.size(), k_notice_window);
  EXPECT_EQ(decoded(sent.back()).number, k_notice_window);
  EXPECT_TRUE(line.take_sendable().empty());
  line.seen({9, 3});
  EXPECT_TRUE(line.take_sendable().empty()) << "of another session";
  line.seen({10, 3});
  sent = line.take_sendable();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(decoded(sent.back()).number, k_notice_window + 2);
  line.send_again();
  EXPECT_EQ(decoded(line.take_sendable().front()).number, 4U);
  line.seen({10, UINT64_MAX});
  EXPECT_TRUE(line.empty());
  EXPECT_EQ(line.bytes(), 0U);
}

// What was sent keeps its number: the watcher may have it.
TEST(ALineOfNotices, PastItsBoundTellsToLookAgainBehindWhatWasSent) {
  NoticeLine line(10);
  const SharedBytes notice{Bytes(100, 1)};
  for (std::size_t i = 0; i < k_max_notices_of_watcher; ++i) line.add(resource(i % 2), notice, false);
  EXPECT_EQ(line.size(), k_max_notices_of_watcher);
  (void)line.take_sendable();
  line.add(resource(0), notice, false);
  EXPECT_EQ(line.size(), k_notice_window + 2);
  line.add(resource(1), notice, false);
  EXPECT_EQ(line.size(), k_notice_window + 2) << "its hint was not sent yet";
  line.seen({10, k_notice_window});
  const auto sent = line.take_sendable();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(decoded(sent[0]).session, 10U);
  EXPECT_EQ(decoded(sent[0]).number, k_notice_window + 1);
  EXPECT_TRUE(std::holds_alternative<LookAgain>(decoded(sent[1]).notice.what));
  line.send_again();
  line.add(resource(1), notice, false);
  EXPECT_EQ(line.size(), 3U) << "its hint was sent, and may have been answered";
  NoticeLine bytes(1);
  bytes.add(resource(1), SharedBytes{Bytes(k_max_notice_bytes_of_watcher, 1)}, false);
  EXPECT_EQ(bytes.bytes(), k_max_notice_bytes_of_watcher);
  bytes.add(resource(1), SharedBytes{Bytes(1, 1)}, false);
  EXPECT_LT(bytes.bytes(), 100U);
}

// One watcher of many keys, which change faster than acknowledgements come.
TEST(ALineOfNotices, GoesOnWhileMoreResourcesWaitThanItsBound) {
  constexpr std::size_t k_keys = 300;
  constexpr std::size_t k_round_trip = 20;  // in changes
  NoticeLine line(10);
  std::vector<std::size_t> told(k_keys);     // when, last; 0: never
  std::vector<std::size_t> changed(k_keys);  // likewise
  std::deque<std::pair<std::size_t, Seen>> acknowledgements;
  std::uint64_t number = 0;
  const auto turn = [&](std::size_t time) {
    for (const Bytes& one : line.take_sendable()) {
      const auto got = decoded(one);
      ASSERT_EQ(got.session, 10U);
      ASSERT_EQ(got.number, ++number);
      for (std::size_t i = 0; i < k_keys; ++i)
        if (got.notice.resource == resource(i)) told[i] = time;
      acknowledgements.push_back({time + k_round_trip, {got.session, got.number}});
    }
    for (; !acknowledgements.empty() && acknowledgements.front().first <= time; acknowledgements.pop_front())
      line.seen(acknowledgements.front().second);
    ASSERT_LE(line.size(), k_keys + k_notice_window + 1);
  };
  std::size_t time = 0;
  for (std::size_t i = 0; i < 10 * k_keys; ++i) {
    changed[i % k_keys] = ++time;
    line.add(resource(i % k_keys), SharedBytes{encode_notice({resource(i % k_keys), LookAgain{}})}, false);
    turn(time);
  }
  EXPECT_GT(number, 5 * k_keys) << "it goes on under the load";
  while (!line.empty() && time < 20 * k_keys) turn(++time);
  EXPECT_TRUE(line.empty());
  EXPECT_EQ(line.bytes(), 0U);
  for (std::size_t i = 0; i < k_keys; ++i) EXPECT_GE(told[i], changed[i]) << i;
}

TEST(Changes, ComeInTheOrderOfTheirStoresAndOnlyOnceTheyAreDone) {
  const KindAt at{resource(1), config::k_shared_value};
  ChangesInOrder changes;
  for (std::uint64_t token = 1; token <= 3; ++token) changes.begin(token, {at, token, {}});
  changes.end(2, true);
  EXPECT_TRUE(changes.take().empty());
  changes.end(1, false);
  auto ready = changes.take();
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0].generation, 2U);
  changes.end(7, true);
  changes.end(3, true);
  EXPECT_EQ(changes.take().size(), 1U);
}

}  // namespace
}  // namespace ringway::data::test
