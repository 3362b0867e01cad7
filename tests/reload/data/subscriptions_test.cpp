// The index of subscriptions, the line of one watcher's notices, and changes in order: each at its bounds.
#include <gtest/gtest.h>

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

TEST(SubscriptionsOfANode, EndAndAreOfAKnownVersion) {
  const config::Configuration configuration;
  Subscriptions all;
  const auto added = all.set(resource(1), {1, {subscription(node_at(1)), subscription(node_at(2), {9})}},
                             configuration, k_now_ms);
  EXPECT_EQ(added, std::vector{node_at(1)});
  EXPECT_FALSE(all.any_of(node_at(2)));
  EXPECT_TRUE(all.set(resource(1), {1, {subscription(node_at(1))}}, configuration, k_now_ms).empty());
  all.expire(k_now_ms + 1000 * k_subscription_lifetime_s - 1);
  EXPECT_TRUE(all.watched(resource(1)));
  all.expire(k_now_ms + 1000 * k_subscription_lifetime_s);
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

TEST(ALineOfNotices, PastItsBoundTellsToLookAgainUnderANewSession) {
  NoticeLine line(10);
  const SharedBytes notice{Bytes(100, 1)};
  for (std::size_t i = 0; i < k_max_notices_of_watcher; ++i) line.add(resource(i % 2), notice, false);
  EXPECT_EQ(line.size(), k_max_notices_of_watcher);
  (void)line.take_sendable();
  line.add(resource(0), notice, false);
  EXPECT_EQ(line.size(), 2U);
  const auto sent = line.take_sendable();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(decoded(sent[0]).session, 11U);
  EXPECT_EQ(decoded(sent[0]).number, 1U);
  EXPECT_TRUE(std::holds_alternative<LookAgain>(decoded(sent[1]).notice.what));
  NoticeLine bytes(1);
  bytes.add(resource(1), SharedBytes{Bytes(k_max_notice_bytes_of_watcher, 1)}, false);
  EXPECT_EQ(bytes.bytes(), k_max_notice_bytes_of_watcher);
  bytes.add(resource(1), SharedBytes{Bytes(1, 1)}, false);
  EXPECT_LT(bytes.bytes(), 100U);
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
