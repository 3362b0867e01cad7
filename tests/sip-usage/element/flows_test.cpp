// One bad phone harms no other: garbage, floods, slow messages; keep-alives, credit, and what is for the peer
// itself.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/sip-usage/element/stage.hpp"

namespace ringway::sip::element {
namespace {

using test::Phone;
using test::World;

struct Good {  // alice's phone is registered, and somebody else is at the same peer
  explicit Good(const std::string& transport = "TCP")
      : alice(world.phone("alice", 0)), bad(world.phone("eve", 0, transport)) {
    EXPECT_EQ(world.register_phone(alice), 200u);
  }
  void expect_alice_is_served() {
    const auto answer =
        world.ask(alice, world.request(alice, "REGISTER", "sip:alice@example.org", "again"), "alice-secret");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status(), 200u);
    alice.inbox.clear();
  }
  World world;
  Phone& alice;
  Phone& bad;
};

TEST(ElementFlowTest, GarbageClosesItsOwnStream) {
  Good good;
  good.world.send_octets(good.bad, std::string(70'000, 'x'));
  EXPECT_TRUE(good.bad.is_closed);
  EXPECT_FALSE(good.alice.is_closed);
  good.expect_alice_is_served();
  EXPECT_EQ(good.world.peers[0]->flow_counters().out_of_step, 1u);
}

TEST(ElementFlowTest, MalformedIsAnsweredAndTheStreamGoesOn) {
  Good good;
  good.world.send_octets(
      good.bad,
      "INVITE sip:alice@example.org SIP/2.0\r\nVia: SIP/2.0/TCP 10.0.0.9;branch=z9hG4bKm\r\n"
      "To: <sip:alice@example.org>\r\nFrom: <sip:e@e>;tag=1\r\nCall-ID: m\r\nCSeq: 1 BYE\r\n"
      "Content-Length: 0\r\n\r\n");
  EXPECT_EQ(good.bad.statuses(), std::vector<unsigned>{400});
  EXPECT_FALSE(good.bad.is_closed);
  good.world.send(good.bad, good.world.request(good.bad, "OPTIONS", "sip:example.org"));
  EXPECT_EQ(good.bad.statuses(), std::vector<unsigned>{200});
}

TEST(ElementFlowTest, TortureNextToGoodPhones) {
  for (const std::string transport : {"TCP", "UDP", "WS"}) {
    Good good(transport);
    std::size_t count = 0;
    for (const auto& file : std::filesystem::directory_iterator(RINGWAY_TORTURE_DIR)) {
      if (file.path().extension() != ".dat") continue;
      std::ifstream in(file.path(), std::ios::binary);
      const std::string octets((std::istreambuf_iterator<char>(in)), {});
      Phone& bad = good.world.phone("eve", 0, transport);
      good.world.send_octets(bad, octets);
      ++count;
    }
    EXPECT_GE(count, 49u);
    good.expect_alice_is_served();
    good.world.pass(Duration{400'000});
    good.expect_alice_is_served();
    for (const auto& table : good.world.peers[0]->tables()) EXPECT_LE(table.size, table.bound) << table.name;
  }
}

TEST(ElementFlowTest, SlowMessageEndsItsStream) {
  Good good;
  good.world.send_octets(good.bad, "OPTIONS sip:example.org SIP/2.0\r\nVia: SIP/2");
  good.world.pass(k_message_time - Duration{1});
  good.world.send_octets(good.bad, ".0/TCP");  // octets alone are no progress
  EXPECT_FALSE(good.bad.is_closed);
  good.world.pass(Duration{1});
  EXPECT_TRUE(good.bad.is_closed);
  EXPECT_EQ(good.world.peers[0]->flow_counters().slow_messages, 1u);
  good.expect_alice_is_served();
}

TEST(ElementFlowTest, FloodIsReadSlowly) {
  Good good;
  const auto request = good.world.request(good.bad, "OPTIONS", "sip:example.org").print();
  const auto at_once = static_cast<std::size_t>(k_message_burst / k_message_cost);
  for (std::size_t count = 0; count < at_once; ++count) good.world.send_octets(good.bad, request);
  EXPECT_EQ(good.world.credit[0][good.bad.flow], 0);
  good.world.send_octets(good.bad, request);  // one too many: its credit waits
  EXPECT_LT(good.world.credit[0][good.bad.flow], 0);
  good.expect_alice_is_served();
  EXPECT_EQ(good.world.credit[0][good.alice.flow], 0);
  good.world.pass(k_message_cost);
  EXPECT_EQ(good.world.credit[0][good.bad.flow], 0);
}

TEST(ElementFlowTest, WhoDoesNotReadIsNotRead) {
  Good good;
  good.world.into(0, Congested{good.bad.flow});
  good.world.send_octets(good.bad, "\r\n\r\n");
  EXPECT_LT(good.world.credit[0][good.bad.flow], 0);
  good.world.into(0, Drained{good.bad.flow});
  EXPECT_EQ(good.world.credit[0][good.bad.flow], 0);
}

TEST(ElementFlowTest, KeepAlives) {
  for (const std::string transport : {"TCP", "WS", "UDP"}) {
    Good good(transport);
    good.world.send_octets(good.bad, "\r\n\r\n");
    EXPECT_EQ(good.bad.pongs, transport == "UDP" ? 0u : 1u) << transport;
  }
}

// RFC 5626 §3.5.2.
TEST(ElementFlowTest, StunKeepsFlowsOfUdpAlive) {
  const std::string request("\0\1\0\0\x21\x12\xa4\x42transaction!", 20);
  for (const std::string transport : {"UDP", "TCP"}) {
    Good good(transport);
    good.world.send_octets(good.bad, request);
    EXPECT_EQ(good.bad.pongs, transport == "UDP" ? 1u : 0u) << transport;
    EXPECT_EQ(good.world.peers[0]->flow_counters().stun_answered, good.bad.pongs);
    EXPECT_FALSE(good.bad.is_closed);
  }
  Good good("UDP");
  good.world.send_octets(good.bad, request.substr(0, 19));
  EXPECT_EQ(good.world.peers[0]->flow_counters().stun_dropped, 1u);
}

TEST(ElementFlowTest, NoRoomForAnotherFlow) {
  Good good;
  auto& element = *good.world.peers[0];
  for (std::uint64_t number = 1'000'000; element.flow_counters().refused == 0; ++number)
    element.handle(good.world.now(),
                   FlowUp{FlowId{number}, "UDP", {"192.0.2.1", 5060}, {"10.1.1.1", 1}, "x", false, {}});
  for (const auto& table : element.tables())
    if (table.bound == k_max_flows && std::string(table.name).find("flows") != std::string::npos) {
      EXPECT_EQ(table.size, k_max_flows);
    }
  const auto outputs = element.take_outputs();
  ASSERT_EQ(outputs.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<CloseFlow>(outputs[0]));
  good.expect_alice_is_served();
}

TEST(ElementFlowTest, AnswersGoWhereTheViaSays) {
  Good good("UDP");
  auto request = good.world.request(good.bad, "OPTIONS", "sip:example.org");
  request.vias.front().parameters.remove("rport");
  request.vias.front().port = 5070;
  request.vias.front().parameters.set("maddr", "203.0.113.9");  // nobody else gets it
  good.world.send(good.bad, request);
  ASSERT_EQ(good.world.to_ports.size(), 1u);
  EXPECT_EQ(good.world.to_ports[0].port, 5070);
  EXPECT_EQ(good.world.to_ports[0].flow, good.bad.flow);
  EXPECT_TRUE(good.bad.inbox.empty());
}

// A phone without a NAT that registers from one port and is called at another, as SIPp's uas is.
struct TwoPorts {
  explicit TwoPorts(const std::string& via_host = "") {
    auto request = world.request(bob, "REGISTER", "sip:bob@example.org");
    request.contacts = {*NameAddr::parse("<sip:bob@" + bob.address + ":4010>")};
    if (!via_host.empty()) request.vias.front().host = via_host;
    world.send(bob, request);
    EXPECT_TRUE(bob.response(200));
    world.send(alice, world.request(alice, "INVITE", "sip:bob@example.org"));
  }
  World world{std::vector<std::vector<std::string>>{{"alice", "bob"}}, true};
  Phone& alice = world.phone("alice", 0, "TCP", true);
  Phone& bob = world.phone("bob", 0, "UDP", true);
};

TEST(ElementFlowTest, ItIsCalledAtTheContactsPort) {
  TwoPorts stage;
  auto& [world, alice, bob] = stage;
  EXPECT_FALSE(bob.request("INVITE"));
  ASSERT_EQ(world.opened_addresses.size(), 1u);
  EXPECT_EQ(world.opened_addresses[0].transport, "UDP");
  EXPECT_EQ(world.opened_addresses[0].remote.host, bob.address);
  EXPECT_EQ(world.opened_addresses[0].remote.port, 4010);
  Phone& there = world.opened(world.opened_addresses[0], 0);
  const auto invite = there.request("INVITE");
  ASSERT_TRUE(invite);
  world.answer(there, *invite, 200);
  const auto ok = alice.response(200);
  ASSERT_TRUE(ok);
  world.send(alice, world.in_dialog(alice, "ACK", *ok));
  EXPECT_TRUE(there.request("ACK"));
  world.send(there, world.in_dialog(there, "BYE", *invite));  // it is bob's phone
  EXPECT_TRUE(alice.request("BYE"));
}

TEST(ElementFlowTest, BehindANatItIsCalledWhereItSendsFrom) {
  TwoPorts stage("192.168.1.5");
  EXPECT_TRUE(stage.bob.request("INVITE"));
  EXPECT_TRUE(stage.world.opened_addresses.empty());
}

// RFC 5626 §7, as with a phone that is called where it sends from.
TEST(ElementFlowTest, SilenceAtTheContactsPortEndsTheBinding) {
  TwoPorts stage;
  auto& [world, alice, bob] = stage;
  EXPECT_EQ(world.overlay["bob@example.org"].size(), 1u);
  ASSERT_EQ(world.opened_addresses.size(), 1u);
  world.opened(world.opened_addresses[0], 0);
  world.pass(Duration{33'000});
  EXPECT_EQ(alice.statuses(), std::vector<unsigned>{408});
  EXPECT_EQ(world.overlay["bob@example.org"].size(), 0u);
}

TEST(ElementFlowTest, ForThePeerItself) {
  Good good;
  good.world.send(good.bad, good.world.request(good.bad, "MESSAGE", "sip:example.org"));
  const auto refused = good.bad.response(405);
  ASSERT_TRUE(refused);
  EXPECT_NE(refused->field("Allow"), nullptr);
}

}  // namespace
}  // namespace ringway::sip::element
