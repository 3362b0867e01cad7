// Messages on their way from a mailbox to the user's phones: all of them, in order, each once, whoever else
// collects, whatever fails; and what is no message.
#include "sip-usage/messages/collector.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sip-usage/messages/stage.hpp"

namespace ringway::sip::messages::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

bool is_put(const data::Call& call) { return std::holds_alternative<data::PutCall>(call); }

class Collecting : public ::testing::Test {
 protected:
  Stage stage;  // before the peers on it
  Peer& alice = stage.add(device("alice", 0xA1));
  Peer& laptop = stage.add(device("bob", 0xB1));

  void put_entry(const Device& by, const KeptMessages& entry) { stage.put_entry(by, wire::encode(entry)); }
  Letter letter(const Device& by, std::uint64_t id, const std::string& body) {
    Letter out = *letter_of(text_message(body), stage.now.wall_ms);
    out.sender = by.user.aor.name();
    out.sender_node = by.user.node;
    out.recipient = aor("bob").name();
    out.id = id;
    return out;
  }
  KeptMessage kept(const Letter& of, const Device& to) {
    return {of.id, of.until_ms, SharedBytes(*security::close_envelope(wire::encode(of), {to.certificate()}))};
  }
  std::optional<Received> stored() {
    const auto& entries = stage.overlay.dictionaries[{0, *mailbox_of(aor("bob"))}].entries;
    const auto at = entries.find("");
    if (at == entries.end()) return std::nullopt;
    return *wire::decode<Received>(SharedBytes(at->second.entry.value));
  }
};

// What issue 5 asks for: the messages of the last hour, after registering, once each.
TEST_F(Collecting, AnAbsentUserGetsTheMessagesOfTheLastHourOnceEach) {
  Peer& carol = stage.add(device("carol", 0xC1));
  std::vector<std::string> sent;
  for (int minute = 0; minute < 60; minute += 3) {
    Peer& by = minute % 2 == 0 ? alice : carol;
    sent.push_back("minute " + std::to_string(minute));
    EXPECT_EQ(stage.send(by, sent.back()), 202U);
    stage.advance(std::chrono::minutes(3));
  }
  stage.register_phone(laptop);
  EXPECT_EQ(Stage::texts(laptop), sent);
  EXPECT_EQ(*laptop.delivered[0].field("Date"), "Fri, 15 Jan 2027 08:00:00 GMT");
  EXPECT_EQ(*laptop.delivered[1].field("Date"), "Fri, 15 Jan 2027 08:03:00 GMT");
  EXPECT_EQ(laptop.delivered[1].from.uri.print(), "sip:carol@overlay.example.org");
  // Nor again, however often the phone registers, also after a restart, also at another peer.
  for (int i = 0; i < 3; ++i) {
    stage.register_phone(laptop);
    stage.advance(k_between_looks);
  }
  EXPECT_THAT(laptop.delivered, SizeIs(sent.size()));
  laptop.delivered.clear();
  stage.restart(laptop);
  stage.register_phone(laptop);
  stage.advance(k_between_looks);
  EXPECT_THAT(laptop.delivered, IsEmpty());
  Peer& tablet = stage.add(device("bob", 0xB2));
  stage.register_phone(tablet);
  EXPECT_THAT(tablet.delivered, IsEmpty());
}

TEST_F(Collecting, OneAfterTheOther) {
  for (const char* text : {"one", "two", "three"}) EXPECT_EQ(stage.send(alice, text), 202U);
  laptop.phone_is_slow = true;
  stage.register_phone(laptop);
  for (const char* text : {"one", "two", "three"}) {
    ASSERT_THAT(laptop.ringing, SizeIs(1));
    EXPECT_EQ(laptop.ringing[0].request.body, text);
    laptop.collector.on_delivered(stage.now, std::exchange(laptop.ringing, {})[0].id, 200);
    stage.run();
  }
  EXPECT_THAT(laptop.ringing, IsEmpty());
  EXPECT_EQ(laptop.collector.counters().delivered, 3U);
  EXPECT_EQ(laptop.collector.size().size, 0U);
}

TEST_F(Collecting, AnEmptyMailboxCostsOneRead) {
  stage.register_phone(laptop);
  EXPECT_EQ(stage.overlay.calls, 1U);
  EXPECT_EQ(stage.overlay.puts, 0U);
  for (int i = 0; i < 10; ++i) stage.register_phone(laptop);
  EXPECT_EQ(stage.overlay.calls, 1U);
  stage.advance(k_shortest_between_looks);
  EXPECT_EQ(stage.overlay.calls, 2U) << "they were one more";
  stage.advance(k_look_after_coming - k_shortest_between_looks);
  EXPECT_EQ(stage.overlay.calls, 3U);
  stage.advance(k_between_looks - Duration{1});
  EXPECT_EQ(stage.overlay.calls, 3U);
  stage.advance(Duration{1});
  EXPECT_EQ(stage.overlay.calls, 4U);
  laptop.collector.on_gone(stage.now, laptop.device.user.aor);
  EXPECT_FALSE(laptop.collector.next_wake());
  stage.advance(k_between_looks * 3);
  EXPECT_EQ(stage.overlay.calls, 4U);
}

// Its sender was told that nobody is there, and it is put while the phone registers.
TEST_F(Collecting, WhatWasOnItsWayWhenThePhoneCameIsFoundSoon) {
  stage.register_phone(laptop);
  EXPECT_EQ(stage.send(alice, "just before"), 202U);
  stage.advance(k_look_after_coming);
  EXPECT_THAT(Stage::texts(laptop), ElementsAre("just before"));
}

TEST_F(Collecting, AFailureOfTheOverlayCostsSeconds) {
  EXPECT_EQ(stage.send(alice, "one"), 202U);
  stage.overlay.fails = [](auto&&) { return data::CallError::unavailable; };
  stage.register_phone(laptop);
  stage.advance(k_first_look_retry);
  EXPECT_EQ(laptop.collector.counters().failures, 2U);
  stage.overlay.fails = [](auto&&) { return std::nullopt; };
  stage.advance(k_look_after_coming - k_first_look_retry - Duration{1});
  EXPECT_THAT(laptop.delivered, IsEmpty());
  stage.advance(Duration{1});
  EXPECT_THAT(Stage::texts(laptop), ElementsAre("one"));
}

// Not every phone shows everything: what one cannot, another device is given.
TEST_F(Collecting, WhatAPhoneCannotShowIsLeftForAnother) {
  Peer& tablet = stage.add(device("bob", 0xB2));
  for (const char* text : {"one", "picture", "three"}) EXPECT_EQ(stage.send(alice, text), 202U);
  laptop.phone = [](const Message& message) { return message.body == "picture" ? 415U : 200U; };
  stage.register_phone(laptop);
  EXPECT_THAT(Stage::texts(laptop), ElementsAre("one", "three"));
  EXPECT_EQ(laptop.collector.counters().unfit, 1U);
  stage.advance(k_between_looks * 2);
  EXPECT_EQ(laptop.collector.counters().unfit, 1U) << "it is asked once";
  stage.register_phone(tablet);
  EXPECT_THAT(Stage::texts(tablet), ElementsAre("picture"));
}

TEST_F(Collecting, AnotherPhoneAtTheSamePeerMayShowIt) {
  EXPECT_EQ(stage.send(alice, "picture"), 202U);
  laptop.phone = [](auto&&) { return 415U; };
  stage.register_phone(laptop);
  laptop.collector.on_gone(stage.now, laptop.device.user.aor);
  laptop.phone = [](auto&&) { return 200U; };
  stage.advance(k_shortest_between_looks);
  stage.register_phone(laptop);
  EXPECT_THAT(Stage::texts(laptop), ElementsAre("picture"));
}

TEST_F(Collecting, WhatComesWhileThePhoneIsThereIsFoundLater) {
  stage.register_phone(laptop);
  EXPECT_EQ(stage.send(alice, "hello"), 202U);
  stage.advance(k_between_looks);
  EXPECT_THAT(Stage::texts(laptop), ElementsAre("hello"));
}

TEST_F(Collecting, AnswersSayWhetherItIsDone) {
  struct Row {
    std::optional<unsigned> status;
    bool is_done;
  };
  for (const Row& row : std::vector<Row>{{200, true},
                                         {202, true},
                                         {415, true},
                                         {488, true},
                                         {603, true},
                                         {std::nullopt, false},
                                         {404, false},
                                         {408, false},
                                         {480, false},
                                         {486, false},
                                         {500, false},
                                         {405, false},
                                         {501, false},
                                         {503, false}}) {
    Stage fresh;
    Peer& sender = fresh.add(device("alice", 0xA1));
    Peer& bob = fresh.add(device("bob", 0xB1));
    EXPECT_EQ(fresh.send(sender, "one"), 202U);
    EXPECT_EQ(fresh.send(sender, "two"), 202U);
    std::size_t asked = 0;
    bob.phone = [&](auto&&) {
      ++asked;
      return row.status;
    };
    fresh.register_phone(bob);
    EXPECT_EQ(asked, row.is_done ? 2U : 1U) << row.status.value_or(0);
    bob.phone = [](auto&&) { return 200U; };
    fresh.advance(k_shortest_between_looks);
    fresh.register_phone(bob);
    EXPECT_EQ(bob.delivered.size() - (row.is_done && *row.status < 300 ? 2 : 0), row.is_done ? 0U : 2U)
        << row.status.value_or(0);
  }
}

TEST_F(Collecting, ASilentDriverIsNotWaitedForForEver) {
  EXPECT_EQ(stage.send(alice, "one"), 202U);
  laptop.phone_is_slow = true;
  stage.register_phone(laptop);
  stage.advance(k_delivery_time);
  EXPECT_EQ(laptop.collector.size().size, 0U);
  ASSERT_TRUE(stored());
  EXPECT_FALSE(stored()->claim);
  laptop.collector.on_delivered(stage.now, laptop.ringing[0].id, 200);  // too late
  laptop.phone_is_slow = false;
  laptop.holds = [](auto&&) { return true; };
  stage.register_phone(laptop);
  EXPECT_THAT(laptop.held, SizeIs(1));
  stage.advance(k_call_time);
  EXPECT_EQ(laptop.collector.size().size, 0U);
  EXPECT_EQ(laptop.collector.counters().failures, 1U);
  laptop.holds = [](auto&&) { return false; };
  laptop.held.clear();
  stage.advance(k_look_retry);
  EXPECT_THAT(Stage::texts(laptop), ElementsAre("one"));
}

// Both begin at the same moment, in every order of their calls.
TEST_F(Collecting, TwoPeersOfAUserDeliverOnce) {
  for (unsigned seed = 0; seed < 64; ++seed) {
    Stage fresh;
    Peer& sender = fresh.add(device("alice", 0xA1));
    Peer& one = fresh.add(device("bob", 0xB1));
    Peer& other = fresh.add(device("bob", 0xB2));
    for (const char* text : {"one", "two", "three"}) EXPECT_EQ(fresh.send(sender, text), 202U);
    one.holds = other.holds = [](auto&&) { return true; };
    fresh.register_phone(one);
    fresh.register_phone(other);
    unsigned order = seed;
    for (int steps = 0; steps < 64 && (!one.held.empty() || !other.held.empty()); ++steps, order /= 2) {
      if (order == 0) order = seed + 64;
      fresh.release(order % 2 == 0 ? one : other);
    }
    EXPECT_EQ(one.delivered.size() + other.delivered.size(), 3U) << seed;
    EXPECT_TRUE(one.delivered.empty() || other.delivered.empty()) << seed;
  }
}

// Whoever has the claim may be gone in the middle.
TEST_F(Collecting, AnotherPeerGoesOnWhenAClaimEnds) {
  Peer& tablet = stage.add(device("bob", 0xB2));
  for (const char* text : {"one", "two", "three"}) EXPECT_EQ(stage.send(alice, text), 202U);
  std::size_t answers = 0;
  laptop.phone = [&](auto&&) -> std::optional<unsigned> {
    if (++answers == 2) laptop.holds = [](auto&&) { return true; };  // the overlay is not reached any more
    return 200U;
  };
  stage.register_phone(laptop);
  EXPECT_THAT(Stage::texts(laptop), ElementsAre("one", "two"));
  stage.restart(laptop);
  stage.register_phone(tablet);
  EXPECT_THAT(Stage::texts(tablet), IsEmpty());
  stage.advance(k_claim_time);
  EXPECT_THAT(Stage::texts(tablet), ElementsAre("two", "three"))
      << "what was written down is not delivered again; what could not be, is";
  EXPECT_EQ(laptop.delivered.size(), 0U);
}

TEST_F(Collecting, WhatCouldNotBeWrittenDownIsNotDeliveredAgain) {
  for (const char* text : {"one", "two"}) EXPECT_EQ(stage.send(alice, text), 202U);
  std::size_t puts = 0;
  stage.overlay.fails = [&puts](const data::Call& call) -> std::optional<data::CallError> {
    if (!is_put(call) || ++puts < 3) return std::nullopt;  // the first two: "first", and the claim
    return data::CallError::unavailable;
  };
  stage.register_phone(laptop);
  EXPECT_THAT(Stage::texts(laptop), ElementsAre("one"));
  laptop.collector.on_gone(stage.now, laptop.device.user.aor);
  stage.overlay.fails = [](auto&&) { return std::nullopt; };
  stage.advance(k_look_retry);
  EXPECT_THAT(Stage::texts(laptop), ElementsAre("one")) << "the phone is gone";
  ASSERT_TRUE(stored());
  EXPECT_FALSE(stored()->claim);
  EXPECT_FALSE(stored()->empty());
  Peer& tablet = stage.add(device("bob", 0xB2));
  stage.register_phone(tablet);
  EXPECT_THAT(Stage::texts(tablet), IsEmpty()) << "closed for the device that came later";
  stage.advance(k_shortest_between_looks);
  stage.register_phone(laptop);
  EXPECT_THAT(Stage::texts(laptop), ElementsAre("one", "two"));
}

// The last one, and the phone goes before it can be written down: the user's other peers have to know it.
TEST_F(Collecting, WhatWasDeliveredIsWrittenDownWhenThePhoneIsGone) {
  EXPECT_EQ(stage.send(alice, "one"), 202U);
  laptop.phone_is_slow = true;
  stage.register_phone(laptop);
  laptop.collector.on_gone(stage.now, laptop.device.user.aor);
  stage.overlay.fails = [](const data::Call& call) -> std::optional<data::CallError> {
    return is_put(call) ? std::optional(data::CallError::unavailable) : std::nullopt;
  };
  laptop.collector.on_delivered(stage.now, laptop.ringing.at(0).id, 200);
  stage.run();
  ASSERT_TRUE(stored());
  EXPECT_TRUE(stored()->empty());
  stage.overlay.fails = [](auto&&) { return std::nullopt; };
  stage.advance(k_look_retry);
  EXPECT_FALSE(stored()->empty());
  EXPECT_FALSE(stored()->claim);
  EXPECT_FALSE(laptop.collector.next_wake());
}

TEST_F(Collecting, AMessageMayEndWhileOthersAreDelivered) {
  EXPECT_EQ(stage.send(alice, "one"), 202U);
  stage.keep(alice, text_message("short", "bob", "Expires: 30\r\n"));
  stage.run();
  EXPECT_EQ(stage.send(alice, "two"), 202U);
  laptop.phone_is_slow = true;
  stage.register_phone(laptop);
  stage.advance(Duration{30'000});
  laptop.phone_is_slow = false;
  laptop.collector.on_delivered(stage.now, laptop.ringing.at(0).id, 200);
  stage.run();
  EXPECT_THAT(Stage::texts(laptop), ElementsAre("two"));
}

TEST_F(Collecting, WritersAtTheSameTimeAreTriedAgainAFewTimes) {
  EXPECT_EQ(stage.send(alice, "one"), 202U);
  std::size_t aborted = 0;
  stage.overlay.fails = [&](const data::Call& call) -> std::optional<data::CallError> {
    const auto* put = std::get_if<data::PutCall>(&call);
    if (put == nullptr || !put->expected_generation) return std::nullopt;
    ++aborted;
    return data::CallError::aborted;
  };
  stage.register_phone(laptop);
  EXPECT_LE(aborted, k_max_claim_attempts);
  EXPECT_THAT(laptop.delivered, IsEmpty()) << "without a claim nothing is delivered";
  stage.overlay.fails = [](auto&&) { return std::nullopt; };
  stage.advance(k_look_retry);
  EXPECT_THAT(Stage::texts(laptop), ElementsAre("one"));
}

TEST_F(Collecting, AMessageEnds) {
  stage.keep(alice, text_message("short", "bob", "Expires: 60\r\n"));
  stage.run();
  EXPECT_EQ(stage.send(alice, "long"), 202U);
  stage.advance(Duration{60'000});
  stage.register_phone(laptop);
  EXPECT_THAT(Stage::texts(laptop), ElementsAre("long"));
  EXPECT_EQ(stage.send(alice, "week"), 202U);
  laptop.collector.on_gone(stage.now, laptop.device.user.aor);
  stage.advance(k_longest_wait);
  stage.register_phone(laptop);
  EXPECT_THAT(Stage::texts(laptop), ElementsAre("long"));
}

TEST_F(Collecting, OneThatWouldOutliveItsMarkIsNone) {
  const auto with_wait = [this](std::uint64_t id, Duration wait) {
    Letter one = letter(alice.device, id, std::to_string(id));
    one.until_ms = stage.now.wall_ms + static_cast<WallMs>(wait.count());
    return kept(one, laptop.device);
  };
  put_entry(alice.device, {{with_wait(1, k_longest_wait + k_clock_slack),
                            with_wait(2, k_longest_wait + k_clock_slack + Duration{1})}});
  stage.register_phone(laptop);
  EXPECT_THAT(Stage::texts(laptop), ElementsAre("1"));
}

TEST_F(Collecting, WhatIsNotWhatItSeemsIsNoMessage) {
  const Device& mallory = device("mallory", 0xE1);
  const Letter good = letter(alice.device, 5, "good");
  const auto changed = [&](auto change) {
    Letter out = good;
    change(out);
    KeptMessage result = kept(out, laptop.device);
    result.id = good.id;
    result.until_ms = good.until_ms;
    return result;
  };
  KeptMessage tampered = kept(good, laptop.device);
  Bytes bytes = copy_of(tampered.envelope);
  bytes.back() ^= 1U;
  tampered.envelope = SharedBytes(bytes);
  KeptMessage longer = kept(good, laptop.device);
  longer.until_ms += 1000;
  struct Row {
    const char* what;
    const Device& by;
    KeptMessage message;
    bool is_forged;  // or it cannot be opened
  };
  const std::vector<Row> rows{
      {"another's envelope", mallory, kept(good, laptop.device), true},
      {"a letter by another", alice.device,
       changed([](Letter& one) { one.sender = "eve@overlay.example.org"; }), true},
      {"a letter of another device", alice.device, changed([](Letter& one) { one.sender_node.bytes[0] = 9; }),
       true},
      {"a letter to another", alice.device,
       changed([](Letter& one) { one.recipient = "eve@overlay.example.org"; }), true},
      {"a letter that was sent before", alice.device, changed([](Letter& one) { one.id = 4; }), true},
      {"a letter with lines of its own", alice.device, changed([](Letter& one) {
         one.fields.push_back({"Subject", "x\r\nRoute: <sip:evil.example>"});
       }),
       true},
      {"a longer life", alice.device, longer, true},
      {"no letter",
       alice.device,
       {5, good.until_ms,
        SharedBytes(*security::close_envelope(view_of("hello"), {laptop.device.certificate()}))},
       true},
      {"a changed envelope", alice.device, tampered, false},
      {"an envelope for others", alice.device, kept(good, mallory), false},
      {"no envelope", alice.device, {5, good.until_ms, SharedBytes(Bytes{1, 2, 3})}, false},
  };
  for (const Row& row : rows) {
    Stage fresh;
    Peer& bob = fresh.add(laptop.device);
    fresh.put_entry(row.by, wire::encode(KeptMessages{{row.message}}));
    fresh.register_phone(bob);
    EXPECT_THAT(bob.delivered, IsEmpty()) << row.what;
    EXPECT_EQ(bob.collector.counters().forged, row.is_forged ? 1U : 0U) << row.what;
    EXPECT_EQ(bob.collector.counters().unopened, row.is_forged ? 0U : 1U) << row.what;
    // It is looked at once only, and costs no more writes.
    const std::size_t puts = fresh.overlay.puts;
    fresh.advance(k_between_looks);
    EXPECT_EQ(fresh.overlay.puts, puts) << row.what;
    EXPECT_EQ(bob.collector.counters().forged + bob.collector.counters().unopened, 1U) << row.what;
  }
}

// A device that came later, or has a new key, opens what it can; the others get the rest.
TEST_F(Collecting, WhatOneDeviceCannotOpenAnotherDelivers) {
  Peer& tablet = stage.add(device("bob", 0xB2));
  put_entry(alice.device, {{kept(letter(alice.device, 1, "for the laptop"), laptop.device),
                            kept(letter(alice.device, 2, "for the tablet"), tablet.device),
                            kept(letter(alice.device, 3, "for the laptop too"), laptop.device)}});
  stage.register_phone(tablet);
  EXPECT_THAT(Stage::texts(tablet), ElementsAre("for the tablet"));
  stage.register_phone(laptop);
  EXPECT_THAT(Stage::texts(laptop), ElementsAre("for the laptop", "for the laptop too"));
  stage.advance(k_between_looks * 2);
  EXPECT_EQ(tablet.delivered.size() + laptop.delivered.size(), 3U);
}

// A device that came later opens none of them, and registers first.
TEST_F(Collecting, ManyThatOneDeviceCannotOpenAreThereForTheOther) {
  std::vector<std::string> sent;
  for (std::size_t i = 1; i < k_max_kept_of_sender; ++i) {
    sent.push_back("old " + std::to_string(i));
    EXPECT_EQ(stage.send(alice, sent.back()), 202U);
  }
  Peer& tablet = stage.add(device("bob", 0xB2));
  stage.register_phone(tablet);
  EXPECT_THAT(tablet.delivered, IsEmpty());
  EXPECT_EQ(stage.send(alice, "new"), 202U);
  stage.advance(k_between_looks);
  EXPECT_THAT(Stage::texts(tablet), ElementsAre("new"));
  stage.register_phone(laptop);
  EXPECT_EQ(Stage::texts(laptop), sent);
}

// Its phone is busy, or cannot show it, or it has not the key: the others need not wait for the end of its
// claim.
TEST_F(Collecting, AClaimThatIsGivenBackIsFoundSoon) {
  Peer& tablet = stage.add(device("bob", 0xB2));
  EXPECT_EQ(stage.send(alice, "one"), 202U);
  laptop.phone_is_slow = true;
  stage.register_phone(laptop);
  stage.register_phone(tablet);
  laptop.collector.on_delivered(stage.now, laptop.ringing.at(0).id, 486);
  stage.run();
  EXPECT_THAT(tablet.delivered, IsEmpty());
  stage.advance(k_look_at_others);
  EXPECT_THAT(Stage::texts(tablet), ElementsAre("one"));
}

TEST_F(Collecting, AListOfALaterVersionIsNotReplaced) {
  EXPECT_EQ(stage.send(alice, "one"), 202U);
  stage.put_received(laptop.device, {2, 0});
  const std::size_t puts = stage.overlay.puts;
  stage.register_phone(laptop);
  EXPECT_THAT(laptop.delivered, IsEmpty());
  EXPECT_EQ(stage.overlay.puts, puts);
}

TEST_F(Collecting, ANewKeyOpensWhatTheOldOneCouldNot) {
  const Device& renewed = device("bob", 0xB2);
  put_entry(alice.device, {{kept(letter(alice.device, 1, "for the new key"), renewed)}});
  stage.register_phone(laptop);
  stage.advance(k_between_looks);
  EXPECT_THAT(laptop.delivered, IsEmpty());
  OwnUser user = laptop.device.user;
  user.keys.insert(user.keys.begin(), renewed.user.keys[0]);
  laptop.collector.use_users(stage.now, {user});
  stage.advance(k_between_looks);
  EXPECT_THAT(Stage::texts(laptop), ElementsAre("for the new key"));
}

TEST_F(Collecting, AUserMayGoInTheMiddle) {
  EXPECT_EQ(stage.send(alice, "one"), 202U);
  for (const bool while_delivering : {false, true}) {
    laptop.collector.use_users(stage.now, {laptop.device.user});
    laptop.holds = [&](auto&&) { return !while_delivering; };
    laptop.phone_is_slow = true;
    stage.register_phone(laptop);
    EXPECT_EQ(laptop.collector.size().size, 1U);
    laptop.collector.use_users(stage.now, {});
    EXPECT_EQ(laptop.collector.size().size, 0U);
    EXPECT_FALSE(laptop.collector.next_wake());
    stage.release(laptop);
    for (const Deliver& each : laptop.ringing) laptop.collector.on_delivered(stage.now, each.id, 200);
    stage.register_phone(laptop);
    EXPECT_EQ(laptop.collector.size().size, 0U);
  }
}

TEST(CollectingForMany, SomeAtATime) {
  FakeOverlay overlay;
  std::vector<OwnUser> users;
  for (std::size_t i = 0; i < k_max_collecting + 3; ++i) {
    OwnUser user = device("bob", 0xB1).user;
    user.aor = aor("user" + std::to_string(i));
    users.push_back(user);
  }
  Collector collector(users);
  const Now now{{1000}, ringway::test::k_now_ms};
  for (const OwnUser& each : users) collector.on_registered(now, each.aor);
  auto asked = collector.take_outputs();
  EXPECT_EQ(asked.size(), k_max_collecting);
  EXPECT_EQ(collector.size().size, k_max_collecting);
  std::size_t all = 0;
  while (!asked.empty()) {
    all += asked.size();
    for (const auto& each : asked)
      collector.on_call(now, std::get<AskOverlay>(each).id,
                        data::CallFailure{data::CallError::not_found, "", 0});
    asked = collector.take_outputs();
  }
  EXPECT_EQ(all, users.size());
  EXPECT_EQ(collector.size().size, 0U);
}

}  // namespace
}  // namespace ringway::sip::messages::test
