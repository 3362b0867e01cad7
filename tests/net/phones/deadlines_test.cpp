// Who is too slow, says nothing or falls silent.
#include <gtest/gtest.h>

#include "tests/net/phones/phone_clients.hpp"
#include "tests/net/phones/phone_test_support.hpp"

namespace ringway::net::phones::test {
namespace {

struct PhoneDeadlines : testing::Test {
  IoPool pool{2};
  PhoneCertificates certificates;
};

constexpr Duration k_soon{100};
using Ws = WebSocketClient;

TEST_F(PhoneDeadlines, AConnectionOverWhichNothingComesIsClosed) {
  PhoneSettings settings = everywhere(certificates);
  settings.first_byte_timeout = k_soon;
  Phones phones(pool, settings);
  EXPECT_TRUE(connect_stream(Transport::tcp, phones.at(Transport::tcp))->ended());
  EXPECT_TRUE(connect_stream(Transport::tls, phones.at(Transport::tls))->ended());
  EXPECT_TRUE(connect_websocket(Transport::ws, phones.at(Transport::ws))->stream().ended());
  EXPECT_EQ(phones.transports().counters().silent, 3U);
  EXPECT_EQ(phones.seen().events, 0U);  // nobody has heard of them
}

TEST_F(PhoneDeadlines, AHandshakeThatIsNotDoneIsCutOff) {
  PhoneSettings settings = everywhere(certificates);
  settings.opening_timeout = k_soon;
  Phones phones(pool, settings);
  for (const auto transport : {Transport::tls, Transport::ws, Transport::wss}) {
    const net::test::RawSocket silent(phones.at(transport));
    EXPECT_TRUE(silent.read_to_end().has_value());
  }
  // A request that never ends.
  const auto slow = connect_stream(Transport::ws, phones.at(Transport::ws));
  slow->send("GET / HTTP/1.1\r\nX-A: ");
  EXPECT_TRUE(slow->ended());
  EXPECT_EQ(phones.transports().counters().opening_failed, 4U);
  EXPECT_EQ(phones.seen().events, 0U);
}

TEST_F(PhoneDeadlines, ConnectingTakesOnlySoLong) {
  PhoneSettings settings = everywhere(certificates);
  settings.opening_timeout = k_soon;
  Phones phones(pool, settings);
  Phones silent(pool, only(Transport::tcp));
  const auto flow = phones.transports().connect(Transport::tls, silent.at(Transport::tcp), k_server_name);
  ASSERT_TRUE(flow.ok());
  EXPECT_TRUE(phones.wait_down(*flow));
  EXPECT_EQ(phones.seen().why_down(*flow), "opening it took too long");
}

TEST_F(PhoneDeadlines, AMessageOfWebSocketThatIsNotEndedIsCutOff) {
  PhoneSettings settings = only(Transport::ws);
  settings.message_timeout = k_soon;
  Phones phones(pool, settings);
  const auto phone = connect_websocket(Transport::ws, phones.at(Transport::ws));
  phone->send({.opcode = Ws::k_text, .payload = "whole"});
  const auto flow = phones.flow().flow;
  phones.transports().hold(flow, true);
  phone->send({.opcode = Ws::k_text, .last = false, .payload = "begun"});
  EXPECT_TRUE(phones.wait_down(flow));
  EXPECT_EQ(phones.seen().why_down(flow), "it did not end its message");
  EXPECT_EQ(phones.transports().counters().too_slow, 1U);
}

TEST_F(PhoneDeadlines, WhatIsIdleIsClosedUnlessItIsHeld) {
  PhoneSettings settings = everywhere(certificates);
  settings.idle_timeout = k_soon;
  settings.close_timeout = k_soon;
  Phones phones(pool, settings);
  const auto tcp = phones.at(Transport::tcp);
  const auto held = connect_stream(Transport::tcp, tcp);
  held->send("REGISTER");
  const auto held_flow = phones.flow(0).flow;
  phones.transports().hold(held_flow, true);
  const UdpClient held_udp(phones.at(Transport::udp));
  held_udp.send("REGISTER");
  const auto held_udp_flow = phones.flow(1).flow;
  phones.transports().hold(held_udp_flow, true);

  const auto idle = connect_stream(Transport::tcp, tcp);
  idle->send("OPTIONS");
  const auto browser = connect_websocket(Transport::ws, phones.at(Transport::ws));
  browser->send({.opcode = Ws::k_text, .payload = "OPTIONS"});
  const UdpClient idle_udp(phones.at(Transport::udp));
  idle_udp.send("OPTIONS");
  for (std::size_t i = 2; i < 5; ++i) EXPECT_TRUE(phones.wait_down(phones.flow(i).flow)) << i;
  EXPECT_TRUE(idle->ended());
  const auto goodbye = browser->receive();
  ASSERT_TRUE(goodbye.has_value());
  EXPECT_EQ(goodbye->opcode, Ws::k_close);
  EXPECT_EQ(goodbye->close_code(), 1000);
  EXPECT_EQ(phones.transports().counters().idle, 3U);

  phones.send(held_flow, "200");
  EXPECT_EQ(held->read(3), "200");
  phones.send(held_udp_flow, "200");
  EXPECT_EQ(held_udp.receive(), "200");
  // When nobody counts on them any more they go as well.
  phones.transports().hold(held_flow, false);
  phones.transports().hold(held_udp_flow, false);
  EXPECT_TRUE(phones.wait_down(held_flow));
  EXPECT_TRUE(phones.wait_down(held_udp_flow));
}

TEST_F(PhoneDeadlines, ASilentBrowserIsAskedWhetherItIsThere) {
  PhoneSettings settings = only(Transport::ws);
  settings.ping_interval = k_soon;
  Phones phones(pool, settings);
  const auto phone = connect_websocket(Transport::ws, phones.at(Transport::ws));
  phone->send({.opcode = Ws::k_text, .payload = "REGISTER"});
  const auto flow = phones.flow().flow;
  for (int i = 0; i < 4; ++i) {
    const auto ping = phone->receive();
    ASSERT_TRUE(ping.has_value());
    ASSERT_EQ(ping->opcode, Ws::k_ping);
    EXPECT_FALSE(phones.seen().is_down(flow));
    phone->send({.opcode = Ws::k_pong, .payload = ping->payload});
  }
  EXPECT_TRUE(phones.wait_down(flow));  // it answers no more
  EXPECT_EQ(phones.seen().why_down(flow), "no answer to a ping");
  EXPECT_EQ(phones.seen().messages_of(flow), 1U);
}

TEST_F(PhoneDeadlines, WhoTakesNothingIsClosed) {
  PhoneSettings settings = only(Transport::tcp);
  settings.write_timeout = k_soon;
  settings.max_send_queue_bytes = 64U << 20;
  Phones phones(pool, settings);
  const auto phone = connect_stream(Transport::tcp, phones.at(Transport::tcp));
  phone->send("REGISTER");
  const auto flow = phones.flow().flow;
  phones.transports().hold(flow, true);
  const SharedBytes message(Bytes(60'000, 'x'));
  for (int i = 0; i < 500; ++i) phones.transports().send(flow, message);  // more than the system takes
  EXPECT_TRUE(phones.wait_down(flow));
  EXPECT_EQ(phones.seen().why_down(flow), "it does not take what is sent");
  EXPECT_EQ(phones.transports().counters().too_slow, 1U);
}

TEST_F(PhoneDeadlines, ClosingWaitsOnlySoLongForTheOtherSide) {
  PhoneSettings settings = everywhere(certificates);
  settings.close_timeout = k_soon;
  Phones phones(pool, settings);
  std::size_t index = 0;
  for (const auto transport : {Transport::tcp, Transport::tls}) {
    const auto phone = connect_stream(transport, phones.at(transport));
    phone->send("REGISTER");
    const auto flow = phones.flow(index++).flow;
    phones.transports().close(flow, "banned");  // the phone stays as it is
    EXPECT_TRUE(phones.wait_down(flow));
    EXPECT_EQ(phones.seen().why_down(flow), "banned");
  }
  const auto browser = connect_websocket(Transport::wss, phones.at(Transport::wss));
  browser->send({.opcode = Ws::k_text, .payload = "REGISTER"});
  const auto flow = phones.flow(index).flow;
  phones.transports().close(flow, "banned");
  EXPECT_TRUE(phones.wait_down(flow));
}

}  // namespace
}  // namespace ringway::net::phones::test
