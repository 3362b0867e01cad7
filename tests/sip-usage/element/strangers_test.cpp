// What strangers may do to a peer's users, and cannot: they are called back, and take no more than their
// share.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/sip-usage/element/stage.hpp"

namespace ringway::sip::element {
namespace {

using test::Phone;
using test::World;

// bob's phone at the first peer, whose users may not call outside.
struct Called {
  Called() : bob(world.phone("bob", 0)) { EXPECT_EQ(world.register_phone(bob), 200u); }
  // He is called and answers; what his phone got.
  Message call(Phone& from, const std::vector<std::string>& contact_and_vias) {
    auto invite = world.request(from, "INVITE", "sip:bob@example.org", "call-1");
    invite.contacts = {*NameAddr::parse('<' + contact_and_vias[0] + '>')};
    if (contact_and_vias.size() > 1) invite.vias = {*Via::parse(contact_and_vias[1])};
    world.send(from, invite);
    const auto got = bob.request("INVITE");
    EXPECT_TRUE(got);
    if (!got) return invite;
    world.answer(bob, *got, 200);
    return *got;
  }
  Message bye(const Message& invite) { return world.in_dialog(bob, "BYE", invite); }
  World world{std::vector<std::vector<std::string>>{{"bob"}}};
  Phone& bob;
};

// By a trunk, by a phone behind a NAT: neither's Contact leads anywhere from here.
TEST(ElementStrangerTest, WhoIsCalledFromOutsideHangsUp) {
  for (const std::string transport : {"TCP", "UDP", "WS"}) {
    SCOPED_TRACE(transport);
    Called stage;
    auto& [world, bob] = stage;
    Phone& trunk = world.stranger("carol", 0, transport);
    auto invite = stage.call(trunk, {"sip:carol@192.168.7.7"});
    EXPECT_TRUE(trunk.response(200));
    auto again = world.in_dialog(bob, "INVITE", invite);
    world.send(bob, again);
    const auto renewed = trunk.request("INVITE");
    ASSERT_TRUE(renewed);
    world.answer(trunk, *renewed, 200);
    EXPECT_TRUE(bob.response(200));
    // What it was given makes it nobody's phone.
    for (const auto& value : renewed->record_routes) {
      auto info = world.in_dialog(trunk, "INFO", *renewed);
      info.routes = {value, *NameAddr::parse("<sip:premium.example;lr>")};
      world.send(trunk, info);
      EXPECT_EQ(trunk.statuses(), bob.request("INFO") ? std::vector<unsigned>{} : std::vector<unsigned>{403});
    }
    // Wherever it says, it goes there and nowhere else.
    auto bye = stage.bye(invite);
    bye.routes.push_back(*NameAddr::parse("<sip:premium.example;lr>"));
    world.send(bob, bye);
    EXPECT_TRUE(trunk.request("BYE"));
    EXPECT_TRUE(world.opened_addresses.empty());
    EXPECT_TRUE(world.asked_servers.empty());
  }
}

// It sends from another port than it listens at.
TEST(ElementStrangerTest, IsReachedAtThePortOfItsVia) {
  Called stage;
  auto& [world, bob] = stage;
  Phone& trunk = world.stranger("carol", 0, "UDP");
  const auto via = "SIP/2.0/UDP " + trunk.address + ":5090;branch=z9hG4bKcarol";
  const auto invite = stage.call(trunk, {"sip:carol@192.168.7.7", via});
  world.send(bob, stage.bye(invite));
  ASSERT_EQ(world.opened_addresses.size(), 1u);
  EXPECT_EQ(world.opened_addresses[0].remote.host, trunk.address);
  EXPECT_EQ(world.opened_addresses[0].remote.port, 5090);
  EXPECT_EQ(world.opened_addresses[0].transport, "UDP");
}

// Another implementation's peer, whose Contact is of no overlay.
TEST(ElementStrangerTest, APeerIsReachedOverItsConnection) {
  Called stage;
  auto& [world, bob] = stage;
  Phone& peer = world.foreign_peer("mallory", 0);
  const auto invite = stage.call(peer, {"sip:mallory@192.168.7.7"});
  world.send(bob, stage.bye(invite));
  EXPECT_TRUE(peer.request("BYE"));
  EXPECT_TRUE(world.opened_addresses.empty());
}

// Who has lost the Route that it was given (SIPp's scenarios) hangs up, too.
TEST(ElementStrangerTest, WithoutARoute) {
  Called stage;
  auto& [world, bob] = stage;
  Phone& trunk = world.stranger("carol", 0);
  const auto invite = stage.call(trunk, {"sip:carol@192.168.7.7"});
  auto bye = stage.bye(invite);
  bye.routes.clear();
  world.send(bob, bye);
  EXPECT_TRUE(trunk.request("BYE"));
}

// As a server of another domain means it (RFC 3261 §12.1.1).
TEST(ElementStrangerTest, WhereUsersCallOutsideTheContactIsAsked) {
  World world(std::vector<std::vector<std::string>>{{"bob"}}, false,
              [](Settings& settings) { settings.lets_users_call_outside = true; });
  Phone& bob = world.phone("bob", 0);
  EXPECT_EQ(world.register_phone(bob), 200u);
  Phone& trunk = world.stranger("carol", 0);
  auto invite = world.request(trunk, "INVITE", "sip:bob@example.org", "call-1");
  invite.contacts = {*NameAddr::parse("<sip:carol@192.168.7.7:5070>")};
  world.send(trunk, invite);
  const auto got = bob.request("INVITE");
  ASSERT_TRUE(got);
  world.answer(bob, *got, 200);
  world.send(bob, world.in_dialog(bob, "BYE", *got));
  ASSERT_EQ(world.opened_addresses.size(), 1u);
  EXPECT_EQ(world.opened_addresses[0].remote.host, "192.168.7.7");
}

// One address, by however many connections, gets its share of the transactions; own phones call on.
TEST(ElementStrangerTest, OneStrangerDoesNotStopCalls) {
  Called stage;
  auto& [world, bob] = stage;
  Phone& first = world.stranger("carol", 0);
  std::size_t refused = 0, sent = 0;
  const auto flood = [&](Phone& from, std::size_t count) {
    for (std::size_t at = 0; at < count; ++at, ++sent)
      world.send(from, world.request(from, "MESSAGE", "sip:bob@example.org", "m" + std::to_string(sent)));
    for (const unsigned status : from.statuses()) refused += status == 503 ? 1 : 0;
  };
  flood(first, k_max_server_transactions / 4);
  EXPECT_EQ(refused, 0u);
  flood(first, 1);
  EXPECT_EQ(refused, 1u);
  Phone& again = world.stranger("carol", 0);  // the same address
  world.hang_connection(again);
  FlowUp up{FlowId{900'000}, "TCP", {"192.0.2.1", 5060}, {first.address, 4001}, first.address, false, {}};
  world.adopt(again, std::move(up));
  flood(again, 1);
  EXPECT_EQ(refused, 2u);
  Phone& other = world.stranger("dave", 0);
  flood(other, 1);
  EXPECT_EQ(refused, 2u);
  world.send(bob, world.request(bob, "OPTIONS", "sip:example.org", "own"));
  EXPECT_TRUE(bob.response(200));
}

// Calls without end from outside: few are remembered, and these are written together.
TEST(ElementStrangerTest, TheCallLogKeepsWhatUsersHaveCalled) {
  Called stage;
  auto& [world, bob] = stage;
  Phone& eve = world.stranger("eve", 0);
  world.send(bob, world.request(bob, "INVITE", "sip:nobody@example.org", "own"));
  EXPECT_TRUE(bob.response(404));
  world.pass(k_call_log_time);
  ASSERT_EQ(world.kept_calls.size(), 1u);
  for (std::size_t at = 0; at < k_max_logged_calls + 100; ++at) {
    world.send(eve, world.request(eve, "INVITE", "sip:bob@example.org", "c" + std::to_string(at)));
    const auto invite = bob.request("INVITE");
    ASSERT_TRUE(invite);
    world.answer(bob, *invite, 486);
  }
  EXPECT_EQ(world.kept_calls.size(), 1u);
  world.pass(k_call_log_time);
  EXPECT_EQ(world.kept_calls.size(), 1u + k_max_logged_calls_of_strangers);
  const auto all = world.peers[0]->calls().newest(k_max_logged_calls);
  EXPECT_EQ(all.back().other, "sip:nobody@example.org");
  // A peer that leaves writes what there is.
  world.send(eve, world.request(eve, "INVITE", "sip:bob@example.org", "last"));
  const auto invite = bob.request("INVITE");
  ASSERT_TRUE(invite);
  world.answer(bob, *invite, 486);
  world.into(0, Shutdown{});
  EXPECT_EQ(world.kept_calls.back().second.number, all.front().number + 1);
}

}  // namespace
}  // namespace ringway::sip::element
