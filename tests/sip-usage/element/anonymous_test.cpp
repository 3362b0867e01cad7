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

// ---- phones that leave out the Route of their dialog

TEST(AnonymousCall, WithoutItsRouteThePhoneStaysUnknown) {
  // Shows: SIP-24, FM-42.
  for (const bool by_address : {false, true}) {
    Anonymous stage;
    stage.world.send(stage.alice, stage.invite());
    const auto came = stage.bob.request("INVITE");
    ASSERT_TRUE(came);
    stage.world.answer(stage.bob, *came, 200);
    const auto ok = stage.alice.response(200);
    ASSERT_TRUE(ok);
    for (const std::string method : {"ACK", "INFO", "BYE"}) {
      SCOPED_TRACE(method);
      auto request = stage.world.in_dialog(stage.alice, method, *ok);
      request.routes.clear();
      if (by_address) request.request_uri() = *Uri::parse("sip:bob@example.org");
      stage.world.send(stage.alice, request);
      const auto there = stage.bob.request(method);
      ASSERT_TRUE(there);
      EXPECT_EQ(told(*there), "");
      EXPECT_EQ(there->from.uri.host, "anonymous.invalid");
      if (method == "ACK") continue;
      // What says that there is no such dialog does not end what is known of it.
      stage.world.answer(stage.bob, *there, method == "BYE" ? 200 : 481);
      EXPECT_TRUE(stage.alice.response(method == "BYE" ? 200 : 481));
    }
    EXPECT_FALSE(stage.has_met(0, 1));
    EXPECT_EQ(stage.world.connected.size(), 2u) << "by the peer that the call goes by";
  }
}

TEST(AnonymousCall, AndWhoIsCalledHangsUpWithoutIts) {
  Anonymous stage;
  const auto [came, ok] = stage.call();
  auto bye = stage.world.in_dialog(stage.bob, "BYE", came);
  bye.routes.clear();
  stage.world.send(stage.bob, bye);
  const auto there = stage.alice.request("BYE");
  ASSERT_TRUE(there);
  stage.world.answer(stage.alice, *there, 200);
  const auto answer = stage.bob.response(200);
  ASSERT_TRUE(answer);
  EXPECT_EQ(told(*answer), "");
  EXPECT_FALSE(stage.has_met(0, 1));
}

TEST(AnonymousCall, WhoIsCalledBackStaysUnknownWithoutARoute) {
  Anonymous stage;
  const auto [came, ok] = stage.call();
  const std::string gruu = came.contacts.front().uri.print();
  stage.world.send(stage.dave, stage.world.request(stage.dave, "INVITE", gruu, "call-back"));
  const auto back = stage.alice.request("INVITE");
  ASSERT_TRUE(back);
  stage.world.answer(stage.alice, *back, 200);
  const auto ok_there = stage.dave.response(200);
  ASSERT_TRUE(ok_there);
  stage.world.send(stage.dave, stage.world.in_dialog(stage.dave, "ACK", *ok_there));
  ASSERT_TRUE(stage.alice.request("ACK"));
  auto bye = stage.world.in_dialog(stage.alice, "BYE", *back);
  bye.routes.clear();
  // A phone that is known by its own address in this call as well.
  bye.from.uri = *Uri::parse("sip:alice@example.org");
  stage.world.send(stage.alice, bye);
  const auto ended = stage.dave.request("BYE");
  ASSERT_TRUE(ended);
  EXPECT_EQ(told(*ended), "");
  EXPECT_FALSE(stage.has_met(0, 3));
}

// Nothing is known of the dialog any more; it says itself that it is to be anonymous.
TEST(AnonymousCall, OfALostDialogTheRequestSaysIt) {
  Anonymous stage([](Settings& settings) { settings.hides_users = true; });
  const auto [came, ok] = stage.call();
  stage.world.send(stage.bob, stage.world.in_dialog(stage.bob, "BYE", came));
  const auto bye = stage.alice.request("BYE");
  ASSERT_TRUE(bye);
  stage.world.answer(stage.alice, *bye, 200);
  auto late = stage.world.in_dialog(stage.alice, "INFO", ok);
  late.routes.clear();
  late.request_uri() = *Uri::parse("sip:bob@example.org");
  stage.world.send(stage.alice, late);
  const auto there = stage.bob.request("INFO");
  ASSERT_TRUE(there);
  EXPECT_EQ(told(*there), "");
  EXPECT_FALSE(stage.has_met(0, 1));
}

// ---- calls that are sent on

// The one who answers speaks as the one who was called (RFC 3261 §12.2.1.1).
TEST(AnonymousCall, WhoGetsAForwardedCallHangsUp) {
  for (const std::string from : {"sip:bob@example.org", "sip:carol@example.org"}) {
    SCOPED_TRACE(from);
    Anonymous stage;
    stage.world.send(stage.alice, stage.invite());
    const auto came = stage.bob.request("INVITE");
    ASSERT_TRUE(came);
    auto moved = make_response(*came, 302, "b");
    moved.contacts = {*NameAddr::parse("<sip:dave@192.0.2.2:5060>")};
    stage.world.send(stage.bob, moved);
    const auto sent_on = stage.dave.request("INVITE");
    ASSERT_TRUE(sent_on);
    stage.world.answer(stage.dave, *sent_on, 200);
    const auto ok = stage.alice.response(200);
    ASSERT_TRUE(ok);
    stage.world.send(stage.alice, stage.world.in_dialog(stage.alice, "ACK", *ok));
    auto bye = stage.world.in_dialog(stage.dave, "BYE", *sent_on);
    bye.from.uri = *Uri::parse(from);
    stage.world.send(stage.dave, bye);
    // Of the intermediate peer's own user only its own certificate speaks.
    const bool is_let_through = from == "sip:bob@example.org";
    EXPECT_EQ(stage.alice.request("BYE").has_value(), is_let_through);
    EXPECT_EQ(stage.dave.response(403).has_value(), !is_let_through);
    EXPECT_FALSE(stage.has_met(0, 3));
  }
}

TEST(AnonymousCall, AfterARestartOfAPhoneByDatagrams) {
  World world({{"alice"}, {"bob"}, {"carol"}});
  world.responsible = {2};
  Phone& before = world.phone("alice", 0, "UDP");
  Phone& bob = world.phone("bob", 1);
  EXPECT_EQ(world.register_phone(before), 200u);
  EXPECT_EQ(world.register_phone(bob), 200u);
  world.pass(registrar::k_keep_interval);
  world.restart(0);
  Phone& alice = world.phone("alice", 0, "UDP");
  Phone& other = world.phone("alice", 0, "UDP");
  for (Phone* phone : {&alice, &other}) {
    world.into(0, FlowDown{phone->flow, "another one"});
    if (phone == &alice) phone->address = before.address;
    world.into(
        0,
        FlowUp{phone->flow, "UDP", {"192.0.2.1", 5060}, {phone->address, 4000}, phone->address, false, {}});
  }
  const auto call = [&](Phone& phone, const std::string& call_id) {
    const auto answer =
        world.ask(phone, world.request(phone, "INVITE", "sip:bob@example.org", call_id, {"Privacy: id"}),
                  "alice-secret");
    return answer ? answer->status() : 0;
  };
  EXPECT_EQ(call(alice, "call-1"), 0u);
  const auto came = bob.request("INVITE");
  ASSERT_TRUE(came);
  EXPECT_EQ(told(*came), "");
  EXPECT_EQ(call(other, "call-2"), 480u) << "who has not registered, from another place";
  EXPECT_FALSE(bob.request("INVITE"));
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
  stage.world.answer(stage.bob, *came, 486);
  stage.world.pass(k_call_log_time);
  const auto of_alice =
      std::count_if(stage.world.kept_calls.begin(), stage.world.kept_calls.end(), [](const auto& kept) {
        return kept.first == 0 && kept.second.user.name() == "alice@example.org" && kept.second.is_outgoing;
      });
  EXPECT_EQ(of_alice, 1) << "her own log knows her";
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

// It is about to leave, so that it takes no calls (503).
TEST(AnonymousCall, APeerThatDoesNotPassItOnIsPassedOver) {
  Anonymous stage;
  stage.world.into(2, Shutdown{});
  stage.world.responsible = {2, 2, 3};
  stage.world.send(stage.alice, stage.invite());
  const auto came = stage.bob.request("INVITE");
  ASSERT_TRUE(came);
  EXPECT_EQ(told(*came), "");
  EXPECT_TRUE(stage.has_met(0, 3));
  EXPECT_FALSE(stage.has_met(0, 1));
  stage.world.answer(stage.bob, *came, 486);
  EXPECT_EQ(stage.alice.statuses(), std::vector<unsigned>{486});
  // And later calls go by the one that was of use.
  stage.world.send(stage.alice, stage.invite("call-2"));
  EXPECT_TRUE(stage.bob.request("INVITE"));
}

TEST(AnonymousCall, BadIntermediatePeersHaveABound) {
  std::vector<std::vector<std::string>> users = {{"alice"}, {"bob"}};
  for (std::size_t each = 0; each <= k_max_bad_intermediates + 1; ++each)
    users.push_back({"user" + std::to_string(each)});
  World world(users);
  Phone& alice = world.phone("alice", 0);
  Phone& bob = world.phone("bob", 1);
  EXPECT_EQ(world.register_phone(alice), 200u);
  EXPECT_EQ(world.register_phone(bob), 200u);
  for (std::size_t peer = 2; peer < users.size(); ++peer) {
    world.into(peer, Shutdown{});
    world.responsible.push_back(peer);
  }
  world.send(alice, world.request(alice, "INVITE", "sip:bob@example.org", "call-1", {"Privacy: id"}));
  EXPECT_FALSE(bob.request("INVITE"));
  EXPECT_EQ(alice.statuses(), std::vector<unsigned>{500});
  EXPECT_EQ(world.responsible.size(), users.size() - 2 - (k_max_bad_intermediates + 1));
}

// Its connection is gone before it has said that somebody rings.
TEST(AnonymousCall, APeerThatIsGoneIsPassedOver) {
  Anonymous stage;
  stage.world.responsible = {2, 3};
  stage.world.send(stage.alice, stage.invite());
  ASSERT_TRUE(stage.bob.request("INVITE"));
  stage.world.cut_peers();
  EXPECT_TRUE(stage.bob.request("INVITE"));
  EXPECT_TRUE(stage.has_met(0, 3));
  EXPECT_TRUE(stage.alice.statuses().empty());
}

// Where somebody rings already, its answer counts, whatever it says.
TEST(AnonymousCall, WhoHasRungIsNotCalledTwice) {
  Anonymous stage;
  stage.world.responsible = {2, 3};
  stage.world.send(stage.alice, stage.invite());
  const auto came = stage.bob.request("INVITE");
  ASSERT_TRUE(came);
  stage.world.answer(stage.bob, *came, 180);
  stage.world.answer(stage.bob, *came, 403);
  EXPECT_FALSE(stage.bob.request("INVITE"));
  EXPECT_EQ(stage.alice.statuses(), (std::vector<unsigned>{180, 403}));
}

// ---- messages

Settings& with_alice(Settings& settings) {
  if (settings.registrar.route == wire::DestinationList{wire::to_node(node(1))})
    settings.message_users = {{*Aor::of_user_name("alice@example.org"), node(1), {}, {}}};
  return settings;
}

void send_as_alice(World& world) {
  world.into(0, SendMessage{SendId{1},
                            *Aor::of_user_name("alice@example.org"),
                            *Uri::parse("sip:bob@example.org"),
                            "text/plain",
                            "hello",
                            {}});
}

TEST(AnonymousMessage, OfAProgramWhereAllOfThemAre) {
  Anonymous stage([](Settings& settings) { with_alice(settings).hides_users = true; });
  send_as_alice(stage.world);
  const auto came = stage.bob.request("MESSAGE");
  ASSERT_TRUE(came);
  EXPECT_EQ(told(*came), "");
  EXPECT_EQ(came->body, "hello");
  EXPECT_EQ(came->from.uri.print(), "sip:anonymous@anonymous.invalid");
  EXPECT_FALSE(stage.has_met(0, 1));
  stage.world.answer(stage.bob, *came, 200);
  ASSERT_EQ(stage.world.sent_messages.size(), 1u);
  EXPECT_EQ(stage.world.sent_messages[0].status, 200u);
}

// A program is told what has become of it, not where it could go; and a phone would be seen there.
TEST(AnonymousMessage, ARedirectPeerCarriesIt) {
  Anonymous stage([](Settings& settings) { with_alice(settings).proxy.redirects = true; });
  stage.world.send(stage.alice, stage.invite());
  const auto call = stage.bob.request("INVITE");
  ASSERT_TRUE(call);
  EXPECT_EQ(told(*call), "");
  EXPECT_FALSE(stage.has_met(0, 1));
  send_as_alice(stage.world);
  const auto came = stage.bob.request("MESSAGE");
  ASSERT_TRUE(came);
  stage.world.answer(stage.bob, *came, 200);
  ASSERT_EQ(stage.world.sent_messages.size(), 1u);
  EXPECT_EQ(stage.world.sent_messages[0].status, 200u);
}

TEST(AnonymousMessage, DoesNotGoOutAfterItHasFailed) {
  Anonymous stage;
  stage.world.is_silent = true;
  stage.world.send(stage.alice,
                   stage.world.request(stage.alice, "MESSAGE", "sip:bob@example.org", "m", {"Privacy: id"}));
  stage.world.pass(k_wait_for_answer);
  EXPECT_EQ(stage.alice.statuses(), std::vector<unsigned>{480});
  stage.world.pass(Duration{16'000});
  stage.world.is_silent = false;
  for (const OpenPeer& open : std::exchange(stage.world.silent_opens, {})) {
    stage.world.responsible = {2};
    stage.world.connect(0, open);
  }
  EXPECT_FALSE(stage.bob.request("MESSAGE"));
}

// Nor to another intermediate peer.
TEST(AnonymousCall, DoesNotGoOutAfterItWasCancelled) {
  Anonymous stage;
  stage.world.is_silent = true;
  const auto invite = stage.invite();
  stage.world.send(stage.alice, invite);
  const auto opens = std::exchange(stage.world.silent_opens, {});
  ASSERT_EQ(opens.size(), 1u);
  stage.world.send(stage.alice, make_cancel(invite));
  EXPECT_EQ(stage.alice.statuses(), (std::vector<unsigned>{200, 487}));
  stage.world.into(0, OpenFailed{opens[0].open, "no such node"});
  EXPECT_TRUE(stage.world.silent_opens.empty());
  stage.world.is_silent = false;
  stage.world.pass(Duration{60'000});
  EXPECT_FALSE(stage.bob.request("INVITE"));
}

// In one moment the peer that was to take it turns out not to be there and bob's other device, of a lower q,
// is to ring instead.
TEST(AnonymousCall, IsNotTriedAgainWhenItsTimeIsOver) {
  Anonymous stage;
  World& world = stage.world;
  wire::Writer out;
  write(out, registration_of_node(node(4), "(a=b);q=0.5"));
  world.overlay["bob@example.org"][3] = out.take();
  world.is_silent = true;
  const auto group_time = test::settings_of(1).proxy.group_time;
  const auto earlier = stage.invite("call-0");
  world.send(stage.alice, earlier);
  world.pass(3 * k_peer_wait - group_time);  // so that the third connection fails when the group's time ends
  world.send(stage.alice, make_cancel(earlier));
  world.send(stage.alice, stage.invite("call-1"));
  world.pass(group_time);
  EXPECT_GE(world.silent_opens.size(), 3u);
  world.is_silent = false;
  world.responsible.assign(2 * k_max_intermediate_tries, 2);
  for (const OpenPeer& open : std::exchange(world.silent_opens, {})) world.connect(0, open);
  EXPECT_FALSE(stage.bob.request("INVITE"));
}

// Each peer on its way gives it up before those in front of it do.
TEST(AnonymousMessage, IsGivenUpWhereItPassesAndWhereItEnds) {
  Anonymous stage;
  Phone& by_datagrams = stage.world.phone("bob", 1, "UDP");
  ASSERT_EQ(stage.world.register_phone(by_datagrams), 200u);
  stage.world.send(stage.alice,
                   stage.world.request(stage.alice, "MESSAGE", "sip:bob@example.org", "m", {"Privacy: id"}));
  ASSERT_TRUE(by_datagrams.request("MESSAGE"));
  stage.world.pass(k_wait_of_others);
  EXPECT_EQ(stage.alice.statuses(), std::vector<unsigned>{480});
  by_datagrams.inbox.clear();
  stage.world.pass(Duration{20'000});
  EXPECT_TRUE(by_datagrams.inbox.empty());
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

}  // namespace
}  // namespace ringway::sip::element
