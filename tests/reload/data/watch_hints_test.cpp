// Whom a watcher believes: hints of who has become responsible, notices, strangers, liars.
#include "tests/reload/data/watch_fixture.hpp"

namespace ringway::data::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(Watches, WhoBecomesResponsibleTellsToLookAgain) {
  const auto key = key_of(at(160));
  const auto watching = watch(at(10), key);
  overlay.channel_loses = [&](const NodeId& from, auto&&...) { return from == at(160).node; };
  put(at(60), key, "unheard");
  EXPECT_THAT(events(at(10), watching), ElementsAre(""));
  overlay.kill(at(160));
  overlay.update_views();
  overlay.advance(Duration{3'000});
  EXPECT_THAT(events(at(10), watching), ElementsAre("", "*unheard"));
}

TEST_F(Watches, AreNotStoredAgainAtWhoHasThemAsACopy) {
  const auto key = key_of(at(160));
  const auto watching = watch(at(60), key);
  put(at(10), key, "before");
  const auto stores = requests_of(at(60).node, wire::MessageCode::store_req);
  overlay.kill(at(160));
  overlay.update_views();
  overlay.advance(Duration{5'000});
  put(at(10), key, "after");
  EXPECT_EQ(last(at(60), watching), "after");
  EXPECT_EQ(requests_of(at(60).node, wire::MessageCode::store_req), stores);
  overlay.advance(Duration{1000 * k_subscription_lifetime_s});
  put(at(10), key, "much later");
  EXPECT_EQ(last(at(60), watching), "much later") << "they are refreshed there";
}

TEST_F(Watches, AreNotStoredAgainAtWhoSaysAfterItsAnswerThatItHasThem) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < 3 * k_most_looks_at_once; ++i) keys.push_back(key_of(at(160)));
  for (const auto& key : keys) overlay.watch(at(60), {key, std::nullopt, {}});
  overlay.advance(Duration{1'000});
  const auto stores = requests_of(at(60).node, wire::MessageCode::store_req);
  overlay.channel_loses = [&](const NodeId& from, auto&&...) { return from == at(210).node; };
  overlay.kill(at(160));
  overlay.update_views();
  const auto reads = reads_of(at(60).node);
  overlay.advance(Duration{1'300});
  ASSERT_GE(reads_of(at(60).node), reads + keys.size()) << "each was answered by the successor";
  std::uint64_t number = 0;
  for (const auto& key : keys) hint(at(60), at(210).node, key, ++number);
  overlay.advance(Duration{20'000});
  EXPECT_EQ(requests_of(at(60).node, wire::MessageCode::store_req), stores);
  overlay.channel_loses = [](auto&&...) { return false; };
  overlay.advance(Duration{1000 * k_subscription_lifetime_s});
  EXPECT_TRUE(subscribed(at(210), keys.front())) << "they are refreshed there";
}

TEST_F(Watches, AreStoredAtWhoHasSaidSoLongBefore) {
  const auto key = key_of(at(160));
  watch(at(60), key);
  hint(at(60), at(210).node, key);
  overlay.advance(Duration{2'000});
  const auto stores = requests_of(at(60).node, wire::MessageCode::store_req);
  overlay.channel_loses = [&](const NodeId& from, auto&&...) { return from == at(210).node; };
  overlay.kill(at(160));
  overlay.update_views();
  overlay.advance(Duration{3'000});
  EXPECT_EQ(requests_of(at(60).node, wire::MessageCode::store_req), stores + 1);
}

TEST_F(Watches, DoNotApplyWhatTheHolderBeforeHasTold) {
  const auto key = key_of(at(160));
  const auto watching = watch(at(60), key);
  put(at(10), key, "true");
  ValueSpec spec = spec_of(key);
  spec.value = "late";
  const auto state = at(210).store->load({spec.resource, config::k_shared_value});
  ValuesChanged changed{config::k_shared_value,
                        state->generation_counter + 1,
                        {signed_value(*at(10).signer, spec)},
                        {{wire::CertificateType::x509, at(10).signer->certificate()->der()}}};
  const Bytes late = encode_numbered(1ULL << 60U, 1, encode_notice({spec.resource, changed}));
  overlay.kill(at(160));
  overlay.update_views();
  bool told = false;
  overlay.bends = [&](const Peer& from, wire::MessageCode code, Bytes&) {
    if (from.node != at(210).node || code != wire::MessageCode::fetch_ans || std::exchange(told, true))
      return;
    overlay.to_storage(at(60), routing::ChannelMessage{routing::Application::watch, at(160).node, {late}});
  };
  hint(at(60), at(210).node, key);
  overlay.advance(Duration{10'000});
  EXPECT_TRUE(told);
  EXPECT_THAT(events(at(60), watching), ElementsAre("", "true"));
}

TEST_F(Watches, HintsOfWhoOnlySeemsResponsibleAreNotHeededAtOnceForEver) {
  std::vector<std::string> keys;
  for (int i = 0; i < 20; ++i) keys.push_back(key_of(at(160)));
  for (const auto& key : keys) watch(at(60), key);
  NodeId between = node_at(159);
  between.bytes[1] = 0xFF;
  const auto reads = reads_of(at(60).node);
  std::uint64_t number = 0;
  const auto hint_all = [&](Duration during) {
    for (const MonoTime end = overlay.now().mono + during; overlay.now().mono < end;) {
      for (const auto& key : keys) hint(at(60), between, key, ++number);
      overlay.advance(Duration{500});
    }
  };
  hint_all(Duration{10'000});
  EXPECT_GE(reads_of(at(60).node), reads + keys.size()) << "at first it is believed";
  EXPECT_LE(reads_of(at(60).node), reads + 2 * keys.size() + 10 * 5) << "then as anybody: one in 200 ms";
}

TEST_F(Watches, AreStoredAtWhoDoesNotSayThatItHasThem) {
  const auto key = key_of(at(160));
  const auto watching = watch(at(60), key);
  bool mute = true;
  overlay.channel_loses = [&](const NodeId& from, auto&&...) { return mute && from == at(210).node; };
  const auto stores = requests_of(at(60).node, wire::MessageCode::store_req);
  overlay.kill(at(160));
  overlay.update_views();
  overlay.advance(Duration{3'000});
  EXPECT_EQ(requests_of(at(60).node, wire::MessageCode::store_req), stores + 1);
  mute = false;
  put(at(10), key, "after");
  overlay.advance(Duration{10'000});
  EXPECT_EQ(last(at(60), watching), "after");
}

TEST_F(Watches, HearOfAStoreThatWasUnderWayWhenTheyBegan) {
  const auto key = key_of(at(160));
  std::size_t lost = 0;
  overlay.loses = [&](const Sent& one) {
    const bool copy = one.from == at(160).node && one.code == wire::MessageCode::store_req;
    return copy && lost++ == 0;
  };
  at(160).hold_commits = true;
  overlay.begin(at(10), {call_of(key, "late")});
  overlay.run();
  const auto watching = watch(at(60), key);
  overlay.release_commits(at(160));
  const auto sent = at(160).storage->statistics().notices_sent;
  overlay.advance(Duration{40'000});
  EXPECT_EQ(last(at(60), watching), "late");
  EXPECT_GT(at(160).storage->statistics().notices_sent, sent);
}

TEST_F(Watches, BelieveNoNoticeWithAWrongValue) {
  const auto key = key_of(at(160));
  const auto watching = watch(at(60), key);
  put(at(10), key, "true");
  // The responsible peer tells of a value that nobody has signed.
  ValuesChanged changed{config::k_shared_value, 2, {}, {}};
  const ValueSpec spec = spec_of(key);
  auto value = signed_value(*at(10).signer, spec);
  value.storage_time_ms += 1;
  changed.values.push_back(value);
  changed.certificates.push_back({wire::CertificateType::x509, at(10).signer->certificate()->der()});
  const Bytes forged = encode_numbered(1ULL << 60U, 1, encode_notice({spec.resource, changed}));
  overlay.to_storage(at(60), routing::ChannelMessage{routing::Application::watch, at(160).node, {forged}});
  overlay.advance(Duration{2'000});
  EXPECT_EQ(at(60).storage->statistics().notices_dropped, 1U);
  // A good one, but from somebody who is not responsible: it is read, not believed.
  changed.values = {signed_value(*at(10).signer, spec)};
  const Bytes elsewhere = encode_numbered(1, 1, encode_notice({spec.resource, changed}));
  overlay.to_storage(at(60), routing::ChannelMessage{routing::Application::watch, at(110).node, {elsewhere}});
  overlay.advance(Duration{2'000});
  EXPECT_THAT(events(at(60), watching), ElementsAre("", "true"));
}

TEST_F(Watches, BelieveNoVerdictThatWasMadeForAnotherNotice) {
  const auto key = key_of(at(160));
  const auto watching = watch(at(60), key);
  put(at(10), key, "true");
  const ValueSpec spec = spec_of(key);
  ValuesChanged changed{config::k_shared_value, 2, {signed_value(*at(10).signer, spec)}, {}};
  changed.certificates.push_back({wire::CertificateType::x509, at(10).signer->certificate()->der()});
  std::uint64_t number = 0;
  const auto tell = [&] {
    const Bytes told = encode_numbered(1ULL << 60U, ++number, encode_notice({spec.resource, changed}));
    overlay.to_storage(at(60), routing::ChannelMessage{routing::Application::watch, at(160).node, {told}});
  };
  tell();
  changed.generation = 9;
  for (std::size_t i = 0; i < k_max_waiting_notices; ++i) tell();
  changed.generation = 2;
  wire::StoredData& invented = changed.values.front();
  invented.value.data.value = SharedBytes{copy_of(view_of("invented"))};
  invented.value_wire = SharedBytes{wire::encode(invented.value)};
  tell();
  overlay.advance(Duration{10'000});
  EXPECT_THAT(events(at(60), watching), ElementsAre("", "true"));
}

TEST_F(Watches, HintsOfStrangersCostAReadEachAndNotManyOfThem) {
  std::vector<std::string> keys;
  for (int i = 0; i < 10; ++i) keys.push_back(key_of(at(160)));
  for (const auto& key : keys) watch(at(60), key);
  const NodeId self = at(60).node;
  const auto stores = requests_of(self, wire::MessageCode::store_req), reads = reads_of(self);
  std::uint64_t number = 0;
  for (int round = 0; round < 5; ++round)
    for (const auto& key : keys) hint(at(60), at(110).node, key, ++number);
  overlay.advance(Duration{1'000});
  EXPECT_EQ(reads_of(self), reads + 3) << "after 500, 700 and 900 ms";
  overlay.advance(Duration{9'000});
  EXPECT_EQ(reads_of(self), reads + 10) << "one for all hints about a key";
  EXPECT_EQ(requests_of(self, wire::MessageCode::store_req), stores);
}

TEST_F(Watches, HintsOfTooManyStrangersAreNotHeeded) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i <= k_max_hinting_nodes; ++i) keys.push_back(key_of(at(160)));
  for (const auto& key : keys) overlay.watch(at(60), {key, std::nullopt, {}});
  overlay.advance(Duration{1'000});
  const auto reads = reads_of(at(60).node);
  for (std::size_t i = 0; i < keys.size(); ++i) hint(at(60), stranger(i), keys[i]);
  overlay.advance(Duration{2'000});
  EXPECT_EQ(reads_of(at(60).node), reads + k_max_hinting_nodes);
  hint(at(60), stranger(k_max_hinting_nodes), keys.back(), 2);
  overlay.advance(Duration{2'000});
  EXPECT_EQ(reads_of(at(60).node), reads + k_max_hinting_nodes + 1);
}

TEST_F(Watches, HearTheResponsiblePeerHoweverManyOthersSaySomething) {
  const auto key = key_of(at(160));
  const auto watching = watch(at(60), key);
  put(at(10), key, "one");
  for (std::size_t i = 0; i <= k_max_notifying_nodes; ++i) hint(at(60), stranger(i), "shared/another");
  overlay.run();
  put(at(10), key, "two");
  EXPECT_THAT(events(at(60), watching), ElementsAre("", "one", "two"));
}

}  // namespace
}  // namespace ringway::data::test
