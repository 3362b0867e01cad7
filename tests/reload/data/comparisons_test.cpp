// Replicas compare what they hold by digests: what is missing, old or damaged is found without a read, and
// only that travels.
#include "reload/data/background_copies.hpp"
#include "reload/data/digest_messages.hpp"
#include "tests/reload/data/replication_fixture.hpp"

namespace ringway::data::test {
namespace {

constexpr Duration k_interval{300'000};

class Comparing : public Replication {
 protected:
  std::vector<std::string> put_many(Peer& owner, std::size_t count) {
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < count; ++i) {
      keys.push_back(key_of(owner));
      put(owner, keys.back(), "value of " + keys.back());
    }
    return keys;
  }
  // Takes the value off that peer's disk, or puts another one there, behind its back; its cache is empty
  // then.
  void forget(Peer& peer, const std::string& key) {
    const KindAt at{resource_id_of(std::string_view(key)), config::k_shared_value};
    ASSERT_TRUE(peer.store->commit({{DropKind{at}}}).ok());
    start_again(peer);
  }
  void damage(Peer& peer, const std::string& key) {
    const KindAt at{resource_id_of(std::string_view(key)), config::k_shared_value};
    const auto state = *peer.store->load(at);
    Record damaged = *state.records.at(0);
    damaged.stored.value.data.value = SharedBytes{copy_of(view_of("rotten"))};
    ASSERT_TRUE(peer.store->commit({{PutRecord{at, std::make_shared<const Record>(damaged)}}}).ok());
    start_again(peer);
  }
  void start_again(Peer& peer) {
    overlay.kill(peer);
    overlay.restart(peer);
    peer.joined = true;
    overlay.set_view(peer, overlay.ring_view(peer));
    // Nothing but the comparison under test: what it asks for when it has joined again is over.
    overlay.advance(Duration{1'000});
  }
  std::size_t stores() const {
    return static_cast<std::size_t>(
        std::count_if(overlay.sent.begin(), overlay.sent.end(),
                      [](const Sent& one) { return one.code == wire::MessageCode::store_req; }));
  }
  std::size_t channel_bytes() const {
    std::size_t bytes = 0;
    for (const auto& [from, to, message] : overlay.sent_on_channels) bytes += message.size();
    return bytes;
  }
  void clear() {
    overlay.sent.clear();
    overlay.sent_on_channels.clear();
  }
  static std::string value_in(const KindState& state) {
    return state.records.empty() ? "" : std::string(text_of(state.records[0]->stored.value.data.value));
  }
};

TEST_F(Comparing, TheSameCostsOneQuestionToEachReplica) {
  make({0x10, 0x50, 0x90, 0xD0});
  put_many(at(0x10), 40);
  overlay.advance(k_interval);
  clear();
  overlay.advance(2 * k_interval);
  EXPECT_EQ(stores(), 0U);
  EXPECT_GT(channel_bytes(), 0U);
  EXPECT_LT(channel_bytes(), 4 * 2 * 3 * 120U) << "four peers, two replicas, three rounds at most";
}

TEST_F(Comparing, AMissingReplicaIsFoundWithoutARead) {
  make({0x10, 0x50, 0x90, 0xD0});
  const auto keys = put_many(at(0x10), 40);
  forget(at(0x90), keys[7]);
  ASSERT_EQ(copies(keys[7]), 2U);
  clear();
  overlay.advance(k_interval * 3 / 2);
  EXPECT_EQ(copies(keys[7]), 3U);
  EXPECT_EQ(stores(), 1U) << "what was there did not travel";
}

TEST_F(Comparing, WhatTheResponsiblePeerHasLostComesBack) {
  make({0x10, 0x50, 0x90, 0xD0});
  const auto keys = put_many(at(0x10), 40);
  const KindAt lost{resource_id_of(std::string_view(keys[3])), config::k_shared_value};
  ASSERT_TRUE(at(0x10).store->commit({{DropKind{lost}}}).ok());
  start_again(at(0x10));
  overlay.advance(k_interval * 3 / 2);
  EXPECT_EQ(copies(keys[3]), 3U);
  EXPECT_EQ(value_in(stored(at(0x10), keys[3])), "value of " + keys[3]);
}

TEST_F(Comparing, ADamagedReplicaIsMended) {
  make({0x10, 0x50, 0x90, 0xD0});
  const auto keys = put_many(at(0x10), 20);
  damage(at(0x50), keys[4]);
  ASSERT_EQ(value_in(stored(at(0x50), keys[4])), "rotten");
  overlay.advance(k_interval * 3 / 2);
  EXPECT_EQ(value_in(stored(at(0x50), keys[4])), "value of " + keys[4]);
}

TEST_F(Comparing, WhatIsDamagedAtTheResponsiblePeerIsMendedFromAReplica) {
  make({0x10, 0x50, 0x90, 0xD0});
  const auto keys = put_many(at(0x10), 20);
  damage(at(0x10), keys[4]);
  overlay.advance(k_interval * 3 / 2);
  for (const std::uint8_t holder : std::initializer_list<std::uint8_t>{0x10, 0x50, 0x90})
    EXPECT_EQ(value_in(stored(at(holder), keys[4])), "value of " + keys[4]) << int{holder};
}

TEST_F(Comparing, AReplicaThatComesBackGetsOnlyWhatItHasMissed) {
  make({0x10, 0x50, 0x90, 0xD0});
  put_many(at(0x10), 300);
  overlay.kill(at(0x50));
  overlay.update_views();
  overlay.advance(k_hold_down / 2);
  const auto missed = put_many(at(0x10), 3);
  overlay.restart(at(0x50));
  at(0x50).joined = true;
  overlay.update_views();
  clear();
  overlay.advance(Duration{1'000});
  for (const auto& key : missed) EXPECT_EQ(stored(at(0x50), key).records.size(), 1U);
  EXPECT_LE(stores_to(node_at(0x50)), missed.size());
}

TEST_F(Comparing, ManyThatAreMissingComeInFull) {
  make({0x10, 0x90, 0xD0});
  const auto keys = put_many(at(0x10), 300);
  make({0x50});
  overlay.advance(Duration{10'000});
  for (const auto& key : keys) ASSERT_EQ(stored(at(0x50), key).records.size(), 1U) << key;
}

TEST_F(Comparing, WithoutChannelsEverythingIsCopiedAsBefore) {
  make({0x10, 0x90, 0xD0});
  const auto keys = put_many(at(0x10), 20);
  overlay.without_channels = {node_at(0x50)};
  make({0x50});
  overlay.advance(Duration{10'000});
  for (const auto& key : keys) ASSERT_EQ(stored(at(0x50), key).records.size(), 1U) << key;
  EXPECT_GE(at(0x10).replication->statistics().comparisons_failed, 1U);
}

TEST_F(Comparing, WhatThePeerThatIsResponsibleHasTooIsDroppedAndNotSent) {
  make({0x10, 0x50, 0x90, 0xC0, 0xD0, 0xE0, 0xF0});
  const auto keys = put_many(at(0x10), 40);
  make({0x30});
  overlay.advance(Duration{1'000});
  EXPECT_EQ(copies(keys[0]), 4U);
  clear();
  overlay.advance(k_until_dropped);
  for (const auto& key : keys) {
    ASSERT_EQ(copies(key), 3U) << key;
    ASSERT_TRUE(stored(at(0x90), key).records.empty());
  }
  EXPECT_EQ(stores(), 0U);
}

TEST_F(Comparing, WhatThePeerThatIsResponsibleLacksIsBroughtThereBeforeItIsDropped) {
  make({0x10, 0x50, 0x90, 0xC0, 0xD0, 0xE0, 0xF0});
  const auto keys = put_many(at(0x10), 40);
  const KindAt lost{resource_id_of(std::string_view(keys[9])), config::k_shared_value};
  make({0x30});
  overlay.advance(Duration{1'000});
  for (const std::uint8_t point : std::initializer_list<std::uint8_t>{0x10, 0x30, 0x50}) {
    ASSERT_TRUE(at(point).store->commit({{DropKind{lost}}}).ok());
    overlay.kill(at(point));
    overlay.restart(at(point));
    at(point).joined = true;
  }
  overlay.update_views();
  ASSERT_EQ(copies(keys[9]), 1U);
  overlay.loses = [](const Sent& one) { return one.code == wire::MessageCode::store_req; };
  overlay.advance(k_until_dropped);
  EXPECT_EQ(stored(at(0x90), keys[9]).records.size(), 1U) << "the last copy there is";
  EXPECT_TRUE(stored(at(0x90), keys[8]).records.empty());
  overlay.loses = [](const Sent&) { return false; };
  overlay.advance(Duration{600'000});
  EXPECT_EQ(copies(keys[9]), 3U);
  EXPECT_TRUE(stored(at(0x90), keys[9]).records.empty());
}

TEST_F(Comparing, OnlyNeighboursAreAnswered) {
  make({0x10, 0x28, 0x40, 0x58, 0x70, 0x88, 0xA0, 0xB8, 0xD0, 0xE8});
  overlay.advance(Duration{1'000});
  Peer& asked = at(0x10);
  const Span all{node_at(0x10), node_at(0x10)};
  const auto ask = [&](const NodeId& node) {
    clear();
    overlay.to_replication(asked, routing::ChannelMessage{routing::Application::replication, node,
                                                          SharedBytes{encode(ListWanted{77, all, {}})}});
    overlay.channel_between(asked, overlay.peer(node));
    overlay.advance(Duration{100});
    return decode_digest_message(std::get<2>(overlay.sent_on_channels.back())).value();
  };
  EXPECT_TRUE(std::holds_alternative<NotAnswered>(ask(node_at(0x88))));
  EXPECT_TRUE(std::holds_alternative<List>(ask(node_at(0x28))));
}

TEST_F(Comparing, NonsenseIsCountedAndChangesNothing) {
  make({0x10, 0x50, 0x90, 0xD0});
  put_many(at(0x10), 5);
  const auto say = [&](Bytes bytes) {
    overlay.to_replication(at(0x10), routing::ChannelMessage{routing::Application::replication, node_at(0x50),
                                                             SharedBytes{std::move(bytes)}});
    overlay.advance(Duration{100});
  };
  say({});
  say({42, 1, 2, 3});
  EXPECT_EQ(at(0x10).replication->statistics().bad_digest_messages, 2U);
  clear();
  say(encode(Digests{1, std::vector<RangeDigest>(k_digest_parts)}));
  say(encode(List{1, true, {}}));
  say(encode(NotAnswered{1}));
  EXPECT_EQ(stores(), 0U) << "answers to nothing that was asked";
}

// A replica says that it has few items, and lists very many that nobody else has.
TEST_F(Comparing, AListBringsNoMoreCopiesThanTheBound) {
  make({0x10, 0x50, 0x90, 0xD0});
  put_many(at(0x10), 5);
  const auto say = [&](const DigestMessage& message) {
    overlay.to_replication(at(0x10), routing::ChannelMessage{routing::Application::replication, node_at(0x50),
                                                             SharedBytes{encode(message)}});
  };
  std::size_t lists = 0;
  overlay.channel_loses = [&](const NodeId& from, const NodeId& to, const SharedBytes& bytes) {
    if (from != node_at(0x10) || to != node_at(0x50)) return false;
    const auto question = decode_digest_message(bytes);
    if (const auto* digests = std::get_if<DigestsWanted>(&*question)) {
      RangeDigest few;
      few.add(node_at(1), 1);
      say(Digests{digests->number, std::vector<RangeDigest>(k_digest_parts, few)});
    } else if (const auto* wanted = std::get_if<ListWanted>(&*question)) {
      List list{wanted->number, true, {}};
      RingId point = wanted->span.after;
      for (std::size_t i = 0; lists == 0 && i < 3 * k_most_differences; ++i) {
        point = ring_add(point, ring_power_of_two(0));
        list.kinds.push_back({{point, config::k_shared_value}, 1, {{{}, 1, node_at(1)}}});
      }
      ++lists;
      say(list);
    }
    return true;
  };
  std::size_t most = 0;
  overlay.loses = [&](const Sent& one) {
    if (one.from != node_at(0x10)) return false;
    for (const auto& table : at(0x10).replication->tables()) {
      EXPECT_LE(table.size, table.bound) << table.name;
      if (table.name == std::string_view("copies in the background")) most = std::max(most, table.size);
    }
    return true;
  };
  overlay.advance(k_interval * 3 / 2);
  EXPECT_GT(lists, 0U);
  EXPECT_GT(most, k_most_differences - 100) << "so many are taken";
}

TEST_F(Comparing, AReaderMayHaveAResourceMendedAtOnce) {
  make({0x10, 0x50, 0x90, 0xD0});
  const auto keys = put_many(at(0x10), 5);
  forget(at(0x90), keys[2]);
  const ResourceId resource = resource_id_of(std::string_view(keys[2]));
  overlay.to_replication(at(0xD0), AskToMend{resource, node_at(0x10)});
  overlay.advance(Duration{1'000});
  EXPECT_EQ(copies(keys[2]), 3U);
  EXPECT_EQ(at(0x10).replication->statistics().mends_heard, 1U);
  // One node cannot have the others work for nothing all the time.
  for (int i = 0; i < 100; ++i) overlay.to_replication(at(0xD0), AskToMend{resource, node_at(0x10)});
  overlay.advance(Duration{100});
  EXPECT_EQ(at(0x10).replication->statistics().mends_heard, 16U);
  EXPECT_GT(at(0x10).replication->statistics().mends_refused, 0U);
  overlay.advance(Duration{20'000});
  overlay.to_replication(at(0xD0), AskToMend{resource, node_at(0x10)});
  overlay.advance(Duration{1'000});
  EXPECT_EQ(at(0x10).replication->statistics().mends_heard, 17U);
}

// A replica whose channel stands and breaks each time, before anything was compared.
TEST_F(Comparing, WhatSomebodyCountsOnIsCopiedInFullWhenChannelsBreakAgainAndAgain) {
  make({0x10, 0x90, 0xD0});
  const auto keys = put_many(at(0x10), 20);
  const auto between = [&](const NodeId& one, const NodeId& other) {
    return one == node_at(0x10) && other == node_at(0x50);
  };
  overlay.channel_loses = [&](const NodeId& from, const NodeId& to, const SharedBytes&) {
    return between(from, to) || between(to, from);
  };
  make({0x50});
  for (int i = 0; i < 12; ++i) {
    overlay.advance(Duration{5'000});
    overlay.break_channel(at(0x10), at(0x50));
  }
  overlay.advance(Duration{2'000});
  for (const auto& key : keys) ASSERT_EQ(stored(at(0x50), key).records.size(), 1U) << key;
}

TEST_F(Comparing, OneItemThatAReplicaCannotTakeDoesNotMakeTheOthersTravel) {
  make({0x10, 0x50, 0x90, 0xD0});
  const auto keys = put_many(at(0x10), 40);
  forget(at(0x90), keys[7]);
  at(0x90).fail_commits = true;
  clear();
  overlay.advance(3 * k_interval);
  EXPECT_GT(stores(), 5U);
  const ResourceId failing = resource_id_of(std::string_view(keys[7]));
  for (const Sent& one : overlay.sent) {
    if (one.code != wire::MessageCode::store_req) continue;
    const auto body = wire::decode<wire::StoreReq>(SharedBytes{one.body}, &overlay.configuration->kinds);
    ASSERT_TRUE(body.ok());
    ASSERT_EQ(body->resource, copy_of(failing.view()));
  }
  at(0x90).fail_commits = false;
  overlay.advance(3 * k_interval);
  EXPECT_EQ(copies(keys[7]), 3U);
}

TEST_F(Comparing, WhatAReplicaWillNeverTakeIsOfferedOnceInEachRound) {
  make({0x10, 0x50, 0x90, 0xD0});
  put_many(at(0x10), 10);
  auto without = std::make_shared<config::Configuration>(*overlay.configuration);
  without->kinds = {};
  for (const auto& [kind, definition] : overlay.configuration->kinds.all())
    if (kind != config::k_shared_value) without->kinds.add(definition);
  overlay.to_storage(at(0x90), routing::ConfigurationChanged{without});
  overlay.advance(k_interval);  // it has dropped them
  clear();
  overlay.advance(4 * k_interval);
  EXPECT_GE(stores(), 20U);
  EXPECT_LE(stores(), 6 * 10U) << "three quarters of an interval each at least";
}

TEST_F(Comparing, BackgroundCopyingKeepsToItsRate) {
  overlay.replication_settings.background_bytes_per_s = 2'000;
  make({0x10, 0x90, 0xD0});
  const auto keys = put_many(at(0x10), 100);
  make({0x50});
  overlay.advance(Duration{5'000});
  const auto held = [&] {
    return std::count_if(keys.begin(), keys.end(),
                         [&](const auto& key) { return !stored(at(0x50), key).records.empty(); });
  };
  const auto first = held();
  EXPECT_GT(first, 20);
  EXPECT_LT(first, 70) << "some 250 bytes each, a second's worth at once and 5 s more";
  // What somebody waits for is not held back.
  EXPECT_EQ(put(at(0x10), key_of(at(0x10))).copies, 3U);
  overlay.advance(Duration{60'000});
  EXPECT_EQ(held(), 100);
  EXPECT_GT(at(0x10).replication->statistics().background_bytes, 20'000U);
}

}  // namespace
}  // namespace ringway::data::test
