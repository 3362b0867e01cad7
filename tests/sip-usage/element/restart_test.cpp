// A peer that was killed and started again: its phones are called before they register again.
#include <gtest/gtest.h>

#include "tests/sip-usage/element/stage.hpp"

namespace ringway::sip::element::test {
namespace {

struct Restart {
  explicit Restart(const std::string& transport)
      : alice(world.phone("alice", 0)), bob(world.phone("bob", 1, transport)) {
    EXPECT_EQ(world.register_phone(alice), 200u);
    EXPECT_EQ(world.register_phone(bob), 200u);
    world.pass(registrar::k_keep_interval);
  }
  World world;
  Phone& alice;
  Phone& bob;
};

TEST(ElementRestartTest, APhoneByDatagramsIsCalledOverItsFlow) {
  Restart stage("UDP");
  auto& [world, alice, bob] = stage;
  world.overlay.clear();
  world.cut_peers();
  world.restart(1);
  EXPECT_EQ(world.overlay["bob@example.org"].size(), 1u) << "before bob has said anything";
  world.send(alice, world.request(alice, "INVITE", "sip:bob@example.org", "call-1"));
  ASSERT_EQ(world.opened_addresses.size(), 1u);
  EXPECT_EQ(world.opened_addresses[0].transport, "UDP");
  EXPECT_EQ(world.opened_addresses[0].remote.host, bob.address);
  EXPECT_EQ(world.opened_addresses[0].remote.port, 4000);
  EXPECT_EQ(world.opened_addresses[0].local.host, "192.0.2.2");
  EXPECT_EQ(world.opened_addresses[0].local.port, 5060);
  Phone& there = world.opened(world.opened_addresses[0], 1);
  const auto invite = there.request("INVITE");
  ASSERT_TRUE(invite);
  world.answer(there, *invite, 200);
  const auto ok = alice.response(200);
  ASSERT_TRUE(ok);
  world.send(alice, world.in_dialog(alice, "ACK", *ok));
  EXPECT_TRUE(there.request("ACK"));
  world.send(there, world.in_dialog(there, "BYE", *invite));
  EXPECT_TRUE(alice.request("BYE"));
}

// A keep-alive has made the flow already: nothing is opened.
TEST(ElementRestartTest, AFlowThatIsThereAgainIsUsed) {
  Restart stage("UDP");
  auto& [world, alice, bob] = stage;
  world.cut_peers();
  world.restart(1);
  Phone& again = world.phone("bob", 1, "UDP");
  world.into(1, FlowDown{again.flow, "another one"});
  world.into(1, FlowUp{again.flow, "UDP", {"192.0.2.2", 5060}, {bob.address, 4000}, bob.address, false, {}});
  world.send(alice, world.request(alice, "INVITE", "sip:bob@example.org", "call-1"));
  EXPECT_TRUE(again.request("INVITE"));
  EXPECT_TRUE(world.opened_addresses.empty());
}

TEST(ElementRestartTest, OfAConnectionTheAddressIsCalled) {
  Restart stage("TCP");  // its Contact is where it is
  auto& [world, alice, bob] = stage;
  world.cut_peers();
  world.restart(1);
  world.send(alice, world.request(alice, "INVITE", "sip:bob@example.org", "call-1"));
  ASSERT_EQ(world.opened_addresses.size(), 1u);
  EXPECT_EQ(world.opened_addresses[0].transport, "TCP");
  EXPECT_EQ(world.opened_addresses[0].remote.host, bob.address);
}

TEST(ElementRestartTest, AWebSocketIsGone) {
  Restart stage("WS");
  auto& [world, alice, bob] = stage;
  world.cut_peers();
  world.restart(1);
  world.send(alice, world.request(alice, "INVITE", "sip:bob@example.org", "call-1"));
  world.pass(Duration{20'000});
  EXPECT_EQ(alice.statuses(), std::vector<unsigned>{480});
  EXPECT_TRUE(world.opened_addresses.empty());
}

TEST(ElementRestartTest, WhoDoesNotComeBackIsFoundNoMore) {
  Restart stage("WS");
  auto& [world, alice, bob] = stage;
  world.restart(1);
  world.pass(registrar::k_return_time - Duration{1});
  EXPECT_EQ(world.overlay["bob@example.org"].size(), 1u);
  world.pass(Duration{1});
  EXPECT_TRUE(world.overlay["bob@example.org"].empty());
  EXPECT_EQ(world.overlay["alice@example.org"].size(), 1u);
}

TEST(ElementRestartTest, CallsThatWereUnderWayHaveAnUnknownEnd) {
  Restart stage("UDP");
  auto& [world, alice, bob] = stage;
  world.send(alice, world.request(alice, "INVITE", "sip:bob@example.org", "call-1"));
  const auto invite = bob.request("INVITE");
  ASSERT_TRUE(invite);
  world.answer(bob, *invite, 200);
  EXPECT_FALSE(world.peers[1]->calls().newest(1).at(0).is_end_unknown);
  world.pass(k_call_log_time);
  world.restart(1);
  const auto calls = world.peers[1]->calls().newest(9);
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(calls[0].other, "sip:alice@example.org");
  EXPECT_TRUE(calls[0].answered_ms);
  EXPECT_FALSE(calls[0].ended_ms);
  EXPECT_TRUE(calls[0].is_end_unknown);
}

}  // namespace
}  // namespace ringway::sip::element::test
