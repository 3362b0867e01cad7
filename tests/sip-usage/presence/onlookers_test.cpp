// Programs that watch users: what they are shown, when, and the bound of how many there are.
#include "sip-usage/presence/onlookers.hpp"

#include <gmock/gmock.h>

#include "sip-usage/presence/pidf.hpp"
#include "tests/sip-usage/presence/stage.hpp"

namespace ringway::sip::presence {
namespace {

using test::k_alice;
using test::k_bob;
using test::k_carol;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr OnlookerId k_one{1};

data::WatchUpdate state(const std::string& document, ValueForm form = ValueForm::plain) {
  data::WatchUpdate out;
  if (document.empty()) return out;
  wire::Writer value;
  write(value, PresenceValue{form, SharedBytes(copy_of(view_of(document)))});
  data::Entry entry;
  entry.value = value.take();
  out.state.entries.push_back(std::move(entry));
  return out;
}
data::WatchUpdate about_bob(const std::string& note, const std::string& basic = "open") {
  return state(composed(k_bob, {test::document("t", note, basic)}, k_max_document_bytes));
}

class OnlookersTest : public ::testing::Test {
 protected:
  OnlookersTest() { note(onlookers.begin(k_one, k_bob, k_alice)); }
  void note(Onlookers::Outputs outputs) {
    for (auto& each : outputs) {
      if (auto* begin = std::get_if<BeginWatch>(&each)) began.push_back(begin->watch);
      if (auto* end = std::get_if<EndWatch>(&each)) ended.push_back(end->watch);
      if (auto* show = std::get_if<Show>(&each)) shown.push_back(std::move(*show));
    }
  }
  void tell(data::WatchUpdate update) { note(onlookers.on_watched(now, began.front(), std::move(update))); }
  // What it was shown since the last time; it takes it.
  std::optional<Sight> take() {
    if (shown.empty()) return std::nullopt;
    Sight out = std::get<Sight>(shown.front().result);
    shown.erase(shown.begin());
    note(onlookers.next(now, k_one));
    return out;
  }
  void pass(Duration time) {
    now = now + time;
    note(onlookers.on_timer(now));
  }

  std::shared_ptr<test::OpenEnvelope> envelope = std::make_shared<test::OpenEnvelope>();
  Onlookers onlookers{envelope};
  MonoTime now{1'000'000};
  std::vector<WatchId> began, ended;
  std::vector<Show> shown;
};

TEST_F(OnlookersTest, TheFirstSightComesWhenTheOverlayHasAnswered) {
  ASSERT_EQ(began.size(), 1U);
  EXPECT_THAT(shown, IsEmpty());
  tell(about_bob("busy"));
  const auto sight = take();
  ASSERT_TRUE(sight);
  EXPECT_EQ(sight->aor, k_bob);
  EXPECT_TRUE(sight->is_reachable);
  EXPECT_FALSE(sight->is_compacted);
  EXPECT_THAT(*sight->document, HasSubstr("busy"));
}

TEST_F(OnlookersTest, NothingStoredIsClosed) {
  tell(state(""));
  const auto sight = take();
  ASSERT_TRUE(sight && sight->document);
  EXPECT_FALSE(sight->is_reachable);
}

TEST_F(OnlookersTest, WhatIsForOthersIsNotSeen) {
  const std::string text = composed(k_bob, {test::document("t", "secret")}, k_max_document_bytes);
  tell(state("for " + k_carol.name() + " :" + text, ValueForm::sealed));
  auto sight = take();
  ASSERT_TRUE(sight);
  EXPECT_FALSE(sight->document);
  EXPECT_FALSE(sight->is_reachable);
  pass(k_throttle);
  tell(state("for " + k_alice.name() + " :" + text, ValueForm::sealed));
  sight = take();
  ASSERT_TRUE(sight && sight->document);
  EXPECT_THAT(*sight->document, HasSubstr("secret"));
}

// RFC 3856 §6.10.
TEST_F(OnlookersTest, ChangesThatComeTooFastComeTogether) {
  tell(about_bob("one"));
  take();
  tell(about_bob("two"));
  tell(about_bob("three", "closed"));
  EXPECT_THAT(shown, IsEmpty());
  ASSERT_TRUE(onlookers.next_wake());
  EXPECT_EQ(*onlookers.next_wake(), now + k_throttle);
  pass(k_throttle - Duration{1});
  EXPECT_THAT(shown, IsEmpty());
  pass(Duration{1});
  const auto sight = take();
  ASSERT_TRUE(sight);
  EXPECT_THAT(*sight->document, HasSubstr("three"));
  EXPECT_FALSE(sight->is_reachable);
  EXPECT_TRUE(sight->is_compacted);
  pass(k_throttle);
  tell(about_bob("three", "closed"));
  EXPECT_THAT(shown, IsEmpty()) << "the same";
}

TEST_F(OnlookersTest, WhoHasNotTakenTheLastGetsNothing) {
  tell(about_bob("one"));
  ASSERT_EQ(shown.size(), 1U);
  pass(k_throttle);
  tell(about_bob("two"));
  EXPECT_EQ(shown.size(), 1U);
  EXPECT_THAT(*take()->document, HasSubstr("one"));
  EXPECT_THAT(*take()->document, HasSubstr("two"));
}

TEST_F(OnlookersTest, AFailedWatchIsTheEnd) {
  note(onlookers.on_watch_failed(began.front(), {data::CallError::failed_precondition, "no such Kind", 0}));
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_EQ(std::get<data::CallFailure>(shown[0].result).error, data::CallError::failed_precondition);
  tell(about_bob("one"));
  EXPECT_EQ(shown.size(), 1U);
  EXPECT_EQ(onlookers.size().size, 0U);
}

TEST_F(OnlookersTest, TheEndOfOneEndsItsWatch) {
  tell(about_bob("one"));
  take();
  tell(about_bob("two"));
  note(onlookers.end(k_one));
  EXPECT_EQ(ended, began);
  EXPECT_FALSE(onlookers.next_wake());
  note(onlookers.next(now, k_one));
  pass(k_throttle);
  EXPECT_THAT(shown, IsEmpty());
}

TEST_F(OnlookersTest, NoMoreThanTheBound) {
  for (std::uint64_t each = 2; each <= k_max_onlookers; ++each)
    note(onlookers.begin(OnlookerId{each}, k_bob, k_alice));
  EXPECT_THAT(shown, IsEmpty());
  EXPECT_EQ(began.size(), k_max_onlookers);
  note(onlookers.begin(OnlookerId{k_max_onlookers + 1}, k_bob, k_alice));
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_EQ(std::get<data::CallFailure>(shown[0].result).error, data::CallError::resource_exhausted);
  EXPECT_EQ(began.size(), k_max_onlookers);
}

TEST(SaysOpenTest, OneOpenTupleIsEnough) {
  const std::string closed = test::document("a", "x", "closed"), open = test::document("b", "y");
  EXPECT_FALSE(says_open(composed(k_bob, {closed}, k_max_document_bytes)));
  EXPECT_TRUE(says_open(composed(k_bob, {closed, open}, k_max_document_bytes)));
  EXPECT_FALSE(says_open("<open/>"));
}

}  // namespace
}  // namespace ringway::sip::presence
