// Phones publish and watch through whole elements, with an overlay between them.
#include <gmock/gmock.h>

#include "tests/sip-usage/element/stage.hpp"
#include "tests/sip-usage/messages/stage.hpp"
#include "tests/sip-usage/presence/stage.hpp"

namespace ringway::sip::element {
namespace {

using presence::test::document;
using presence::test::field;
using test::Phone;
using test::World;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

const ringway::test::TestAuthority& authority() {
  static const ringway::test::TestAuthority one("example.org");
  return one;
}

messages::test::Device device_of(const std::string& name, std::uint8_t number) {
  messages::test::Device out;
  out.credentials = authority().credentials(name, test::node(number));
  out.user = {
      *Aor::of_user_name(name),
      test::node(number),
      {},
      {*security::load_envelope_key(out.credentials.private_key_pem, out.credentials.certificate_pem)}};
  return out;
}

// Alice, bob and carol, each with a peer.
class PresenceTest : public ::testing::Test {
 protected:
  explicit PresenceTest(presence::Permission of_bob = {})
      : world{{{"alice"}, {"bob"}, {"carol"}}, false, [this, of_bob](Settings& settings) {
                for (const auto& each : devices)
                  if (settings.registrar.route == wire::DestinationList{wire::to_node(each.user.node)})
                    settings.message_users = {each.user};
                settings.presence_permissions[aor("bob")] = of_bob;
              }} {
    world.answer_call = [this](std::size_t peer, const data::Call& call) {
      return overlay.answer(devices[peer], call, world.now().wall_ms);
    };
    world.certificates_of = [this](const std::string& user) {
      std::vector<security::CertificatePtr> out;
      for (const auto& each : devices)
        if (each.user.aor.name() == user) out.push_back(each.certificate());
      return out;
    };
    world.look = [this](const std::string& key) -> data::WatchResult {
      data::GetCall get;
      get.key = key;
      data::WatchUpdate out;
      auto got = overlay.answer(devices[0], get, world.now().wall_ms);
      if (auto* found = std::get_if<data::GetResult>(&got)) out.state = std::move(*found);
      return out;
    };
    EXPECT_EQ(world.register_phone(alice), 200U);
  }
  static Aor aor(const std::string& user) { return *Aor::of_user_name(user + "@example.org"); }

  std::optional<Message> subscribe(Phone& from, const std::string& to = "bob",
                                   const std::string& event = "presence") {
    auto request = world.request(from, "SUBSCRIBE", "sip:" + to + "@example.org", "s" + from.user + to,
                                 {"Event: " + event, "Expires: 600"});
    return world.ask(from, std::move(request), from.user + "-secret");
  }
  std::optional<Message> again(Phone& from, const Message& answer, const std::string& expires) {
    auto request = world.in_dialog(from, "SUBSCRIBE", answer);
    request.set_field("Event", "presence");
    request.set_field("Expires", expires);
    world.send(from, request);
    for (auto& each : from.inbox)
      if (!each.is_request() && each.cseq == request.cseq) return each;
    return std::nullopt;
  }
  std::optional<Message> publish(Phone& from, const std::string& note, const std::string& etag = "",
                                 const std::string& user = "") {
    auto request = world.request(from, "PUBLISH", "sip:" + (user.empty() ? from.user : user) + "@example.org",
                                 "p" + note, {"Event: presence", "Content-Type: application/pidf+xml"});
    request.body = document("t", note);
    if (!etag.empty()) request.set_field("SIP-If-Match", etag);
    return world.ask(from, std::move(request), from.user + "-secret");
  }
  // The next NOTIFY, which the phone answers.
  std::optional<Message> notified(Phone& phone, unsigned status = 200) {
    auto request = phone.request("NOTIFY");
    if (request && status != 0) world.answer(phone, *request, status);
    return request;
  }
  static std::string state(const std::optional<Message>& notify) {
    return notify ? field(*notify, "Subscription-State") : "nothing";
  }

  std::vector<messages::test::Device> devices{
      device_of("alice@example.org", 1), device_of("bob@example.org", 2), device_of("carol@example.org", 3)};
  messages::test::FakeOverlay overlay;
  World world;
  Phone& alice = world.phone("alice", 0);
  Phone& bob = world.phone("bob", 1);
};

TEST_F(PresenceTest, WhatAPhonePublishesIsSeenAtAnotherPeer) {
  ASSERT_EQ(world.register_phone(bob), 200U);
  const auto published = publish(bob, "busy");
  ASSERT_TRUE(published);
  ASSERT_EQ(published->status(), 200U);
  world.pass(registrar::k_store_interval);
  const auto subscribed = subscribe(alice);
  ASSERT_TRUE(subscribed);
  ASSERT_EQ(subscribed->status(), 200U);
  EXPECT_EQ(subscribed->contacts.front().uri.print(), "sip:192.0.2.1:5060;transport=tcp");
  auto notify = notified(alice);
  EXPECT_THAT(state(notify), StartsWith("active;expires=600"));
  EXPECT_THAT(notify->body, HasSubstr("busy"));
  EXPECT_EQ(notify->vias.size(), 1U);
  EXPECT_EQ(notify->vias.front().host, "192.0.2.1");
  EXPECT_EQ(notify->from.tag(), subscribed->to.tag());
  // No SIP between peers.
  EXPECT_EQ(world.peer_connections, 0U);

  const auto changed = publish(bob, "away", field(*published, "SIP-ETag"));
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->status(), 200U);
  world.pass(std::max(registrar::k_store_interval, presence::k_throttle));
  notify = notified(alice);
  EXPECT_THAT(state(notify), StartsWith("active"));
  EXPECT_THAT(notify->body, HasSubstr("away"));
  EXPECT_THAT(notify->body, Not(HasSubstr("busy")));
}

TEST_F(PresenceTest, ASubscriptionIsRefreshedAndEnded) {
  const auto subscribed = subscribe(alice);
  ASSERT_TRUE(subscribed);
  notified(alice);
  EXPECT_EQ(world.watched.size(), 1U);
  const auto refreshed = again(alice, *subscribed, "300");
  ASSERT_TRUE(refreshed);
  EXPECT_EQ(refreshed->status(), 200U);
  EXPECT_THAT(state(notified(alice)), StartsWith("active;expires=300"));
  const auto ended = again(alice, *subscribed, "0");
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->status(), 200U);
  EXPECT_THAT(state(notified(alice)), StartsWith("terminated"));
  EXPECT_TRUE(world.watched.empty());
  const auto late = again(alice, *subscribed, "300");
  ASSERT_TRUE(late);
  EXPECT_EQ(late->status(), 481U);
}

TEST_F(PresenceTest, WhoHasAPhoneIsThere) {
  subscribe(alice);
  EXPECT_THAT(notified(alice)->body, HasSubstr("closed"));
  ASSERT_EQ(world.register_phone(bob), 200U);
  world.pass(presence::k_throttle);
  EXPECT_THAT(notified(alice)->body, HasSubstr("open"));
  ASSERT_EQ(world.register_phone(bob, {"Expires: 0"}), 200U);
  world.pass(std::max(registrar::k_store_interval, presence::k_throttle));
  const auto gone = notified(alice);
  ASSERT_TRUE(gone);
  EXPECT_THAT(gone->body, HasSubstr("closed"));
}

TEST_F(PresenceTest, ANotifyThatIsNotTakenEndsTheSubscription) {
  subscribe(alice);
  notified(alice, 481);
  EXPECT_TRUE(world.watched.empty());
  // Nobody answers: 64*T1 (RFC 3261 §17.1.2.2).
  subscribe(alice);
  EXPECT_EQ(world.watched.size(), 1U);
  world.pass(Duration{33'000});
  EXPECT_TRUE(world.watched.empty());
  EXPECT_EQ(world.peers[0]->notified_presence().failed_notifies, 2U);
}

TEST_F(PresenceTest, AFlowThatIsGoneEndsIt) {
  subscribe(alice);
  notified(alice);
  EXPECT_TRUE(world.held[alice.flow]);
  world.hang_connection(alice);
  EXPECT_TRUE(world.watched.empty());
}

// The phone is in another network, and the connection before goes later, with a NOTIFY that nobody answers.
TEST_F(PresenceTest, APhoneThatHasMovedIsToldThere) {
  const auto subscribed = subscribe(alice);
  ASSERT_TRUE(subscribed);
  ASSERT_TRUE(alice.request("NOTIFY"));
  Phone& moved = world.phone("alice", 0);
  moved.last_cseq = 100;
  auto refresh = world.in_dialog(moved, "SUBSCRIBE", *subscribed);
  refresh.set_field("Event", "presence");
  refresh.set_field("Expires", "600");
  const auto answer = world.ask(moved, std::move(refresh), "alice-secret");
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->status(), 200U);
  world.hang_connection(alice);
  EXPECT_THAT(state(notified(moved)), StartsWith("active"));
  EXPECT_EQ(world.watched.size(), 1U);
  ASSERT_EQ(world.register_phone(bob), 200U);
  world.pass(presence::k_throttle);
  const auto changed = notified(moved);
  ASSERT_TRUE(changed);
  EXPECT_THAT(changed->body, HasSubstr("open"));
}

// What is for a subscription is asked for credentials, although it is sent to the peer itself.
TEST_F(PresenceTest, NobodyElseRefreshesASubscription) {
  const auto subscribed = subscribe(alice);
  notified(alice);
  Phone& other = world.phone("alice", 0);
  const auto answer = again(other, *subscribed, "0");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status(), 407U);
  EXPECT_EQ(world.watched.size(), 1U);
}

TEST_F(PresenceTest, NobodyPublishesForAnother) {
  ASSERT_EQ(world.register_phone(bob), 200U);
  Phone& stranger = world.stranger("mallory", 1);
  const auto refused = publish(stranger, "lie", "", "bob");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status(), 403U);
  Phone& peer = world.foreign_peer("dave", 1);
  const auto of_peer = publish(peer, "lie", "", "bob");
  ASSERT_TRUE(of_peer);
  EXPECT_EQ(of_peer->status(), 403U);
  subscribe(alice);
  EXPECT_THAT(notified(alice)->body, Not(HasSubstr("lie")));
}

TEST_F(PresenceTest, OthersWatchOwnUsersByAConnection) {
  ASSERT_EQ(world.register_phone(bob), 200U);
  Phone& stranger = world.stranger("mallory", 1);
  const auto answer = subscribe(stranger);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status(), 200U);
  EXPECT_THAT(notified(stranger)->body, HasSubstr("open"));
  // The address of a datagram may be another one's.
  Phone& by_datagram = world.stranger("mallory", 1, "UDP");
  EXPECT_EQ(subscribe(by_datagram)->status(), 403U);
  EXPECT_EQ(again(by_datagram, *answer, "300")->status(), 403U);
  EXPECT_FALSE(by_datagram.request("NOTIFY"));
  EXPECT_EQ(again(stranger, *answer, "0")->status(), 200U);
  Phone& peer = world.foreign_peer("dave", 1);
  EXPECT_EQ(subscribe(peer)->status(), 200U);
  EXPECT_THAT(notified(peer)->body, HasSubstr("open"));
  // Users of other peers are watched where they are.
  EXPECT_EQ(subscribe(stranger, "alice")->status(), 404U);
}

// A program on the machine without an account sees what everybody sees, by datagrams as well.
TEST(PresenceOfNobodyTest, AProgramOnTheMachineSubscribes) {
  World world({{"alice"}}, true,
              [](Settings& settings) { settings.message_users = {device_of("alice@example.org", 1).user}; });
  Phone& program = world.phone("sipp", 0, "UDP", true);
  program.domain = "127.0.0.1";
  const auto subscribe = [&](const std::string& event, const std::string& tag) {
    auto request = world.request(program, "SUBSCRIBE", "sip:alice@example.org", "s", {"Event: " + event});
    if (!tag.empty()) request.to.parameters.set("tag", tag);
    world.send(program, request);
    return std::exchange(program.inbox, {}).front();
  };
  const Message answer = subscribe("presence", "");
  EXPECT_EQ(answer.status(), 200U);
  EXPECT_EQ(subscribe("presence", std::string(answer.to.tag())).status(), 200U);
}

TEST_F(PresenceTest, OtherPackagesGoToThePhone) {
  ASSERT_EQ(world.register_phone(bob), 200U);
  world.send(alice, world.request(alice, "SUBSCRIBE", "sip:bob@example.org", "d", {"Event: dialog"}));
  const auto request = bob.request("SUBSCRIBE");
  ASSERT_TRUE(request);
  EXPECT_EQ(field(*request, "Event"), "dialog");
}

// After a restart of the peer the phone subscribes anew (RFC 6665 §4.1.2.2).
TEST_F(PresenceTest, ASubscriptionThatIsNotKnown) {
  auto request = world.request(alice, "SUBSCRIBE", "sip:192.0.2.1:5060", "old", {"Event: presence"});
  request.to.parameters.set("tag", "before");
  world.send(alice, request);
  EXPECT_TRUE(alice.response(481));
}

TEST_F(PresenceTest, APeerThatLeavesShowsNobody) {
  ASSERT_EQ(world.register_phone(bob), 200U);
  subscribe(alice);
  EXPECT_THAT(notified(alice)->body, HasSubstr("open"));
  world.into(1, Shutdown{});
  world.pass(presence::k_throttle);
  EXPECT_THAT(notified(alice)->body, HasSubstr("closed"));
  world.into(0, Shutdown{});
  EXPECT_THAT(state(notified(alice)), StartsWith("terminated;reason=probation"));
  EXPECT_TRUE(world.watched.empty());
}

TEST_F(PresenceTest, WhatIsPublishedNeedsNoOtherServer) {
  Phone& phone = world.phone("alice", 0);
  world.send(phone, world.request(phone, "OPTIONS", "sip:example.org", "o"));
  const auto answer = phone.response(200);
  ASSERT_TRUE(answer);
  EXPECT_EQ(field(*answer, "Allow-Events"), "presence");
}

TEST_F(PresenceTest, AProgramWatches) {
  ASSERT_EQ(world.register_phone(bob), 200U);
  const auto shown = [this] {
    const auto all = std::exchange(world.shown, {});
    return all.empty() ? std::optional<presence::SightResult>() : std::optional(all.back().result);
  };
  world.into(0, WatchUser{presence::OnlookerId{7}, "sip:bob@example.org"});
  auto first = shown();
  ASSERT_TRUE(first);
  EXPECT_TRUE(std::get<presence::Sight>(*first).is_reachable);
  world.into(0, NextSight{presence::OnlookerId{7}});
  // Beside a phone that watches the same user.
  subscribe(alice);
  notified(alice);
  EXPECT_EQ(world.watched.size(), 2U);
  ASSERT_EQ(world.register_phone(bob, {"Expires: 0"}), 200U);
  world.pass(std::max(registrar::k_store_interval, presence::k_throttle));
  first = shown();
  ASSERT_TRUE(first);
  EXPECT_FALSE(std::get<presence::Sight>(*first).is_reachable);
  world.into(0, HideSight{presence::OnlookerId{7}});
  EXPECT_EQ(world.watched.size(), 1U);
  for (const auto& [address, as_user, error] :
       {std::tuple{"bob", "", data::CallError::invalid_argument},
        std::tuple{"sip:bob@example.org", "bob@example.org", data::CallError::not_found}}) {
    world.into(0, WatchUser{presence::OnlookerId{8}, address, as_user});
    const auto refused = shown();
    ASSERT_TRUE(refused);
    EXPECT_EQ(std::get<data::CallFailure>(*refused).error, error);
  }
}

TEST_F(PresenceTest, WhoHasGoneFromTheUsersIsShownNoMore) {
  ASSERT_EQ(world.register_phone(bob), 200U);
  subscribe(alice);
  EXPECT_THAT(notified(alice)->body, HasSubstr("open"));
  world.into(1, AccountsChanged{{}});
  world.pass(presence::k_throttle);
  const auto notify = notified(alice);
  ASSERT_TRUE(notify);
  EXPECT_THAT(notify->body, HasSubstr("closed"));
}

TEST_F(PresenceTest, WhoHasGoneFromTheUsersWatchesNobody) {
  ASSERT_EQ(world.register_phone(bob), 200U);
  subscribe(alice);
  notified(alice);
  world.into(0, WatchUser{presence::OnlookerId{7}, "sip:bob@example.org"});
  world.shown.clear();
  EXPECT_EQ(world.watched.size(), 2U);
  world.into(0, AccountsChanged{{}});
  EXPECT_THAT(state(notified(alice)), StartsWith("terminated;reason=rejected"));
  EXPECT_TRUE(world.watched.empty());
  ASSERT_EQ(world.shown.size(), 1U);
  EXPECT_EQ(std::get<data::CallFailure>(world.shown[0].result).error, data::CallError::not_found);
}

TEST_F(PresenceTest, AStrangerTakesNotAllPlaces) {
  ASSERT_EQ(world.register_phone(bob), 200U);
  const auto watch = [this](Phone& from, const std::string& call_id) {
    world.send(from, world.request(from, "SUBSCRIBE", "sip:bob@example.org", call_id,
                                   {"Event: presence", "Expires: 600"}));
    const auto answers = from.statuses();
    return answers.empty() ? 0U : answers.front();
  };
  Phone& stranger = world.stranger("mallory", 1);
  for (std::size_t at = 0; at < presence::k_max_subscriptions_of_source; ++at)
    ASSERT_EQ(watch(stranger, "s" + std::to_string(at)), 200U);
  EXPECT_EQ(watch(stranger, "last"), 403U);
  EXPECT_EQ(watch(world.stranger("dave", 1), "d"), 200U);
}

// Bob lets himself be seen by alice only.
class PresenceListTest : public PresenceTest {
 protected:
  PresenceListTest() : PresenceTest({presence::Permission::Who::listed, {aor("alice")}}) {
    EXPECT_EQ(world.register_phone(bob), 200U);
    EXPECT_EQ(world.register_phone(carol), 200U);
    publish(bob, "secret");
    world.pass(registrar::k_store_interval);
  }
  Phone& carol = world.phone("carol", 2);
};

TEST_F(PresenceListTest, OnlyThoseOnTheListSeeHim) {
  subscribe(alice);
  const auto seen = notified(alice);
  EXPECT_THAT(state(seen), StartsWith("active"));
  EXPECT_THAT(seen->body, HasSubstr("secret"));
  subscribe(carol);
  const auto hidden = notified(carol);
  EXPECT_THAT(state(hidden), StartsWith("pending"));
  EXPECT_THAT(hidden->body, IsEmpty());
  // Himself.
  subscribe(bob);
  EXPECT_THAT(notified(bob)->body, HasSubstr("secret"));
  for (const auto& [at, stored] : overlay.dictionaries)
    for (const auto& [entry, value] : stored.entries)
      EXPECT_EQ(std::string(text_of(value.entry.value)).find("secret"), std::string::npos);
}

// Nobody can say who she is now; who she was is known.
TEST_F(PresenceListTest, WhileCertificatesCannotBeAskedForTheListIsAsBefore) {
  world.no_certificates = data::CallFailure{data::CallError::unavailable, "not in the ring", 0};
  world.pass(presence::k_certificate_life);
  const auto published = publish(bob, "later");
  ASSERT_TRUE(published);
  EXPECT_EQ(published->status(), 200U);
  world.pass(registrar::k_store_interval);
  subscribe(alice);
  const auto seen = notified(alice);
  EXPECT_THAT(state(seen), StartsWith("active"));
  EXPECT_THAT(seen->body, HasSubstr("later"));
}

TEST_F(PresenceListTest, ARenewedKeyOpensWhatComesNextAndWhatWasBefore) {
  auto renewed = device_of("alice@example.org", 1);
  world.into(0, KeysRenewed{{renewed.user}});
  subscribe(alice);
  EXPECT_THAT(notified(alice)->body, HasSubstr("secret"));
}

}  // namespace
}  // namespace ringway::sip::element
