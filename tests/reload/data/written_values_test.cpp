// What a peer remembers of its users' values, and keeps over a restart.
#include "reload/data/written_values.hpp"

#include <gtest/gtest.h>

#include <string>

#include "storage/memory_store.hpp"

namespace ringway::data {
namespace {

constexpr WallMs k_now_ms = 1'700'000'000'000;

WrittenValue value_at(const std::string& key, const std::string& as_user = "", std::size_t size_bytes = 3) {
  WrittenValue value;
  value.call.key = key;
  value.call.entry = std::string("entry\0with", 10);
  value.call.as_user = as_user;
  value.call.value = Bytes(size_bytes, 7);
  value.storage_time_ms = k_now_ms;
  value.expires_ms = k_now_ms + 1000;
  value.certificate_sha256 = Bytes(32, 1);
  return value;
}

std::vector<std::string> others(WrittenValues& values) {
  static const Bytes present(32, 2);
  const Now now{MonoTime{}, k_now_ms};
  std::vector<std::string> keys;
  for (const auto& one : values.take_due(
           now, [](const std::string&) { return BytesView(present); }, 100))
    keys.push_back(one.call.key + "/" + one.call.as_user);
  return keys;
}

TEST(WrittenValuesTest, AreTheSameAfterARestart) {
  storage::MemoryStore store;
  WrittenValues before(10, 1000);
  before.remember(value_at("a"));
  before.remember(value_at("a", "bob@example.org"));
  before.remember(value_at("b"));
  before.remember(value_at("gone"));
  before.forget({"gone", std::string("entry\0with", 10), ""});
  ASSERT_TRUE(store.commit({before.take_changes()}).ok());
  EXPECT_TRUE(before.take_changes().empty());
  WrittenValues after(10, 1000);
  ASSERT_TRUE(after.load(store).ok());
  EXPECT_TRUE(after.take_changes().empty());
  EXPECT_EQ(others(after), (std::vector<std::string>{"a/", "a/bob@example.org", "b/"}));
}

TEST(WrittenValuesTest, AFactHoldsAllOfAValue) {
  const WrittenValue value = value_at("key", "bob@example.org");
  const auto read = written_value_of(fact_of(value));
  ASSERT_TRUE(read.ok()) << read.error().reason;
  EXPECT_EQ(name_of(read->call), name_of(value.call));
  EXPECT_EQ(read->call.value, value.call.value);
  EXPECT_EQ(read->storage_time_ms, value.storage_time_ms);
  EXPECT_EQ(read->expires_ms, value.expires_ms);
  EXPECT_EQ(read->certificate_sha256, value.certificate_sha256);
}

TEST(WrittenValuesTest, WhatCannotBeReadIsDropped) {
  storage::MemoryStore store;
  PutFact cut = fact_of(value_at("cut"));
  cut.value.pop_back();
  PutFact longer = fact_of(value_at("longer"));
  longer.value.push_back(0);
  ASSERT_TRUE(store.commit({{cut, longer, PutFact{"put/x", {1}}, fact_of(value_at("good"))}}).ok());
  WrittenValues values(10, 1000);
  ASSERT_TRUE(values.load(store).ok());
  EXPECT_EQ(values.size(), 1U);
  ASSERT_TRUE(store.commit({values.take_changes()}).ok());
  EXPECT_EQ(store.list_facts("put/", 10)->size(), 1U);
}

TEST(WrittenValuesTest, TheOldestGoWhenThereAreTooManyOrTheyAreTooLarge) {
  storage::MemoryStore store;
  WrittenValues few(2, 1000);
  for (const char* key : {"a", "b", "c"}) few.remember(value_at(key));
  EXPECT_EQ(others(few), (std::vector<std::string>{"b/", "c/"}));
  ASSERT_TRUE(store.commit({few.take_changes()}).ok());
  EXPECT_EQ(store.list_facts("put/", 10)->size(), 2U);
  WrittenValues small(10, 100);
  for (const char* key : {"a", "b", "c"}) small.remember(value_at(key, "", 30));
  EXPECT_EQ(others(small), (std::vector<std::string>{"b/", "c/"}));
}

TEST(WrittenValuesTest, WhatHasEndedIsForgotten) {
  storage::MemoryStore store;
  WrittenValues values(10, 1000);
  WrittenValue ended = value_at("ended");
  ended.expires_ms = k_now_ms;
  values.remember(ended);
  EXPECT_TRUE(others(values).empty());
  ASSERT_TRUE(store.commit({values.take_changes()}).ok());
  EXPECT_TRUE(store.list_facts("put/", 10)->empty());
}

WrittenValue kept_at(const std::string& key, std::size_t size_bytes = 3) {
  WrittenValue value = value_at(key, "", size_bytes);
  value.call.keep = true;
  value.call.lifetime_s = 100;
  value.expires_ms = k_now_ms + 100'000;
  value.certificate_sha256 = Bytes(32, 2);
  return value;
}

std::vector<std::string> due(WrittenValues& values, WallMs at_ms) {
  static const Bytes present(32, 2);
  std::vector<std::string> keys;
  for (const auto& one : values.take_due(
           {MonoTime{}, at_ms}, [](const std::string&) { return BytesView(present); }, 100))
    keys.push_back(one.call.key);
  return keys;
}

TEST(WrittenValuesTest, WhatIsToBeKeptIsDueAtHalfOfItsLifetimeAndAfterItsEnd) {
  WrittenValues values(10, 1000);
  values.remember(kept_at("a"));
  EXPECT_EQ(values.next_refresh_ms(), k_now_ms + 50'000);
  EXPECT_TRUE(due(values, k_now_ms + 49'999).empty());
  EXPECT_EQ(due(values, k_now_ms + 50'000), std::vector<std::string>{"a"});
  EXPECT_EQ(values.next_refresh_ms(), std::nullopt) << "it is being put";
  EXPECT_TRUE(due(values, k_now_ms + 60'000).empty());
  const WrittenName a{"a", std::string("entry\0with", 10), ""};
  values.postpone(a, k_now_ms - 1, MonoTime{});
  EXPECT_EQ(values.next_refresh_ms(), std::nullopt) << "another value was";
  values.postpone(a, k_now_ms, MonoTime{});
  EXPECT_EQ(values.next_refresh_ms(), k_now_ms + 50'000);
  EXPECT_EQ(due(values, k_now_ms + 10'000'000), std::vector<std::string>{"a"});
  values.forget({"a", std::string("entry\0with", 10), ""});
  EXPECT_EQ(values.next_refresh_ms(), std::nullopt);
}

TEST(WrittenValuesTest, WhatIsToBeKeptIsSoAfterARestart) {
  storage::MemoryStore store;
  WrittenValues before(10, 1000);
  before.remember(kept_at("a"));
  before.remember(value_at("b"));
  ASSERT_TRUE(store.commit({before.take_changes()}).ok());
  WrittenValues after(10, 1000);
  ASSERT_TRUE(after.load(store).ok());
  EXPECT_EQ(due(after, k_now_ms + 50'000), std::vector<std::string>{"a"});
}

TEST(WrittenValuesTest, WithWhichTimesItMayHaveBeenSignedAgainIsKnownAfterARestart) {
  storage::MemoryStore store;
  WrittenValues before(10, 1000);
  before.remember(kept_at("a"));
  before.remember(value_at("b"));
  const WrittenName a = name_of(kept_at("a").call), b = name_of(value_at("b").call);
  EXPECT_EQ(before.find(a)->newest_own_ms(), k_now_ms + 1);
  ASSERT_TRUE(store.commit({before.take_changes()}).ok());
  before.note(a, k_now_ms + 1);
  EXPECT_TRUE(before.take_changes().empty()) << "the first attempt costs no write";
  before.note(a, k_now_ms + 2);
  before.note(b, k_now_ms + 7);
  ASSERT_TRUE(store.commit({before.take_changes()}).ok());
  WrittenValues after(10, 1000);
  ASSERT_TRUE(after.load(store).ok());
  ASSERT_NE(after.find(a), nullptr);
  ASSERT_NE(after.find(b), nullptr);
  EXPECT_EQ(after.find(a)->newest_own_ms(), k_now_ms + 2);
  EXPECT_TRUE(after.find(a)->call.keep);
  EXPECT_EQ(after.find(b)->newest_own_ms(), k_now_ms + 7);
  EXPECT_FALSE(after.find(b)->call.keep);
}

TEST(WrittenValuesTest, OnlySoMuchMayBeKeptAndItIsNotForgottenForOthers) {
  WrittenValues values(8, 4000);
  EXPECT_TRUE(values.may_keep(kept_at("a").call));
  values.remember(kept_at("a"));
  EXPECT_TRUE(values.may_keep(kept_at("b").call));
  values.remember(kept_at("b"));
  EXPECT_FALSE(values.may_keep(kept_at("c").call));
  EXPECT_TRUE(values.may_keep(kept_at("a").call)) << "in its place";
  for (int i = 0; i < 20; ++i) values.remember(value_at("other" + std::to_string(i)));
  EXPECT_EQ(values.size(), 8U);
  EXPECT_EQ(due(values, k_now_ms + 50'000).size(), 2U);
  EXPECT_FALSE(WrittenValues(8, 4000).may_keep(kept_at("large", 1001).call));
}

}  // namespace
}  // namespace ringway::data
