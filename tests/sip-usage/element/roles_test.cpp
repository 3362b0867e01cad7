// A peer as a gateway and as a redirect server, and calls that phones send on to others.
#include <gtest/gtest.h>

#include <string>

#include "tests/sip-usage/element/stage.hpp"

namespace ringway::sip::element {
namespace {

using test::Phone;
using test::World;

void make_gateway(Settings& settings) {
  Gateway gateway;
  gateway.servers = {{"TCP", "198.51.100.1", 5060}, {"TCP", "198.51.100.2", 5060}};
  gateway.domain = "trunk.example";
  gateway.domains = {"partner.example"};
  gateway.callers = {"alice@example.org", "mallory@example.org"};
  settings.gateway = gateway;
}

// Alice may call there, bob may not; both are at one peer, which is the gateway.
struct Trunk {
  explicit Trunk(const std::function<void(Settings&)>& change = make_gateway)
      : world({{"alice", "bob"}, {"+431"}}, false, change),
        alice(world.phone("alice", 0)),
        bob(world.phone("bob", 0)) {
    EXPECT_EQ(world.register_phone(alice), 200u);
    EXPECT_EQ(world.register_phone(bob), 200u);
  }
  void call(Phone& from, const std::string& to) {
    world.send(from, world.request(from, "INVITE", to, "call-" + std::to_string(++calls)));
  }
  std::size_t asked_for() { return std::exchange(world.opened_addresses, {}).size(); }
  World world;
  Phone& alice;
  Phone& bob;
  unsigned calls = 0;
};

TEST(ElementGatewayTest, WhoMayCallWhere) {
  for (const std::string to :
       {"tel:+43-900", "sip:+43900@example.org;user=phone", "sip:carol@partner.example"}) {
    SCOPED_TRACE(to);
    Trunk trunk;
    auto& [world, alice, bob, calls] = trunk;
    trunk.call(alice, to);
    EXPECT_EQ(trunk.asked_for(), 1u);
    trunk.call(bob, to);
    EXPECT_TRUE(bob.response(403));
    Phone& good = world.foreign_peer("mallory", 0);
    trunk.call(good, to);
    Phone& bad = world.foreign_peer("dave", 0);
    trunk.call(bad, to);
    EXPECT_TRUE(bad.response(403));
    Phone& eve = world.stranger("eve", 0);
    trunk.call(eve, to);
    EXPECT_TRUE(eve.response(404));
    EXPECT_EQ(trunk.asked_for(), 0u);  // the one of before is waited for
  }
  Trunk trunk;
  trunk.call(trunk.alice, "sip:carol@elsewhere.example");
  EXPECT_EQ(trunk.asked_for(), 0u);
  EXPECT_EQ(trunk.alice.statuses(), std::vector<unsigned>{404});
}

TEST(ElementGatewayTest, WhatIsToBeSecuredGoesByTlsOnly) {
  for (const std::string to : {"sips:+43900@example.org", "sips:carol@partner.example"}) {
    SCOPED_TRACE(to);
    Trunk plain;
    plain.call(plain.alice, to);
    EXPECT_EQ(plain.asked_for(), 0u);
    EXPECT_TRUE(plain.alice.response(480));
    plain.call(plain.bob, to);
    EXPECT_TRUE(plain.bob.response(403)) << "who may not call does not learn more";
    Trunk mixed([](Settings& settings) {
      make_gateway(settings);
      settings.gateway->servers.push_back({"TLS", "198.51.100.3", 5061, "trunk.example"});
    });
    mixed.call(mixed.alice, to);
    ASSERT_EQ(mixed.world.opened_addresses.size(), 1u);
    EXPECT_EQ(mixed.world.opened_addresses[0].remote.host, "198.51.100.3");
    const auto invite = mixed.world.opened(mixed.world.opened_addresses[0], 0).request("INVITE");
    ASSERT_TRUE(invite);
    EXPECT_EQ(invite->request_uri().scheme, "sips");
  }
}

// Peer 1 has the trunk; alice and bob are at peer 0, which knows of it and of one that is not there.
TEST(ElementGatewayTest, OfAnotherPeer) {
  int peers = 0;
  World world({{"alice", "bob"}, {}}, false, [&peers](Settings& settings) {
    if (++peers == 1)
      settings.gateway_peers = {test::node(9), test::node(2)};
    else
      make_gateway(settings);
  });
  Phone& alice = world.phone("alice", 0);
  Phone& bob = world.phone("bob", 0);
  EXPECT_EQ(world.register_phone(alice), 200u);
  EXPECT_EQ(world.register_phone(bob), 200u);
  world.send(bob, world.request(bob, "INVITE", "tel:+43-900", "call-1"));
  EXPECT_TRUE(bob.response(403)) << "as the gateway says of the user in the certificate";
  EXPECT_TRUE(world.opened_addresses.empty());
  world.send(alice, world.request(alice, "INVITE", "tel:+43-900", "call-2"));
  ASSERT_EQ(world.opened_addresses.size(), 1u);
  Phone& server = world.opened(world.opened_addresses[0], 1);
  const auto invite = server.request("INVITE");
  ASSERT_TRUE(invite);
  EXPECT_EQ(invite->request_uri().print(), "sip:+43900@trunk.example;user=phone");
  world.answer(server, *invite, 200);
  const auto ok = alice.response(200);
  ASSERT_TRUE(ok);
  world.send(alice, world.in_dialog(alice, "BYE", *ok));
  EXPECT_TRUE(server.request("BYE"));
  world.send(alice, world.request(alice, "INVITE", "sip:carol@elsewhere.example", "call-3"));
  EXPECT_TRUE(alice.response(404)) << "the gateway does not take that domain";
}

// What alice's peer passes on for somebody else is not her call.
TEST(ElementGatewayTest, WhoIsAnonymousIsNobodyThatMay) {
  Trunk trunk;
  Phone& between = trunk.world.foreign_peer("mallory", 0);
  auto invite = trunk.world.request(between, "INVITE", "tel:+43900", "call-1");
  invite.from.uri = *Uri::parse("sip:anonymous@anonymous.invalid");
  trunk.world.send(between, invite);
  EXPECT_TRUE(between.response(403));
  EXPECT_EQ(trunk.asked_for(), 0u);
  trunk.world.send(between, trunk.world.request(between, "INVITE", "tel:+43900", "call-2"));
  EXPECT_EQ(trunk.asked_for(), 1u) << "its own call";
}

TEST(ElementGatewayTest, NumbersOfTheOverlayComeFirst) {
  Trunk trunk;
  Phone& number = trunk.world.phone("+431", 1);
  EXPECT_EQ(trunk.world.register_phone(number), 200u);
  trunk.call(trunk.alice, "tel:+431");
  EXPECT_TRUE(number.request("INVITE"));
  EXPECT_EQ(trunk.asked_for(), 0u);
}

TEST(ElementGatewayTest, CallOfAnotherPeer) {
  Trunk trunk;
  auto& world = trunk.world;
  Phone& peer = world.foreign_peer("mallory", 0);
  trunk.call(peer, "tel:+43-900");
  ASSERT_EQ(world.opened_addresses.size(), 1u);
  EXPECT_EQ(world.opened_addresses[0].remote.host, "198.51.100.1");
  world.into(0, OpenFailed{world.opened_addresses[0].open, "refused"});
  ASSERT_EQ(world.opened_addresses.size(), 2u);
  EXPECT_EQ(world.opened_addresses[1].remote.host, "198.51.100.2");
  Phone& server = world.opened(world.opened_addresses[1], 0);
  const auto invite = server.request("INVITE");
  ASSERT_TRUE(invite);
  EXPECT_EQ(invite->request_uri().print(), "sip:+43900@trunk.example;user=phone");
  world.answer(server, *invite, 200);
  const auto ok = peer.response(200);
  ASSERT_TRUE(ok);
  // Wherever its Route and Request-URI say: to the trunk, and nowhere else.
  auto bye = world.in_dialog(peer, "BYE", *ok);
  bye.routes.push_back(*NameAddr::parse("<sip:premium.example;lr>"));
  world.send(peer, bye);
  EXPECT_TRUE(server.request("BYE"));
  EXPECT_EQ(world.opened_addresses.size(), 2u);
}

// The second of three servers is an address.
void name_servers(Settings& settings) {
  make_gateway(settings);
  settings.gateway->servers = {{"TLS", "sip.trunk.example", 0, "trunk.example"},
                               {"TCP", "198.51.100.2", 5060},
                               {"TCP", "old.trunk.example", 5080}};
}

TEST(ElementGatewayTest, NamesAreAskedForWhenTheyAreUsed) {
  Trunk trunk(name_servers);
  auto& world = trunk.world;
  EXPECT_TRUE(world.asked_servers.empty());
  trunk.call(trunk.alice, "tel:+43900");
  ASSERT_EQ(world.asked_servers.size(), 2u);
  const auto asked = std::exchange(world.asked_servers, {});
  EXPECT_EQ(asked[0].domain, "sip.trunk.example");
  EXPECT_EQ(asked[0].transport, "TLS");
  EXPECT_FALSE(asked[0].port);
  EXPECT_EQ(asked[1].domain, "old.trunk.example");
  EXPECT_EQ(asked[1].port, 5080);
  world.into(0, ServersFound{asked[1].question, {{"198.51.100.9", 5080, ServerTransport::tcp}}});
  EXPECT_EQ(trunk.asked_for(), 0u);
  world.into(0, ServersFound{asked[0].question,
                             {{"198.51.100.7", 5061, ServerTransport::tls},
                              {"198.51.100.8", 5061, ServerTransport::tls}}});
  // In the order of the settings, the certificate always that of the trunk's domain.
  const std::vector<std::string> order = {"198.51.100.7", "198.51.100.8", "198.51.100.2", "198.51.100.9"};
  for (std::size_t i = 0; i < order.size(); ++i) {
    ASSERT_EQ(world.opened_addresses.size(), i + 1);
    const auto open = world.opened_addresses[i];
    EXPECT_EQ(open.remote.host, order[i]);
    EXPECT_EQ(open.server_name, i < 2 ? "trunk.example" : "");
    if (i + 1 < order.size()) world.into(0, OpenFailed{open.open, "refused"});
  }
  Phone& server = world.opened(world.opened_addresses.back(), 0);
  const auto invite = server.request("INVITE");
  ASSERT_TRUE(invite);
  EXPECT_EQ(invite->request_uri().print(), "sip:+43900@trunk.example;user=phone");
  world.answer(server, *invite, 200);
  const auto ok = trunk.alice.response(200);
  ASSERT_TRUE(ok);
  world.send(trunk.alice, world.in_dialog(trunk.alice, "BYE", *ok));
  EXPECT_TRUE(server.request("BYE")) << "the dialog stays with the server that was found";
  EXPECT_TRUE(world.asked_servers.empty());
  trunk.call(trunk.alice, "tel:+43900");
  EXPECT_EQ(world.asked_servers.size(), 2u) << "each time anew";
}

TEST(ElementGatewayTest, ATrunkThatDnsDoesNotKnow) {
  Trunk trunk([](Settings& settings) {
    name_servers(settings);
    settings.gateway->servers.erase(settings.gateway->servers.begin() + 1);
  });
  auto& world = trunk.world;
  trunk.call(trunk.alice, "tel:+43900");
  const auto asked = std::exchange(world.asked_servers, {});
  ASSERT_EQ(asked.size(), 2u);
  world.into(0, QuestionFailed{asked[0].question, "no answer"});
  // By another transport than the one that was wanted.
  world.into(0, ServersFound{asked[1].question, {{"198.51.100.9", 5080, ServerTransport::udp}}});
  EXPECT_EQ(trunk.alice.statuses(), std::vector<unsigned>{504});
  for (const auto& table : world.peers[0]->tables())
    EXPECT_TRUE(std::string(table.name) != "searches for servers of the trunk" || table.size == 0);
}

TEST(ElementGatewayTest, NobodyWaitsForTheNamesOfATrunkAnyMore) {
  Trunk trunk(name_servers);
  auto& world = trunk.world;
  const auto invite = world.request(trunk.alice, "INVITE", "tel:+43900", "call-9");
  world.send(trunk.alice, invite);
  ASSERT_EQ(world.asked_servers.size(), 2u);
  world.send(trunk.alice, make_cancel(invite));
  EXPECT_TRUE(trunk.alice.response(487));
  EXPECT_EQ(world.dropped_questions.size(), 2u);
  world.into(0,
             ServersFound{world.asked_servers[0].question, {{"198.51.100.7", 5061, ServerTransport::tls}}});
  EXPECT_EQ(trunk.asked_for(), 0u);
}

// What somebody else's phone wants is no reason to use the trunk.
TEST(ElementGatewayTest, RedirectionsOfOthersStayInTheOverlay) {
  Trunk trunk;
  auto& world = trunk.world;
  Phone& number = world.phone("+431", 1);
  EXPECT_EQ(world.register_phone(number), 200u);
  trunk.call(trunk.alice, "tel:+431");
  const auto invite = number.request("INVITE");
  ASSERT_TRUE(invite);
  auto moved = make_response(*invite, 302, "n");
  moved.contacts = {*NameAddr::parse("<sip:+43900@example.org>")};
  world.send(number, moved);
  EXPECT_EQ(trunk.asked_for(), 0u);
}

TEST(ElementRedirectTest, TellsWhereTheyAre) {
  World world({{"alice"}, {"bob"}}, false, [](Settings& settings) { settings.proxy.redirects = true; });
  Phone& alice = world.phone("alice", 0);
  Phone& bob = world.phone("bob", 1);
  EXPECT_EQ(world.register_phone(alice), 200u);
  EXPECT_EQ(world.register_phone(bob), 200u);
  world.send(alice, world.request(alice, "INVITE", "sip:bob@example.org", "call-1"));
  const auto moved = alice.response(302);
  ASSERT_TRUE(moved);
  EXPECT_FALSE(bob.request("INVITE"));
  ASSERT_EQ(moved->contacts.size(), 1u);
  world.send(alice, world.request(alice, "INVITE", moved->contacts[0].uri.print(), "call-2"));
  EXPECT_TRUE(bob.request("INVITE"));
}

// A phone sends the call on to somebody at a third peer: the caller's peer follows it, since it is the caller
// who calls there.
TEST(ElementRedirectTest, OfAPhoneAtAnotherPeer) {
  World world(std::vector<std::vector<std::string>>{{"alice"}, {"bob"}, {"carol"}});
  Phone& alice = world.phone("alice", 0);
  Phone& bob = world.phone("bob", 1);
  Phone& carol = world.phone("carol", 2);
  for (Phone* phone : {&alice, &bob, &carol}) EXPECT_EQ(world.register_phone(*phone), 200u);
  world.send(alice, world.request(alice, "INVITE", "sip:bob@example.org", "call-1"));
  const auto invite = bob.request("INVITE");
  ASSERT_TRUE(invite);
  auto moved = make_response(*invite, 302, "b");
  moved.contacts = {*NameAddr::parse("<sip:carol@192.0.2.2:5060>")};
  world.send(bob, moved);
  const auto sent_on = carol.request("INVITE");
  ASSERT_TRUE(sent_on);
  world.answer(carol, *sent_on, 200);
  const auto ok = alice.response(200);
  ASSERT_TRUE(ok);
  // To is bob's: carol's peer speaks for bob within this dialog.
  world.send(carol, world.in_dialog(carol, "BYE", *sent_on));
  EXPECT_TRUE(alice.request("BYE"));
}

}  // namespace
}  // namespace ringway::sip::element
