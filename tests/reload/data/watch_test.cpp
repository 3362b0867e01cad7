// Watches: the present state, then every change in order; and that nothing is missed when messages, channels
// or peers are lost.
#include "tests/reload/data/watch_fixture.hpp"

namespace ringway::data::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(Watches, TellThePresentStateThenEachChangeInOrder) {
  const auto key = key_of(at(160));
  put(at(10), key, "first");
  const auto watching = watch(at(60), key);
  EXPECT_THAT(events(at(60), watching), ElementsAre("first"));
  const auto reads = reads_of(at(60).node);
  for (int i = 1; i <= 5; ++i) put(at(10), key, "v" + std::to_string(i));
  remove(at(10), key);
  EXPECT_THAT(events(at(60), watching), ElementsAre("first", "v1", "v2", "v3", "v4", "v5", ""));
  EXPECT_EQ(reads_of(at(60).node), reads) << "changes travel with the notices";
}

TEST_F(Watches, OfNothingTellsNothingFirst) {
  const auto key = key_of(at(160));
  const auto watching = watch(at(60), key);
  EXPECT_THAT(events(at(60), watching), ElementsAre(""));
  put(at(210), key, "new");
  EXPECT_THAT(events(at(60), watching), ElementsAre("", "new"));
}

TEST_F(Watches, ThatDoNotComeAboutAreToldSoAfterFourTries) {
  const auto key = key_of(at(160));
  const NodeId self = at(60).node;
  overlay.loses = [&](const Sent& one) { return one.from == self; };
  const auto tries = [&] { return requests_of(self, wire::MessageCode::store_req); };
  const auto before = tries();
  const auto watching = watch(at(60), key);
  for (int tenths = 0; tries() < before + 4; ++tenths) {
    ASSERT_LT(tenths, 1000) << "it tries no more";
    EXPECT_TRUE(at(60).events[watching].empty());
    overlay.advance(Duration{100});
  }
  overlay.advance(Duration{60'000});
  ASSERT_EQ(at(60).events[watching].size(), 1U);
  EXPECT_TRUE(std::holds_alternative<CallFailure>(at(60).events[watching][0]));
}

TEST_F(Watches, OfAKeyHeldHereNeedNoChannel) {
  const auto key = key_of(at(60));
  const auto watching = watch(at(60), key);
  put_at_once(at(10), key, 3);
  put(at(60), key, "own");
  EXPECT_THAT(events(at(60), watching), ElementsAre("", "v1", "v2", "v3", "v3+own"));
  EXPECT_EQ(at(60).storage->statistics().notices_sent, 0U);
}

TEST_F(Watches, OfOneEntryTellOfItOnly) {
  const std::string key = "p10@example.org/phone";
  const auto home = watch(at(60), key, "home");
  const auto all = watch(at(60), key);
  for (const auto& [entry, value] :
       {std::pair{"home", "1"}, std::pair{"work", "2"}, std::pair{"home", "3"}}) {
    PutCall call;
    call.key = key;
    call.entry = entry;
    call.value = copy_of(view_of(value));
    ASSERT_TRUE(std::holds_alternative<PutResult>(overlay.call(at(10), call)));
  }
  EXPECT_THAT(events(at(60), home), ElementsAre("", "1", "3"));
  EXPECT_THAT(events(at(60), all), ElementsAre("", "1", "1+2", "3+2"));
}

TEST_F(Watches, ChangesOfSeveralWritersAreToldInTheOrderOfTheirAnswers) {
  const auto key = key_of(at(160));
  const auto watching = watch(at(60), key);
  // The first one's replicas are late.
  std::size_t lost = 0;
  overlay.loses = [&](const Sent& one) {
    const bool copy = one.from == at(160).node && one.code == wire::MessageCode::store_req;
    return copy && lost++ == 0;
  };
  overlay.begin(at(10), {call_of(key, "a")});
  overlay.begin(at(210), {call_of(key, "b")});
  overlay.run();
  EXPECT_THAT(events(at(60), watching), ElementsAre("")) << "nothing overtakes the first";
  overlay.advance(Duration{40'000});
  EXPECT_THAT(events(at(60), watching), ElementsAre("", "a", "a+b"));
}

TEST_F(Watches, LostNoticesAreRepeated) {
  const auto key = key_of(at(160));
  const auto watching = watch(at(60), key);
  int left = 4;
  overlay.channel_loses = [&](const NodeId& from, auto&&...) { return from == at(160).node && left-- > 0; };
  put_at_once(at(10), key, 3);
  EXPECT_THAT(events(at(60), watching), ElementsAre(""));
  overlay.advance(Duration{20'000});
  EXPECT_THAT(events(at(60), watching), ElementsAre("", "v1", "v2", "v3"));
}

TEST_F(Watches, LostAcknowledgementsTellNothingTwice) {
  const auto key = key_of(at(160));
  const auto watching = watch(at(60), key);
  int left = 3;
  overlay.channel_loses = [&](const NodeId& from, auto&&...) { return from == at(60).node && left-- > 0; };
  put_at_once(at(10), key, 3);
  overlay.advance(Duration{20'000});
  EXPECT_THAT(events(at(60), watching), ElementsAre("", "v1", "v2", "v3"));
  EXPECT_GT(at(160).storage->statistics().notices_repeated, 0U);
}

TEST_F(Watches, ABrokenChannelIsMadeAgain) {
  const auto key = key_of(at(160));
  const auto watching = watch(at(60), key);
  put(at(10), key, "v1");
  overlay.break_channel(at(160), at(60));
  put_at_once(at(10), key, 3);
  overlay.advance(Duration{10'000});
  EXPECT_EQ(last(at(60), watching), "v3");
  put(at(10), key, "v4");
  EXPECT_EQ(last(at(60), watching), "v4");
}

TEST_F(Watches, WithoutAnyChannelTheKeyIsReadNowAndThen) {
  const auto key = key_of(at(160));
  const auto watching = watch(at(60), key);
  overlay.channel_loses = [](auto&&...) { return true; };
  put(at(10), key, "v1");
  put(at(10), key, "v2");
  overlay.advance(Duration{300'000});
  EXPECT_THAT(events(at(60), watching), ElementsAre("", "*v2"));
}

TEST_F(Watches, TooManyChangesForAWatcherBecomeOneBehindThoseOnTheirWay) {
  const auto key = key_of(at(160));
  const auto watching = watch(at(60), key);
  overlay.channel_loses = [](auto&&...) { return true; };
  put_at_once(at(10), key, static_cast<int>(k_max_notices_of_watcher) + 5);
  overlay.channel_loses = [](auto&&...) { return false; };
  overlay.advance(Duration{40'000});
  EXPECT_EQ(events(at(60), watching).size(), 2 + k_notice_window);
  EXPECT_EQ(last(at(60), watching), "*v" + std::to_string(k_max_notices_of_watcher + 5));
}

TEST_F(Watches, ASlowApplicationGetsTheNewestStateAndAMark) {
  const auto key = key_of(at(160));
  overlay.slow_applications = true;
  const auto watching = watch(at(60), key);
  const int many = static_cast<int>(k_max_waiting_events);
  put_at_once(at(10), key, many);
  EXPECT_THAT(events(at(60), watching), ElementsAre("")) << "it has not asked for more";
  overlay.to_storage(at(60), WatchNext{watching});
  overlay.run();
  EXPECT_THAT(events(at(60), watching), ElementsAre("", "v1")) << "at the bound all are kept";
  put(at(10), key, "more");
  put(at(10), key, "newest");
  for (int i = 0; i < 3; ++i) overlay.to_storage(at(60), WatchNext{watching});
  overlay.run();
  EXPECT_THAT(events(at(60), watching), ElementsAre("", "v1", "*newest"));
}

TEST_F(Watches, SurviveTheDeathOfTheResponsiblePeer) {
  const auto key = key_of(at(160));
  const auto watching = watch(at(10), key);
  put(at(10), key, "before");
  EXPECT_EQ(last(at(10), watching), "before");
  overlay.kill(at(160));
  overlay.update_views();
  overlay.advance(Duration{0});
  put(at(60), key, "after");
  overlay.advance(Duration{10'000});
  EXPECT_THAT(last(at(10), watching), ::testing::HasSubstr("after"));
  const std::size_t count = events(at(10), watching).size();
  put(at(60), key, "next");
  EXPECT_EQ(last(at(10), watching), "before+next");
  EXPECT_EQ(events(at(10), watching).size(), count + 1);
}

// Its successor has missed the last change; the replica after it has not.
TEST_F(Watches, TakeNothingBackThatAReplicaHas) {
  const auto key = key_of(at(160));
  const KindAt place{resource_id_of(std::string_view(key)), config::k_shared_value};
  const auto watching = watch(at(60), key);
  put(at(10), key, "old");
  const RecordPtr old = stored(at(210), key).records.at(0);
  overlay.advance(Duration{1'000});
  put(at(10), key, "new");
  ASSERT_TRUE(at(210).store->commit({{PutRecord{place, old}}}).ok());
  overlay.kill(at(210));
  overlay.restart(at(210));  // it knows what is on its disk and nothing else
  at(210).joined = true;
  overlay.set_view(at(210), overlay.ring_view(at(210)));
  overlay.channel_loses = [&](const NodeId& from, const NodeId& to, auto&&...) {
    return from == at(210).node || to == at(210).node;  // nor do the others compare with it
  };
  overlay.kill(at(160));
  overlay.update_views();
  overlay.advance(Duration{10'000});
  EXPECT_THAT(events(at(60), watching), ElementsAre("", "old", "new"));
  overlay.channel_loses = [](auto&&...) { return false; };
  put(at(10), key, "newest");
  overlay.advance(Duration{10'000});
  EXPECT_EQ(last(at(60), watching), "newest");
}

// A change that nobody could tell of: whoever is responsible next says that there was something.
// A subscription is a value like any other: its replica has it, becomes responsible and says so. Of very many
// keys, a Store each at the same moment would be too much for the disks of all.
// Its channel takes longer than the read that the failure has made necessary.
// A hint is of now: long after it the same peer may have become responsible without the subscription.
// It comes while the successor is being asked, and goes on from the generation that this one tells.
// Between the keys and their holder, where who is in the ring would be responsible.
TEST_F(Watches, SurviveALeave) {
  const auto key = key_of(at(160));
  const auto watching = watch(at(10), key);
  put(at(60), key, "before");
  ASSERT_TRUE(overlay.leave(at(160), Duration{10'000}));
  overlay.advance(Duration{3'000});
  put(at(60), key, "after");
  EXPECT_EQ(last(at(10), watching), "after");
}

TEST_F(Watches, SurviveTheirOwnPeersNeighbours) {
  const auto key = key_of(at(110));
  const auto watching = watch(at(10), key);
  overlay.kill(at(60));
  overlay.kill(at(210));
  overlay.update_views();
  overlay.advance(Duration{1'000});
  put(at(160), key, "after");
  EXPECT_EQ(last(at(10), watching), "after");
}

TEST_F(Watches, GoOnWhenTheWatcherBecomesResponsibleItself) {
  const auto key = key_of(at(160));
  const auto watching = watch(at(210), key);
  put(at(60), key, "before");
  overlay.kill(at(160));
  overlay.update_views();
  overlay.advance(Duration{1'000});
  put(at(60), key, "after");
  EXPECT_EQ(last(at(210), watching), "after");
  EXPECT_EQ(events(at(210), watching).size(), 3U);
}

TEST_F(Watches, RefreshTheirSubscriptionsAndTakeThemBack) {
  const auto key = key_of(at(160));
  const auto watching = watch(at(60), key);
  overlay.advance(Duration{3 * 3600 * 1000});
  put(at(10), key, "hours later");
  EXPECT_EQ(last(at(60), watching), "hours later");
  ASSERT_TRUE(subscribed(at(160), key));
  overlay.to_storage(at(60), CancelWatch{watching});
  overlay.advance(Duration{1000});
  EXPECT_FALSE(subscribed(at(160), key));
  const auto sent = at(160).storage->statistics().notices_sent;
  put(at(10), key, "unwatched");
  EXPECT_EQ(at(160).storage->statistics().notices_sent, sent);
  EXPECT_EQ(at(60).storage->statistics().watches, 0U);
}

// The responsible peer's line of notices outlives a watch, and counts on.
TEST_F(Watches, BegunAgainHearOfChangesAtOnce) {
  const auto key = key_of(at(160));
  const auto first = watch(at(60), key);
  put(at(10), key, "one");
  // One that comes when nobody watches any more is acknowledged too: what comes after it need not wait.
  overlay.to_storage(at(60), CancelWatch{first});
  overlay.loses = [&](const Sent& one) { return one.from == at(60).node; };
  overlay.run();
  put(at(10), key, "two");
  overlay.loses = [](auto&&...) { return false; };
  const auto second = watch(at(60), key);
  put(at(10), key, "three");
  EXPECT_THAT(events(at(60), second), ElementsAre("two", "three"));
  overlay.advance(Duration{20'000});
  EXPECT_EQ(at(160).storage->statistics().notices_repeated, 0U);
}

// Accepted before the subscription is known, answered after the watcher has read.
TEST_F(Watches, ThatNobodyRefreshesEnd) {
  const auto key = key_of(at(160));
  watch(at(60), key);
  overlay.kill(at(60));
  overlay.advance(Duration{2 * 1000 * k_subscription_lifetime_s});
  EXPECT_EQ(at(160).storage->statistics().watched_resources, 0U);
}

TEST_F(Watches, GoOnFromAResumeToken) {
  const auto key = key_of(at(160));
  put(at(10), key, "one");
  const auto first = watch(at(60), key);
  const auto token = last_token(at(60), first);
  overlay.to_storage(at(60), CancelWatch{first});
  const auto same = watch(at(110), key, std::nullopt, token);
  EXPECT_THAT(events(at(110), same), IsEmpty()) << "nothing has changed";
  put(at(10), key, "two");
  EXPECT_THAT(events(at(110), same), ElementsAre("two"));
  const auto next = watch(at(60), key, std::nullopt, token);
  EXPECT_THAT(events(at(60), next), ElementsAre("two")) << "one change, and it is this one";
  put(at(10), key, "three");
  overlay.to_storage(at(60), CancelWatch{next});
  const auto later = watch(at(60), key, std::nullopt, token);
  EXPECT_THAT(events(at(60), later), ElementsAre("*three"));
  const auto wrong = watch(at(60), key, std::nullopt, "abc");
  EXPECT_THAT(last(at(60), wrong), ::testing::StartsWith("!that is no resume token"));
}

TEST_F(Watches, TellWhenAValueExpires) {
  const auto key = key_of(at(160));
  PutCall call = call_of(key, "short");
  call.lifetime_s = 30;
  overlay.call(at(10), call);
  const auto watching = watch(at(60), key);
  overlay.advance(Duration{40'000});
  EXPECT_THAT(events(at(60), watching), ElementsAre("short", ""));
}

// The responsible peer lies: it floods the watcher while a good value is being checked, so that all that
// waits is thrown away, and then tells another value for the same generation.
// It counts generations by itself: that its number is the same says nothing.
TEST_F(Watches, MarkWhatAnotherResponsiblePeerHasUnderTheSameGeneration) {
  const auto key = key_of(at(160));
  const auto watching = watch(at(60), key);
  overlay.loses = [&](const Sent& one) {
    return one.from == at(160).node && one.code == wire::MessageCode::store_req;
  };
  overlay.begin(at(10), {call_of(key, "lost")});
  overlay.run();
  while (events(at(60), watching).size() < 2) overlay.advance(Duration{100});
  overlay.channel_loses = [](auto&&...) { return true; };
  overlay.kill(at(160));
  overlay.update_views();
  overlay.advance(Duration{0});
  put(at(110), key, "new");
  overlay.advance(Duration{10'000});
  EXPECT_THAT(events(at(60), watching), ElementsAre("", "lost", "*new"));
}

// Each of two peers watches at the other, over the one channel.
TEST_F(Watches, KeepTheChannelThatTheyAreToldOver) {
  const auto key = key_of(at(160)), other_key = key_of(at(60));
  const auto watching = watch(at(60), key);
  const auto other = watch(at(160), other_key);
  put(at(10), key, "one");
  put(at(10), other_key, "one");
  const auto stands = [&] { return overlay.channel_stands(at(60), at(160), routing::Application::watch); };
  overlay.to_storage(at(160), CancelWatch{other});
  overlay.advance(Duration{130'000});
  EXPECT_TRUE(stands()) << "the watch at the other end goes on";
  put(at(10), key, "two");
  EXPECT_EQ(last(at(60), watching), "two");
  overlay.to_storage(at(60), CancelWatch{watching});
  overlay.advance(Duration{130'000});
  EXPECT_FALSE(stands());
}

TEST_F(Watches, OfAnOverlayWithoutTheKindAreRefused) {
  auto older = std::make_shared<config::Configuration>(*overlay.configuration);
  older->kinds = {};
  for (const auto& [id, kind] : overlay.configuration->kinds.all())
    if (id != config::k_subscription) older->kinds.add(kind);
  overlay.to_storage(at(60), routing::ConfigurationChanged{older});
  const auto watching = watch(at(60), key_of(at(160)));
  ASSERT_EQ(at(60).events[watching].size(), 1U);
  EXPECT_EQ(std::get<CallFailure>(at(60).events[watching][0]).error, CallError::failed_precondition);
  EXPECT_EQ(at(60).storage->statistics().watches, 0U);
}

TEST_F(Watches, AreBounded) {
  overlay.slow_applications = true;
  const auto key = key_of(at(60));
  for (std::size_t i = 0; i < k_max_watches; ++i) overlay.watch(at(60), {key, std::nullopt});
  const auto one_more = watch(at(60), key);
  EXPECT_EQ(std::get<CallFailure>(at(60).events[one_more][0]).error, CallError::resource_exhausted);
}

TEST_F(Watches, HostileMessagesAreRefused) {
  const auto watching = watch(at(60), key_of(at(160)));
  const Bytes good = encode_numbered(7, 1, encode_notice({ResourceId{}, LookAgain{}}));
  for (std::size_t size = 0; size < good.size(); ++size) {
    const Bytes cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(decode_watch_message({cut}, overlay.configuration->kinds).ok()) << size;
  }
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_FALSE(decode_watch_message({longer}, overlay.configuration->kinds).ok());
  overlay.to_storage(at(60), routing::ChannelMessage{routing::Application::watch, at(160).node, {longer}});
  overlay.run();
  EXPECT_EQ(at(60).storage->statistics().notices_dropped, 1U);
  EXPECT_THAT(events(at(60), watching), ElementsAre(""));
}

}  // namespace
}  // namespace ringway::data::test
