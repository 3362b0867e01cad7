// Registrations and calls between phones of two peers.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/sip-usage/element/stage.hpp"

namespace ringway::sip::element {
namespace {

using test::Phone;
using test::World;

// alice's phone at the first peer, bob's at the second.
struct Call {
  explicit Call(const std::string& transport = "TCP")
      : alice(world.phone("alice", 0, transport)), bob(world.phone("bob", 1, transport)) {
    EXPECT_EQ(world.register_phone(alice), 200u);
    EXPECT_EQ(world.register_phone(bob), 200u);
  }
  Message invite(const std::string& to = "sip:bob@example.org") {
    return world.request(alice, "INVITE", to, "call-1");
  }
  World world;
  Phone& alice;
  Phone& bob;
};

TEST(ElementRegisterTest, ChallengesThenStores) {
  World world;
  Phone& alice = world.phone("alice", 0);
  const auto request = world.request(alice, "REGISTER", "sip:alice@example.org");
  world.send(alice, request);
  EXPECT_TRUE(alice.response(401));
  EXPECT_TRUE(world.overlay["alice@example.org"].empty());
  EXPECT_EQ(world.register_phone(alice), 200u);
  EXPECT_EQ(world.overlay["alice@example.org"].size(), 1u);
  EXPECT_TRUE(world.held[alice.flow]);
  const auto wrong = world.ask(alice, world.request(alice, "REGISTER", "sip:alice@example.org"), "guess");
  ASSERT_TRUE(wrong);
  EXPECT_NE(wrong->status(), 200u);
}

TEST(ElementRegisterTest, OverlayDoesNotTakeIt) {
  World world;
  world.overlay_takes = false;
  Phone& alice = world.phone("alice", 0);
  EXPECT_EQ(world.register_phone(alice), 503u);
  EXPECT_FALSE(world.held[alice.flow]);
}

// With this peer as its outbound proxy: a phone does not answer challenges of two kinds with one realm.
TEST(ElementRegisterTest, ByAnOutboundProxyIsChallengedOnce) {
  World world;
  Phone& alice = world.phone("alice", 0);
  const std::vector<std::string> route{"Route: <sip:192.0.2.1;lr>"};
  world.send(alice, world.request(alice, "REGISTER", "sip:alice@example.org", "reg", route));
  EXPECT_FALSE(alice.response(407));
  EXPECT_TRUE(alice.response(401));
  EXPECT_EQ(world.register_phone(alice, route), 200u);
}

// A web page that a browser on this machine shows may be anybody's.
TEST(ElementRegisterTest, WebSocketsFromThisMachineNeedCredentials) {
  World world({{"alice"}}, true);
  Phone& phone = world.phone("alice", 0, "TCP", true);
  EXPECT_TRUE(world.ask(phone, world.request(phone, "REGISTER", "sip:alice@example.org"), "") &&
              phone.inbox.back().status() == 200U);
  Phone& page = world.phone("alice", 0, "WS", true);
  world.send(page, world.request(page, "REGISTER", "sip:alice@example.org", "z9hG4bKofapage"));
  EXPECT_TRUE(page.response(401));
}

TEST(ElementCallTest, AcrossTwoPeers) {
  // Shows: SIP-18.
  for (const std::string transport : {"TCP", "UDP", "WS"}) {
    SCOPED_TRACE(transport);
    Call call(transport);
    auto& [world, alice, bob] = call;
    auto first = call.invite();
    world.send(alice, first);
    if (const auto challenge = alice.response(407)) {  // UDP: anybody can write any address there
      EXPECT_EQ(transport, "UDP");
      world.send(alice, make_ack(first, *challenge));
      World::add_credentials(first, *challenge, "alice-secret");
      first.vias.front().parameters.set("branch", "z9hG4bKsecond");
      first.cseq.number = ++alice.last_cseq;
      world.send(alice, first);
    }
    EXPECT_TRUE(alice.response(100));
    const auto invite = bob.request("INVITE");
    ASSERT_TRUE(invite);
    EXPECT_EQ(invite->request_uri().host, bob.address);
    world.answer(bob, *invite, 180);
    EXPECT_TRUE(alice.response(180));
    world.answer(bob, *invite, 200);
    const auto ok = alice.response(200);
    ASSERT_TRUE(ok);
    EXPECT_EQ(ok->vias.size(), 1u);
    world.send(alice, world.in_dialog(alice, "ACK", *ok));
    EXPECT_TRUE(bob.request("ACK"));
    world.send(bob, world.in_dialog(bob, "BYE", *invite));
    const auto bye = alice.request("BYE");
    ASSERT_TRUE(bye);
    world.answer(alice, *bye, 200);
    EXPECT_TRUE(bob.response(200));
    ASSERT_EQ(world.kept_calls.size(), 1u) << "her own peer's at once; those of others together";
    EXPECT_EQ(world.kept_calls[0].first, 0u);
    world.pass(k_call_log_time);
    ASSERT_EQ(world.kept_calls.size(), 2u);
    for (const auto& [peer, record] : world.kept_calls) {
      EXPECT_EQ(record.user.name(), peer == 0 ? "alice@example.org" : "bob@example.org");
      EXPECT_EQ(record.is_outgoing, peer == 0);
      EXPECT_EQ(record.other, peer == 0 ? "sip:bob@example.org" : "sip:alice@example.org");
      EXPECT_EQ(record.status, 200u);
      EXPECT_TRUE(record.ended_ms);
    }
    world.send(alice, world.in_dialog(alice, "INFO", *ok));
    EXPECT_TRUE(bob.request("INFO"));
    EXPECT_EQ(world.peer_connections, 1u);  // the way back is the same
    world.pass(Duration{120'000});
    for (const auto& peer : world.peers)
      for (const auto& table : peer->tables()) {
        const bool is_of_calls = std::string(table.name).find("ransactions") != std::string::npos;
        EXPECT_TRUE(!is_of_calls || table.size == 0) << table.name;
      }
  }
}

// A phone that takes SIPS only says so in the overlay, and is called so; the caller's own hop stays as it is.
TEST(ElementCallTest, WhoTakesSipsOnlyIsCalledSo) {
  // Shows: SIP-19.
  World world;
  Phone& alice = world.phone("alice", 0);
  Phone& bob = world.phone("bob", 1, "TLS");
  ASSERT_EQ(world.register_phone(alice), 200u);
  auto registration = world.request(bob, "REGISTER", "sip:bob@example.org", "reg");
  registration.contacts.front().uri.scheme = "sips";
  const auto registered = world.ask(bob, registration, "bob-secret");
  ASSERT_TRUE(registered && registered->status() == 200u);
  world.is_silent = true;
  world.send(alice, world.request(alice, "INVITE", "sip:bob@example.org", "call-1"));
  ASSERT_EQ(world.silent_opens.size(), 1u);
  EXPECT_EQ(world.silent_opens[0].application, 5061);
  world.is_silent = false;
  world.connect(0, world.silent_opens[0]);
  const auto invite = bob.request("INVITE");
  ASSERT_TRUE(invite);
  EXPECT_EQ(invite->request_uri().scheme, "sips");
  ASSERT_EQ(invite->record_routes.size(), 4u);
  for (std::size_t at = 0; at < 3; ++at) EXPECT_EQ(invite->record_routes[at].uri.scheme, "sips") << at;
  EXPECT_EQ(invite->record_routes[3].uri.scheme, "sip");
  world.answer(bob, *invite, 200);
  const auto ok = alice.response(200);
  ASSERT_TRUE(ok);
  world.send(alice, world.in_dialog(alice, "ACK", *ok));
  EXPECT_TRUE(bob.request("ACK"));
  world.send(bob, world.in_dialog(bob, "BYE", *invite));
  EXPECT_TRUE(alice.request("BYE"));
}

// What is called by sips: goes to no phone by anything but TLS.
TEST(ElementCallTest, SipsGoesToPhonesThatSayTheyTakeIt) {
  World world(std::vector<std::vector<std::string>>{{"alice", "bob"}});
  Phone& alice = world.phone("alice", 0);
  Phone& plain = world.phone("bob", 0);
  Phone& secure = world.phone("bob", 0, "TLS");
  ASSERT_EQ(world.register_phone(alice), 200u);
  ASSERT_EQ(world.register_phone(plain), 200u);
  world.send(alice, world.request(alice, "INVITE", "sips:bob@example.org", "call-1"));
  EXPECT_EQ(alice.statuses(), std::vector<unsigned>{480});
  for (Phone* phone : {&plain, &secure}) {
    auto registration = world.request(*phone, "REGISTER", "sip:bob@example.org", "reg-2");
    registration.contacts.front().uri.scheme = "sips";
    const auto registered = world.ask(*phone, registration, "bob-secret");
    ASSERT_TRUE(registered);
    EXPECT_EQ(registered->status(), phone == &secure ? 200u : 403u);
  }
  world.send(alice, world.request(alice, "INVITE", "sips:bob@example.org", "call-2"));
  EXPECT_FALSE(plain.request("INVITE"));
  const auto invite = secure.request("INVITE");
  ASSERT_TRUE(invite);
  EXPECT_EQ(invite->request_uri().scheme, "sips");
}

TEST(ElementCallTest, DevicesThatTakeNoSuchCallAreLeftOut) {
  // Shows: SIP-19.
  Call call;
  auto& [world, alice, bob] = call;
  const auto call_carol = [&](const std::string& scheme, const std::string& preferences) {
    wire::Writer out;
    write(out, registration_of_node(test::node(2), preferences));
    world.overlay["carol@example.org"][1] = out.take();
    alice.inbox.clear();
    world.send(alice, world.request(alice, "INVITE", scheme + ":carol@example.org",
                                    "call-" + std::to_string(alice.last_cseq)));
    return alice.statuses();
  };
  const std::vector<unsigned> is_not_asked{480}, has_no_carol{404};
  EXPECT_EQ(call_carol("sips", "(sip.schemes=SIP)"), is_not_asked);
  EXPECT_EQ(call_carol("sip", "(sip.schemes=TEL)"), is_not_asked);
  EXPECT_EQ(world.peer_connections, 0u);
  EXPECT_EQ(call_carol("sip", "(sip.schemes=SIP)"), has_no_carol);
  EXPECT_EQ(call_carol("sips", ""), has_no_carol);
}

TEST(ElementCallTest, BusyAndCancelled) {
  Call call;
  auto& [world, alice, bob] = call;
  world.send(alice, call.invite());
  auto invite = bob.request("INVITE");
  ASSERT_TRUE(invite);
  world.answer(bob, *invite, 486);
  EXPECT_TRUE(bob.request("ACK"));
  EXPECT_TRUE(alice.response(486));

  const auto second = world.request(alice, "INVITE", "sip:bob@example.org", "call-2");
  world.send(alice, second);
  invite = bob.request("INVITE");
  ASSERT_TRUE(invite);
  world.answer(bob, *invite, 180);
  Phone& eve = world.phone("eve", 0);  // knows the branch
  world.send(eve, make_cancel(second));
  EXPECT_FALSE(bob.request("CANCEL"));
  world.send(alice, make_cancel(second));
  const auto cancel = bob.request("CANCEL");
  ASSERT_TRUE(cancel);
  EXPECT_EQ(cancel->vias.front().branch(), invite->vias.front().branch());
  world.answer(bob, *cancel, 200);
  world.answer(bob, *invite, 487);
  EXPECT_TRUE(alice.response(487));
}

// The connection with bob's peer is there only after she has hung up.
TEST(ElementCallTest, CancelledBeforeThePeerIsReached) {
  Call call;
  auto& [world, alice, bob] = call;
  world.is_silent = true;
  const auto invite = call.invite();
  world.send(alice, invite);
  EXPECT_EQ(alice.statuses(), std::vector<unsigned>{});
  world.send(alice, make_cancel(invite));
  EXPECT_EQ(alice.statuses(), (std::vector<unsigned>{200, 487}));
  world.is_silent = false;
  ASSERT_EQ(world.silent_opens.size(), 1u);
  world.connect(0, world.silent_opens[0]);
  EXPECT_FALSE(bob.request("INVITE"));
  world.send(alice, world.request(alice, "INVITE", "sip:bob@example.org", "call-2"));
  EXPECT_TRUE(bob.request("INVITE"));
}

TEST(ElementCallTest, AbsentUsers) {
  Call call;
  auto& [world, alice, bob] = call;
  world.send(alice, world.request(alice, "INVITE", "sip:nobody@example.org", "call-1"));
  EXPECT_EQ(alice.statuses(), std::vector<unsigned>{404});
  EXPECT_EQ(world.register_phone(bob, {"Expires: 0"}), 200u);
  world.send(alice, world.request(alice, "INVITE", "sip:bob@example.org", "call-2"));
  EXPECT_EQ(alice.statuses(), std::vector<unsigned>{404});
  // At the user's own peer it is known that there is such a user.
  Phone& neighbour = world.stranger("eve", 1);
  world.send(neighbour, world.request(neighbour, "INVITE", "sip:bob@example.org", "call-3"));
  EXPECT_EQ(neighbour.statuses(), std::vector<unsigned>{480});
}

TEST(ElementCallTest, ForksToTwoPhonesAndCancelsOne) {
  Call call;
  auto& [world, alice, bob] = call;
  Phone& desk = world.phone("bob", 1);
  EXPECT_EQ(world.register_phone(desk), 200u);
  world.send(alice, call.invite());
  const auto first = bob.request("INVITE"), second = desk.request("INVITE");
  ASSERT_TRUE(first && second);
  world.answer(bob, *first, 180);
  world.answer(desk, *second, 180);
  world.answer(desk, *second, 200);
  EXPECT_TRUE(alice.response(200));
  EXPECT_TRUE(bob.request("CANCEL"));
  EXPECT_FALSE(desk.request("CANCEL"));
}

// bob's other device sends his calls on to carol, who has her phone at the peer where his is: both ring,
// whether the caller is at a third peer or at that one.
TEST(ElementCallTest, ForksToAnotherUserOfThePeer) {
  World world(std::vector<std::vector<std::string>>{{"bob", "carol", "dave"}, {"alice"}, {}});
  Phone& bob = world.phone("bob", 0);
  Phone& carol = world.phone("carol", 0);
  Phone& dave = world.phone("dave", 0);
  Phone& alice = world.phone("alice", 1);
  for (Phone* each : {&bob, &carol, &dave, &alice}) ASSERT_EQ(world.register_phone(*each), 200u);
  wire::Writer out;
  write(out, SipRegistration{UriRegistration{"sip:carol@example.org"}});
  world.overlay["bob@example.org"][2] = out.take();
  for (Phone* caller : {&alice, &dave}) {
    SCOPED_TRACE(caller->user);
    world.send(*caller, world.request(*caller, "INVITE", "sip:bob@example.org", "call-of-" + caller->user));
    const auto to_bob = bob.request("INVITE"), to_carol = carol.request("INVITE");
    EXPECT_TRUE(to_bob && to_carol);
    EXPECT_FALSE(bob.request("INVITE") || carol.request("INVITE")) << "each once";
  }
}

TEST(ElementCallTest, PhoneThatMoves) {
  Call call;
  auto& [world, alice, bob] = call;
  world.hang_connection(bob);
  Phone& moved = world.phone("bob", 1);
  EXPECT_EQ(world.register_phone(moved), 200u);
  world.send(alice, call.invite());
  EXPECT_TRUE(moved.request("INVITE"));
  EXPECT_FALSE(bob.request("INVITE"));
}

TEST(ElementCallTest, FlowThatDiesWhileItRings) {
  Call call;
  auto& [world, alice, bob] = call;
  world.send(alice, call.invite());
  const auto invite = bob.request("INVITE");
  ASSERT_TRUE(invite);
  world.answer(bob, *invite, 180);
  world.hang_connection(bob);
  EXPECT_EQ(alice.statuses(), (std::vector<unsigned>{180, 480}));
  world.send(alice, world.request(alice, "INVITE", "sip:bob@example.org", "call-2"));
  // The phone has said its true address, so it is tried there.
  ASSERT_EQ(world.opened_addresses.size(), 1u);
  EXPECT_EQ(world.opened_addresses[0].remote.host, bob.address);
  world.into(1, OpenFailed{world.opened_addresses[0].open, "refused"});
  EXPECT_EQ(alice.statuses(), std::vector<unsigned>{500});
}

// The phone's flow of before is given up, and what the driver gives for its address is a flow that is there.
TEST(ElementCallTest, AddressIsReachedByAFlowThatIsThere) {
  World world(std::vector<std::vector<std::string>>{{"alice", "bob"}});
  Phone& alice = world.phone("alice", 0);
  EXPECT_EQ(world.register_phone(alice), 200u);
  Phone& bob = world.phone("bob", 0);
  EXPECT_EQ(world.register_phone(bob), 200u);
  world.hang_connection(bob);
  Phone& again = world.phone("bob", 0);
  world.send(alice, world.request(alice, "INVITE", "sip:bob@example.org", "call-1"));
  ASSERT_EQ(world.opened_addresses.size(), 1u);
  world.into(0, Opened{world.opened_addresses[0].open, again.flow});
  EXPECT_TRUE(again.request("INVITE"));
  EXPECT_FALSE(again.is_closed);
  world.send(alice, world.request(alice, "INVITE", "sip:bob@example.org", "call-2"));
  EXPECT_TRUE(again.request("INVITE"));  // it is known now
  EXPECT_EQ(world.opened_addresses.size(), 1u);
  world.hang_connection(again);
  world.send(alice, world.request(alice, "INVITE", "sip:bob@example.org", "call-3"));
  ASSERT_EQ(world.opened_addresses.size(), 2u);
  alice.inbox.clear();
  world.into(0, Opened{world.opened_addresses[1].open, again.flow});  // gone meanwhile
  EXPECT_EQ(alice.statuses(), std::vector<unsigned>{500});
}

// RFC 3261 §18.2.2: the answer to what came over a connection that is gone.
TEST(ElementCallTest, AnswerGoesOverAnotherConnection) {
  Call call;
  auto& [world, alice, bob] = call;
  world.send(alice, call.invite());
  const auto invite = bob.request("INVITE");
  ASSERT_TRUE(invite);
  world.hang_connection(alice);
  world.answer(bob, *invite, 180);
  ASSERT_EQ(world.opened_addresses.size(), 1u);
  EXPECT_EQ(world.opened_addresses[0].transport, "TCP");
  EXPECT_EQ(world.opened_addresses[0].remote.host, alice.address);
  EXPECT_EQ(world.opened_addresses[0].remote.port, 4000);  // of its Via
  Phone& again = world.opened(world.opened_addresses[0], 0);
  EXPECT_TRUE(again.response(180));
  world.answer(bob, *invite, 200);
  EXPECT_TRUE(again.response(200));
  EXPECT_EQ(world.opened_addresses.size(), 1u);
}

TEST(ElementCallTest, AnswerWithoutAWayEndsItsTransaction) {
  Call call;
  auto& [world, alice, bob] = call;
  world.send(alice, call.invite());
  const auto invite = bob.request("INVITE");
  ASSERT_TRUE(invite);
  world.hang_connection(alice);
  world.answer(bob, *invite, 486);
  ASSERT_EQ(world.opened_addresses.size(), 1u);
  world.into(0, OpenFailed{world.opened_addresses[0].open, "refused"});
  world.pass(Duration{60'000});
  for (const auto& table : world.peers[0]->tables())
    EXPECT_TRUE(std::string(table.name).find("ransactions") == std::string::npos || table.size == 0)
        << table.name;
}

// RFC 5626 §7: not a word to an INVITE, for as long as a transaction lasts.
TEST(ElementCallTest, PhoneThatIsSilentIsForgotten) {
  for (const std::string transport : {"UDP", "TCP"}) {
    SCOPED_TRACE(transport);
    Call call(transport);
    auto& [world, alice, bob] = call;
    const auto ring = [&](const std::string& id) {
      Phone& stranger = world.stranger("eve", 1);
      world.send(stranger, world.request(stranger, "INVITE", "sip:bob@example.org", id));
      return bob.request("INVITE");
    };
    const auto rung = ring("call-1");
    ASSERT_TRUE(rung);
    world.answer(bob, *rung, 100);
    world.pass(Duration{32'000});
    EXPECT_EQ(world.overlay["bob@example.org"].size(), 1u);  // it has said something
    EXPECT_TRUE(ring("call-2"));
    world.pass(Duration{32'000});
    EXPECT_TRUE(world.overlay["bob@example.org"].empty());
  }
}

// A flow of a call stays, whatever becomes of the registration.
TEST(ElementCallTest, FlowsOfCallsAreHeld) {
  Call call("UDP");
  auto& [world, alice, bob] = call;
  Phone& stranger = world.stranger("eve", 1, "UDP");
  world.send(stranger, world.request(stranger, "INVITE", "sip:bob@example.org", "call-1"));
  const auto invite = bob.request("INVITE");
  ASSERT_TRUE(invite);
  EXPECT_FALSE(world.held[stranger.flow]);
  world.answer(bob, *invite, 200);
  const auto ok = stranger.response(200);
  ASSERT_TRUE(ok);
  EXPECT_TRUE(world.held[stranger.flow]);
  EXPECT_EQ(world.register_phone(bob, {"Expires: 0"}), 200u);
  EXPECT_TRUE(world.held[bob.flow]);
  // The same two ends by another name: the driver had forgotten them.
  world.into(1, FlowUp{FlowId{9000}, "UDP", {"192.0.2.2", 5060}, {bob.address, 4000}, "x", false, {}});
  EXPECT_TRUE(world.held[FlowId{9000}]);
  world.into(1, FlowDown{FlowId{9000}, "gone"});
  world.send(stranger, world.in_dialog(stranger, "BYE", *ok));
  const auto bye = bob.request("BYE");
  ASSERT_TRUE(bye);
  EXPECT_TRUE(world.held[bob.flow]);
  world.answer(bob, *bye, 200);
  EXPECT_FALSE(world.held[bob.flow]);
  EXPECT_FALSE(world.held[stranger.flow]);
}

// So that whoever hangs up in a long call needs nobody to find the way to the other's peer again.
TEST(ElementCallTest, TheConnectionOfPeersIsHeldDuringACall) {
  // Shows: SIP-22.
  Call call;
  auto& [world, alice, bob] = call;
  const auto held = [&world = world] {
    return std::count_if(world.held.begin(), world.held.end(), [](const auto& each) { return each.second; });
  };
  constexpr long k_phones = 2, k_ends = 2;
  world.send(alice, call.invite());
  const auto invite = bob.request("INVITE");
  ASSERT_TRUE(invite);
  EXPECT_EQ(held(), k_phones);
  world.answer(bob, *invite, 200);
  const auto ok = alice.response(200);
  ASSERT_TRUE(ok);
  EXPECT_EQ(held(), k_phones + k_ends);
  world.send(alice, world.in_dialog(alice, "ACK", *ok));
  world.is_cut = true;
  world.pass(2 * k_idle_time);
  world.send(alice, world.in_dialog(alice, "BYE", *ok));
  const auto bye = bob.request("BYE");
  ASSERT_TRUE(bye);
  world.answer(bob, *bye, 200);
  EXPECT_TRUE(alice.response(200));
  EXPECT_EQ(held(), k_phones);
  EXPECT_EQ(world.peer_connections, 1u);
}

// Another one in its place is held as well, and of two of them one.
TEST(ElementCallTest, OneConnectionOfPeersIsHeldDuringACall) {
  // Shows: SIP-22.
  World world;
  Phone& bob = world.phone("bob", 1);
  ASSERT_EQ(world.register_phone(bob), 200u);
  Phone& peer = world.foreign_peer("carol", 1);
  world.send(peer, world.request(peer, "INVITE", "sip:bob@example.org", "call-1"));
  const auto invite = bob.request("INVITE");
  ASSERT_TRUE(invite);
  world.answer(bob, *invite, 200);
  ASSERT_TRUE(peer.response(200));
  EXPECT_TRUE(world.held[peer.flow]);
  const auto connect = [&](std::uint64_t flow) {
    world.into(1, PeerUp{FlowId{flow}, World::node_of(peer), {}, {"carol@example.org"}});
  };
  connect(9000);
  EXPECT_FALSE(world.held[FlowId{9000}]);
  world.into(1, FlowDown{peer.flow, "gone"});
  EXPECT_TRUE(world.held[FlowId{9000}]);
  world.into(1, FlowDown{FlowId{9000}, "gone"});
  connect(9001);
  EXPECT_TRUE(world.held[FlowId{9001}]);
  world.send(bob, world.in_dialog(bob, "BYE", *invite));
  world.pass(Duration{32'000});
  EXPECT_TRUE(world.held[FlowId{9001}]) << "nobody has said that it is over";
  world.pass(proxy::k_dialog_time);
  EXPECT_FALSE(world.held[FlowId{9001}]);
}

TEST(ElementCallTest, PeerThatLeaves) {
  Call call;
  auto& [world, alice, bob] = call;
  world.send(alice, call.invite());
  const auto invite = bob.request("INVITE");
  ASSERT_TRUE(invite);
  world.answer(bob, *invite, 200);
  const auto ok = alice.response(200);
  ASSERT_TRUE(ok);
  world.into(1, Shutdown{});
  EXPECT_TRUE(world.overlay["bob@example.org"].empty());
  EXPECT_EQ(world.register_phone(bob), 503u);
  world.send(bob, world.request(bob, "INVITE", "sip:alice@example.org", "call-2"));
  const auto busy = bob.response(503);
  ASSERT_TRUE(busy);
  EXPECT_NE(busy->field("Retry-After"), nullptr);
  world.send(alice, world.in_dialog(alice, "ACK", *ok));
  EXPECT_TRUE(bob.request("ACK"));
  world.send(alice, world.in_dialog(alice, "BYE", *ok));
  EXPECT_TRUE(bob.request("BYE"));
}

TEST(ElementRegisterTest, UsersComeAndGo) {
  World world;
  Phone& alice = world.phone("alice", 0);
  EXPECT_EQ(world.register_phone(alice), 200u);
  world.into(0, AccountsChanged{test::accounts({"carol"})});
  EXPECT_TRUE(world.overlay["alice@example.org"].empty());
  EXPECT_FALSE(world.held[alice.flow]);
  EXPECT_NE(world.register_phone(alice), 200u);
  Phone& carol = world.phone("carol", 0);
  EXPECT_EQ(world.register_phone(carol), 200u);
  world.into(0, AccountsChanged{test::accounts({"alice", "alice"})});  // not good: nothing changes
  EXPECT_EQ(world.register_phone(carol), 200u);
  EXPECT_NE(world.register_phone(alice), 200u);
  world.into(0, AccountsChanged{test::accounts({"alice", "carol"})});
  EXPECT_EQ(world.register_phone(alice), 200u);
  EXPECT_EQ(world.overlay["carol@example.org"].size(), 1u);
}

// RFC 3261 §10.2: the Request-URI is the domain of whom it is about.
TEST(ElementCallTest, UsersOfOtherDomainsRegisterWithTheirs) {
  World world;
  registrar::Account account{*Aor::of_user_name("carol@elsewhere.example"), "carol"};
  account.keys.push_back(
      registrar::Ha1::of_password(registrar::Algorithm::sha256, "carol", "example.org", "secret"));
  AccountsChanged changed;
  changed.accounts.push_back(std::move(account));
  world.into(0, std::move(changed));
  Phone& carol = world.phone("carol", 0);
  carol.domain = "elsewhere.example";
  auto registered_as = [&, calls = 0](const std::string& aor) mutable {
    auto request = world.request(carol, "REGISTER", aor, "reg" + std::to_string(++calls));
    std::get<RequestLine>(request.start).uri = *Uri::parse("sip:elsewhere.example");
    const auto answer = world.ask(carol, request, "secret");
    carol.inbox.clear();
    return answer ? answer->status() : 0;
  };
  EXPECT_EQ(registered_as("sip:carol@elsewhere.example"), 200u);
  EXPECT_EQ(world.overlay["carol@elsewhere.example"].size(), 1u);
  EXPECT_NE(registered_as("sip:dave@elsewhere.example"), 200u);
  EXPECT_TRUE(world.overlay["dave@elsewhere.example"].empty());
}

TEST(ElementCallTest, ConnectionBetweenPeersDies) {
  Call call;
  auto& [world, alice, bob] = call;
  world.send(alice, call.invite());
  ASSERT_TRUE(bob.request("INVITE"));
  world.cut_peers();
  EXPECT_EQ(alice.statuses(), std::vector<unsigned>{480});
  world.send(alice, world.request(alice, "INVITE", "sip:bob@example.org", "call-2"));
  EXPECT_TRUE(bob.request("INVITE"));
  EXPECT_EQ(world.peer_connections, 2u);
}

TEST(ElementCallTest, AnotherNodeAnswersForThePeer) {
  // Shows: SIP-17.
  Call call;
  auto& [world, alice, bob] = call;
  world.is_impostor = true;
  world.send(alice, call.invite());
  EXPECT_EQ(alice.statuses(), std::vector<unsigned>{480});
  EXPECT_FALSE(bob.request("INVITE"));
}

TEST(ElementCallTest, NoConnectionToThePeer) {
  Call call;
  auto& [world, alice, bob] = call;
  world.is_cut = true;
  world.send(alice, call.invite());
  EXPECT_EQ(alice.statuses(), std::vector<unsigned>{480});
}

// RFC 6940 §6.1.1: a request for a node that has gone is dropped in silence. The first caller waits for it,
// the others learn at once that bob is not there, until he is.
TEST(ElementCallTest, ThePeerHasCrashed) {
  Call call;
  auto& [world, alice, bob] = call;
  world.is_silent = true;
  world.send(alice, call.invite());
  world.pass(k_peer_wait - Duration{1});
  EXPECT_EQ(alice.statuses(), std::vector<unsigned>{});
  world.pass(Duration{1});
  EXPECT_EQ(alice.statuses(), std::vector<unsigned>{480});
  const auto call_again = [&](const std::string& call_id) {
    world.send(alice, world.request(alice, "INVITE", "sip:bob@example.org", call_id));
  };
  call_again("call-2");
  EXPECT_EQ(alice.statuses(), std::vector<unsigned>{480});
  EXPECT_EQ(world.silent_opens.size(), 1u);  // that is still under way
  world.pass(k_opening_time);
  call_again("call-3");
  EXPECT_EQ(alice.statuses(), std::vector<unsigned>{480});
  EXPECT_EQ(world.silent_opens.size(), 2u);  // it is asked again, and nobody waits
  world.is_silent = false;
  world.connect(0, world.silent_opens.back());
  call_again("call-4");
  EXPECT_TRUE(bob.request("INVITE"));
}

// Who has been silent for long may be back: the next caller waits for it.
TEST(ElementCallTest, ThePeerIsBackLater) {
  Call call;
  auto& [world, alice, bob] = call;
  world.is_silent = true;
  world.send(alice, call.invite());
  world.pass(k_opening_time + k_unreached_time - Duration{1});
  EXPECT_EQ(alice.statuses(), std::vector<unsigned>{480});
  world.pass(Duration{1});
  world.send(alice, world.request(alice, "INVITE", "sip:bob@example.org", "call-2"));
  EXPECT_EQ(alice.statuses(), std::vector<unsigned>{});
  ASSERT_EQ(world.silent_opens.size(), 2u);
  world.is_silent = false;
  world.connect(0, world.silent_opens.back());
  EXPECT_TRUE(bob.request("INVITE"));
}

// The overlay is silent: phones of the same peer call each other nevertheless.
TEST(ElementCallTest, OverlayIsSilent) {
  World world(std::vector<std::vector<std::string>>{{"alice", "bob"}});
  Phone& alice = world.phone("alice", 0);
  Phone& bob = world.phone("bob", 0);
  EXPECT_EQ(world.register_phone(alice), 200u);
  EXPECT_EQ(world.register_phone(bob), 200u);
  world.overlay_answers = false;
  world.send(alice, world.request(alice, "INVITE", "sip:bob@example.org", "call-1"));
  EXPECT_FALSE(bob.request("INVITE"));
  world.pass(k_others_time);
  EXPECT_TRUE(bob.request("INVITE"));
  world.send(alice, world.request(alice, "INVITE", "sip:carol@example.org", "call-2"));
  world.pass(Duration{25'000});
  EXPECT_TRUE(alice.response(504));
}

// A peer is no relay for other peers, and strangers reach its own users only.
TEST(ElementCallTest, StrangersReachOwnUsersOnly) {
  World world;
  Phone& bob = world.phone("bob", 1);
  EXPECT_EQ(world.register_phone(bob), 200u);
  Phone& alice = world.phone("alice", 0);
  EXPECT_EQ(world.register_phone(alice), 200u);
  Phone& stranger = world.stranger("eve", 1);
  world.send(stranger, world.request(stranger, "INVITE", "sip:bob@example.org", "call-1"));
  EXPECT_TRUE(bob.request("INVITE"));
  world.send(stranger, world.request(stranger, "INVITE", "sip:alice@example.org", "call-2"));
  EXPECT_TRUE(stranger.response(404));
  EXPECT_FALSE(alice.request("INVITE"));
  // And who says that it is bob is asked for credentials.
  Phone& liar = world.phone("bob", 1);
  world.send(liar, world.request(liar, "INVITE", "sip:alice@example.org", "call-3"));
  EXPECT_TRUE(liar.response(407));
}

}  // namespace
}  // namespace ringway::sip::element
