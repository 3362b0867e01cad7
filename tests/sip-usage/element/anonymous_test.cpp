// Calls whose caller wants to stay unknown: alice's phone at the first peer, bob's at the second, and a third
// one, carol's, between them.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/sip-usage/element/stage.hpp"

namespace ringway::sip::element {
namespace {

using test::node;
using test::Phone;
using test::World;

const std::string k_alice_contact = "<sip:alice@10.0.0.1:4000;transport=tcp>";

std::string gr_of(std::uint8_t number) { return *write_gr({wire::to_node(node(number))}); }

// What would tell bob's side who calls: the user, the phone's address and instance (in tokens, too), the
// peer.
// Tags are the phones' choice, and here their users' names.
std::string told(Message message) {
  message.from.parameters = {};
  message.to.parameters = {};
  const std::string text = message.print();
  for (const std::string& each :
       {std::string("alice"), std::string("10.0.0.1"), to_hex(view_of("10.0.0.1")), std::string("192.0.2.1:"),
        gr_of(1), node(1).hex(), std::string("urn:uuid:a"), std::string("Softphone")})
    if (text.find(each) != std::string::npos) return each;
  return "";
}

struct Anonymous {
  explicit Anonymous(const std::function<void(Settings&)>& change = {})
      : world({{"alice"}, {"bob"}, {"carol"}, {"dave"}}, false, change),
        alice(world.phone("alice", 0)),
        bob(world.phone("bob", 1)),
        dave(world.phone("dave", 3)) {
    world.responsible = {2};
    EXPECT_EQ(world.register_phone(alice), 200u);
    EXPECT_EQ(world.register_phone(bob), 200u);
    EXPECT_EQ(world.register_phone(dave), 200u);
  }
  Message invite(const std::string& call_id = "call-1", const std::string& privacy = "Privacy: id") {
    auto out =
        world.request(alice, "INVITE", "sip:bob@example.org", call_id,
                      {privacy, "User-Agent: Softphone 1", "P-Asserted-Identity: <sip:alice@example.org>"});
    out.contacts.front().parameters.set("+sip.instance", "\"<urn:uuid:a>\"");
    return out;
  }
  // The INVITE as bob has it, and the 200 as alice has it; the ACK has come.
  std::pair<Message, Message> call() {
    world.send(alice, invite());
    auto came = bob.request("INVITE");
    EXPECT_TRUE(came);
    if (!came) return {};
    world.answer(bob, *came, 200);
    auto ok = alice.response(200);
    EXPECT_TRUE(ok);
    if (!ok) return {*came, {}};
    world.send(alice, world.in_dialog(alice, "ACK", *ok));
    const auto ack = bob.request("ACK");
    EXPECT_TRUE(ack);
    EXPECT_EQ(ack ? told(*ack) : "", "");
    return {std::move(*came), std::move(*ok)};
  }
  bool has_met(std::size_t a, std::size_t b) const { return world.connected.contains({a, b}); }

  World world;
  Phone& alice;
  Phone& bob;
  Phone& dave;
};

TEST(AnonymousCall, TheCalleeLearnsOfNobodyButTheIntermediatePeer) {
  // Shows: SIP-24, FM-42.
  Anonymous stage;
  const auto [came, ok] = stage.call();
  EXPECT_EQ(told(came), "");
  EXPECT_EQ(came.from.uri.print(), "sip:anonymous@anonymous.invalid");
  EXPECT_EQ(came.from.tag(), "alice");
  EXPECT_EQ(came.field("P-Asserted-Identity"), nullptr);
  ASSERT_EQ(came.contacts.size(), 1u);
  EXPECT_EQ(came.contacts.front().uri.parameters.value("gr"), gr_of(3));
  EXPECT_TRUE(came.contacts.front().parameters.empty());
  EXPECT_FALSE(stage.has_met(0, 1)) << "a connection shows a certificate and an address";
  EXPECT_TRUE(stage.has_met(0, 2));
  EXPECT_TRUE(stage.has_met(1, 2));
  EXPECT_EQ(ok.from.uri.print(), "sip:alice@example.org") << "her phone knows itself";
  EXPECT_EQ(stage.world.peers[2]->counters().passed_on, 1u);
}

TEST(AnonymousCall, EitherSideHangsUp) {
  // Shows: SIP-24.
  Anonymous stage;
  const auto [came, ok] = stage.call();
  stage.world.send(stage.bob, stage.world.in_dialog(stage.bob, "BYE", came));
  const auto bye = stage.alice.request("BYE");
  ASSERT_TRUE(bye);
  stage.world.answer(stage.alice, *bye, 200);
  const auto answer = stage.bob.response(200);
  ASSERT_TRUE(answer);
  EXPECT_EQ(told(*answer), "");

  Anonymous other;
  const auto [came_there, ok_here] = other.call();
  other.world.send(other.alice, other.world.in_dialog(other.alice, "BYE", ok_here));
  const auto bye_there = other.bob.request("BYE");
  ASSERT_TRUE(bye_there);
  EXPECT_EQ(told(*bye_there), "");
  other.world.answer(other.bob, *bye_there, 200);
  EXPECT_TRUE(other.alice.response(200));
  EXPECT_FALSE(other.has_met(0, 1));
}

TEST(AnonymousCall, AnswersWithinTheDialogTellNothingEither) {
  Anonymous stage;
  const auto [came, ok] = stage.call();
  auto again = stage.world.in_dialog(stage.bob, "INVITE", came);
  stage.world.send(stage.bob, again);
  const auto reinvite = stage.alice.request("INVITE");
  ASSERT_TRUE(reinvite);
  auto answer = make_response(*reinvite, 200, "");
  answer.contacts = {*NameAddr::parse(k_alice_contact + ";+sip.instance=\"<urn:uuid:a>\"")};
  answer.record_routes = reinvite->record_routes;
  answer.set_field("Server", "Softphone 1");
  stage.world.send(stage.alice, answer);
  const auto seen = stage.bob.response(200);
  ASSERT_TRUE(seen);
  EXPECT_EQ(told(*seen), "");
  ASSERT_EQ(seen->contacts.size(), 1u);
  EXPECT_EQ(seen->contacts.front().uri.parameters.value("gr"), gr_of(3));
  auto ack = stage.world.in_dialog(stage.bob, "ACK", came);
  ack.request_uri() = seen->contacts.front().uri;
  ack.cseq.number = again.cseq.number;
  stage.world.send(stage.bob, ack);
  EXPECT_TRUE(stage.alice.request("ACK"));
  EXPECT_FALSE(stage.has_met(0, 1));
}

TEST(AnonymousCall, IsCancelled) {
  Anonymous stage;
  const auto invite = stage.invite();
  stage.world.send(stage.alice, invite);
  const auto came = stage.bob.request("INVITE");
  ASSERT_TRUE(came);
  stage.world.answer(stage.bob, *came, 180);
  EXPECT_TRUE(stage.alice.response(180));
  auto cancel = make_cancel(invite);
  cancel.vias = invite.vias;
  stage.world.send(stage.alice, cancel);
  const auto cancelled = stage.bob.request("CANCEL");
  ASSERT_TRUE(cancelled);
  EXPECT_EQ(told(*cancelled), "");
  stage.world.answer(stage.bob, *came, 487);
  EXPECT_TRUE(stage.alice.response(487));
}

TEST(AnonymousCall, WhoHasTheGruuCallsBack) {
  // Shows: SIP-23, SIP-24.
  Anonymous stage;
  const auto [came, ok] = stage.call();
  const std::string gruu = came.contacts.front().uri.print();
  stage.world.send(stage.dave, stage.world.request(stage.dave, "INVITE", gruu, "call-back"));
  const auto back = stage.alice.request("INVITE");
  ASSERT_TRUE(back);
  EXPECT_EQ(back->from.uri.print(), "sip:anonymous@anonymous.invalid") << "carol's peer vouches for nobody";
  auto answer = make_response(*back, 200, "back");
  answer.contacts = {*NameAddr::parse(k_alice_contact)};
  stage.world.send(stage.alice, answer);
  const auto ok_there = stage.dave.response(200);
  ASSERT_TRUE(ok_there);
  EXPECT_EQ(told(*ok_there), "");
  EXPECT_EQ(ok_there->from.uri.print(), "sip:dave@example.org");
  stage.world.send(stage.dave, stage.world.in_dialog(stage.dave, "ACK", *ok_there));
  EXPECT_TRUE(stage.alice.request("ACK"));
  auto bye = stage.world.in_dialog(stage.alice, "BYE", *back);
  bye.from.parameters.set("tag", "back");
  stage.world.send(stage.alice, bye);
  const auto ended = stage.dave.request("BYE");
  ASSERT_TRUE(ended);
  EXPECT_EQ(told(*ended), "");
  EXPECT_FALSE(stage.has_met(0, 3));
}

TEST(AnonymousCall, WithTheAnonymousFrom) {
  Anonymous stage;
  auto invite = stage.invite("call-1", "Priority: normal");
  invite.from.uri = *Uri::parse("sip:anonymous@anonymous.invalid");
  stage.world.send(stage.alice, invite);
  const auto came = stage.bob.request("INVITE");
  ASSERT_TRUE(came);
  EXPECT_EQ(told(*came), "");
  EXPECT_FALSE(stage.has_met(0, 1));
}

TEST(AnonymousCall, WhoAsksForNothingCallsDirectly) {
  Anonymous stage;
  std::size_t count = 0;
  for (const std::string privacy : {"Privacy: none", "Privacy: session", "Priority: normal"}) {
    stage.world.send(stage.alice, stage.invite("call-" + std::to_string(++count), privacy));
    const auto came = stage.bob.request("INVITE");
    ASSERT_TRUE(came) << privacy;
    EXPECT_EQ(came->from.uri.print(), "sip:alice@example.org");
  }
  EXPECT_TRUE(stage.has_met(0, 1));
  EXPECT_EQ(stage.world.peers[2]->counters().passed_on, 0u);
}

TEST(AnonymousCall, AllCallsOfAPeerMayBe) {
  Anonymous stage([](Settings& settings) { settings.hides_users = true; });
  stage.world.send(stage.alice, stage.invite("call-1", "Priority: normal"));
  const auto came = stage.bob.request("INVITE");
  ASSERT_TRUE(came);
  EXPECT_EQ(told(*came), "");
  stage.world.send(stage.alice, stage.invite("call-2", "Privacy: none"));
  const auto plain = stage.bob.request("INVITE");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->from.uri.print(), "sip:alice@example.org");
}

// What is kept for somebody who is not there is signed by who has written it.
TEST(AnonymousCall, AnonymousMessagesAreNotKept) {
  for (const bool hides : {true, false}) {
    Anonymous stage([&](Settings& settings) {
      settings.hides_users = hides;
      if (settings.registrar.route == wire::DestinationList{wire::to_node(node(1))})
        settings.message_users = {{*Aor::of_user_name("alice@example.org"), node(1), {}, {}}};
    });
    std::size_t asked = 0;
    stage.world.certificates_of = [&](const std::string&) {
      ++asked;
      return std::vector<security::CertificatePtr>();
    };
    stage.world.send(stage.alice, stage.world.request(stage.alice, "MESSAGE", "sip:carol@example.org", "m"));
    stage.world.pass(Duration{30'000});
    EXPECT_EQ(asked, hides ? 0u : 1u);
    EXPECT_EQ(stage.alice.statuses().size(), 1u);
  }
}

TEST(AnonymousCall, WithoutAnIntermediatePeerItIsNoCall) {
  Anonymous stage;
  stage.world.responsible.clear();
  stage.world.send(stage.alice, stage.invite());
  EXPECT_FALSE(stage.bob.request("INVITE"));
  EXPECT_EQ(stage.alice.statuses(), std::vector<unsigned>{480});
  EXPECT_FALSE(stage.has_met(0, 1));
}

TEST(AnonymousCall, PeersThatAreOfNoUseArePassedOver) {
  Anonymous stage;
  stage.world.responsible = {0, 99, 1, 2};  // itself, nobody, the one that is called
  stage.world.responsible[1] = stage.world.peers.size();
  stage.world.send(stage.alice, stage.invite());
  const auto came = stage.bob.request("INVITE");
  ASSERT_TRUE(came);
  EXPECT_EQ(told(*came), "");
  EXPECT_TRUE(stage.world.responsible.empty());
  stage.world.answer(stage.bob, *came, 486);
  // The one that has been found is asked again, for a while.
  stage.world.send(stage.alice, stage.invite("call-2"));
  const auto second = stage.bob.request("INVITE");
  ASSERT_TRUE(second);
  stage.world.answer(stage.bob, *second, 486);
  stage.world.pass(k_intermediate_time);
  stage.world.responsible = {3};
  stage.world.send(stage.alice, stage.invite("call-3"));
  EXPECT_TRUE(stage.bob.request("INVITE"));
  EXPECT_TRUE(stage.has_met(0, 3));
}

TEST(AnonymousCall, TriesHaveABound) {
  Anonymous stage;
  stage.world.responsible.assign(k_max_intermediate_tries, 1);
  stage.world.responsible.push_back(2);
  stage.world.send(stage.alice, stage.invite());
  EXPECT_EQ(stage.alice.statuses(), std::vector<unsigned>{480});
  EXPECT_EQ(stage.world.responsible.size(), 1u);
}

TEST(AnonymousCall, OfAPhoneThatHasNotRegisteredIsNoCall) {
  Anonymous stage;
  Phone& other = stage.world.phone("alice", 0);
  auto invite = stage.world.request(other, "INVITE", "sip:bob@example.org", "call-9", {"Privacy: id"});
  const auto answer = stage.world.ask(other, invite, "alice-secret");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status(), 480u);
  EXPECT_FALSE(stage.bob.request("INVITE"));
}

// ---- what an intermediate peer lets pass

struct Relay {
  explicit Relay() : alice(world.foreign_peer("alice", 1)), bob(world.phone("bob", 0)) {
    EXPECT_EQ(world.register_phone(bob), 200u);
  }
  Message passing(Phone& from, const std::string& call_id, const std::string& next) {
    auto out = world.request(from, "INVITE", "sip:bob@example.org", call_id,
                             {"Route: <sip:example.org;rw-hide;lr>, <" + next + '>'});
    out.from.uri = *Uri::parse("sip:anonymous@anonymous.invalid");
    return out;
  }
  Message passing(const std::string& call_id,
                  const std::string& next = "sip:example.org;gr=" + gr_of(1) + ";lr") {
    return passing(alice, call_id, next);
  }
  unsigned status_of(const Message& request) {
    world.send(alice, request);
    const auto statuses = alice.statuses();
    return statuses.empty() ? 0 : statuses.front();
  }
  World world{{{"bob"}, {"carol"}}};
  Phone& alice;
  Phone& bob;
};

TEST(IntermediatePeer, LeadsIntoTheOverlayOnly) {
  Relay relay;
  EXPECT_EQ(relay.status_of(relay.passing("call-1", "sip:gateway.example;lr")), 403u);
  EXPECT_EQ(relay.status_of(relay.passing("call-2", "sip:example.org;lr")), 403u);
  EXPECT_EQ(relay.status_of(relay.passing("call-3", "sip:example.org;gr=" + gr_of(2) + ";lr")), 482u);
  EXPECT_TRUE(relay.world.opened_addresses.empty());
  EXPECT_EQ(relay.world.peers[1]->counters().not_passed_on, 3u);
}

// It would be its own certificate that speaks for the name.
TEST(IntermediatePeer, GivesNobodyANameOfItsOwn) {
  Relay relay;
  std::size_t count = 0;
  for (const std::string from :
       {"sip:alice@example.org", "sip:carol@example.org", "sip:x@elsewhere.example"}) {
    auto request = relay.passing("call-" + std::to_string(++count));
    request.from.uri = *Uri::parse(from);
    EXPECT_EQ(relay.status_of(request), 403u) << from;
  }
  EXPECT_FALSE(relay.bob.request("INVITE"));
}

TEST(IntermediatePeer, IsThereForPeersOnly) {
  Relay relay;
  Phone& stranger = relay.world.stranger("eve", 1);
  auto request = relay.passing(stranger, "call-1", "sip:example.org;gr=" + gr_of(1) + ";lr");
  relay.world.send(stranger, request);
  EXPECT_EQ(stranger.statuses(), std::vector<unsigned>{407}) << "a phone that may be a user's";
  request = relay.passing(stranger, "call-2", "sip:example.org;gr=" + gr_of(1) + ";lr");
  request.from.uri = *Uri::parse("sip:eve@elsewhere.example");
  relay.world.send(stranger, request);
  EXPECT_EQ(stranger.statuses(), std::vector<unsigned>{403});
  EXPECT_FALSE(relay.bob.request("INVITE"));
}

TEST(IntermediatePeer, FalseSealsLeadNowhere) {
  Relay relay;
  for (const std::string behind :
       {"", "AAAA", "!", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}) {
    const std::string uri =
        "sip:anonymous@example.org;gr=" + gr_of(2) + ";rw-behind=" + (behind.empty() ? "~" : behind);
    if (!Uri::parse(uri)) continue;
    EXPECT_EQ(relay.status_of(relay.world.request(relay.alice, "INVITE", uri, "call" + behind)), 404u)
        << behind;
    auto routed = relay.world.request(relay.alice, "BYE", "sip:bob@example.org", "bye" + behind,
                                      {"Route: <" + uri + ";lr>"});
    EXPECT_EQ(relay.status_of(routed), 403u) << behind;
  }
}

TEST(IntermediatePeer, RequestsOfANodeHaveABound) {
  Relay relay;
  for (std::size_t each = 0; each < k_max_passages_of_node; ++each)
    EXPECT_EQ(relay.status_of(relay.passing("call-" + std::to_string(each))), 0u) << each;
  EXPECT_EQ(relay.status_of(relay.passing("one-more")), 503u);
  // Another node has its own.
  Phone& other = relay.world.foreign_peer("erin", 1);
  relay.world.send(other, relay.passing(other, "erins", "sip:example.org;gr=" + gr_of(1) + ";lr"));
  EXPECT_TRUE(other.statuses().empty());
  // When they have ended there is room again.
  while (const auto came = relay.bob.request("INVITE")) relay.world.answer(relay.bob, *came, 486);
  relay.alice.inbox.clear();
  relay.world.pass(Duration{64'000});
  EXPECT_EQ(relay.status_of(relay.passing("later")), 0u);
}

TEST(IntermediaryTest, AllRequestsHaveABound) {
  auto settings = test::settings_of(3);
  registrar::test::CountingRandom random;
  Intermediary intermediary(settings.proxy, random);
  for (std::size_t each = 0; each < k_max_passages; ++each)
    EXPECT_TRUE(intermediary.begin(node(static_cast<std::uint8_t>(each / k_max_passages_of_node))));
  EXPECT_FALSE(intermediary.begin(node(200)));
  intermediary.end(node(1));
  EXPECT_TRUE(intermediary.begin(node(200)));
  EXPECT_FALSE(intermediary.begin(node(200)));
}

// What was sealed before a restart is read after it; another peer reads nothing. No two seals are alike.
TEST(IntermediaryTest, SealsOutliveARestart) {
  // Shows: SIP-24.
  auto settings = test::settings_of(3), others = test::settings_of(4);
  registrar::test::CountingRandom random;
  Intermediary before(settings.proxy, random), after(settings.proxy, random);
  others.proxy.overlay_gr = settings.proxy.overlay_gr;
  Intermediary another(others.proxy, random);
  const auto passing = [&] {
    auto out = sip::test::message(sip::test::invite_lines());
    make_from_anonymous(out);
    out.routes = {*NameAddr::parse("<sip:example.org;rw-hide;lr>"), route_to("example.org", gr_of(2))};
    out.contacts = {*NameAddr::parse("<sip:anonymous@example.org;gr=" + gr_of(1) + ";rw-device=5>")};
    EXPECT_TRUE(std::holds_alternative<Passage>(before.enter(out, node(1))));
    return out.contacts.front().uri;
  };
  const Uri seen = passing();
  EXPECT_NE(seen.print(), passing().print());
  const auto to_it = [&] {
    auto out = sip::test::message(sip::test::invite_lines());
    out.request_uri() = seen;
    return out;
  };
  auto back = to_it();
  const auto entered = after.enter(back, node(2));
  ASSERT_TRUE(std::holds_alternative<Passage>(entered));
  EXPECT_EQ(std::get<Passage>(entered).hidden, node(1));
  EXPECT_EQ(back.request_uri().parameters.value("gr"), gr_of(1));
  ASSERT_EQ(back.routes.size(), 1u);
  EXPECT_EQ(back.routes.front().uri.parameters.value("gr"), gr_of(1));
  auto lost = to_it();
  EXPECT_EQ(std::get<unsigned>(another.enter(lost, node(2))), 404u);
}

TEST(IntermediaryTest, WhatIsHiddenHasABound) {
  auto settings = test::settings_of(3);
  registrar::test::CountingRandom random;
  Intermediary intermediary(settings.proxy, random);
  const auto status_with = [&](std::size_t length) {
    auto out = sip::test::message(sip::test::invite_lines());
    make_from_anonymous(out);
    out.routes = {*NameAddr::parse("<sip:example.org;rw-hide;lr>"), route_to("example.org", gr_of(2))};
    const std::string shortest = "<sip:@example.org>";
    out.contacts = {*NameAddr::parse("<sip:" + std::string(length - shortest.size(), 'a') + "@example.org>")};
    const auto entered = intermediary.enter(out, node(1));
    const auto* status = std::get_if<unsigned>(&entered);
    return status == nullptr ? 200U : *status;
  };
  constexpr std::size_t k_frame_bytes = 16 + 1 + 2;
  EXPECT_EQ(status_with(k_max_behind_bytes - k_frame_bytes), 200u);
  EXPECT_EQ(status_with(k_max_behind_bytes - k_frame_bytes + 1), 513u);
}

}  // namespace
}  // namespace ringway::sip::element
