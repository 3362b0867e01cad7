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
  gateway.servers = {{"TCP", "trunk.example", 5060}, {"TCP", "trunk2.example", 5060}};
  gateway.domain = "trunk.example";
  gateway.domains = {"partner.example"};
  gateway.callers = {"alice@example.org", "mallory@example.org"};
  settings.gateway = gateway;
}

// Alice may call there, bob may not; both are at one peer, which is the gateway.
struct Trunk {
  Trunk() : alice(world.phone("alice", 0)), bob(world.phone("bob", 0)) {
    EXPECT_EQ(world.register_phone(alice), 200u);
    EXPECT_EQ(world.register_phone(bob), 200u);
  }
  void call(Phone& from, const std::string& to) {
    world.send(from, world.request(from, "INVITE", to, "call-" + std::to_string(++calls)));
  }
  std::size_t asked_for() { return std::exchange(world.opened_addresses, {}).size(); }
  World world{{{"alice", "bob"}, {"+431"}}, false, make_gateway};
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
  EXPECT_EQ(world.opened_addresses[0].remote.host, "trunk.example");
  world.into(0, OpenFailed{world.opened_addresses[0].open, "refused"});
  ASSERT_EQ(world.opened_addresses.size(), 2u);
  EXPECT_EQ(world.opened_addresses[1].remote.host, "trunk2.example");
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
