// The end: whatever was under way, nothing is told once stop() has returned, and nothing stays.
#include <gtest/gtest.h>

#include "tests/net/phones/phone_clients.hpp"
#include "tests/net/phones/phone_test_support.hpp"

namespace ringway::net::phones::test {
namespace {

struct PhoneStop : testing::Test {
  IoPool pool{2};
  PhoneCertificates certificates;
};

std::size_t in_tables(PhoneTransports& transports) {
  std::size_t sum = 0;
  for (const auto& table : transports.tables())
    if (std::string(table.name).find("addresses") == std::string::npos) sum += table.size;
  return sum;
}

TEST_F(PhoneStop, WhileBusyInEveryWay) {
  Phones phones(pool, everywhere(certificates));
  phones.events().echo_to(&phones.transports());
  PhoneSettings settings = everywhere(certificates);
  settings.max_send_queue_bytes = 8U << 20;
  Phones others(pool, settings);
  others.events().echo_to(&others.transports());
  std::vector<FlowId> flows;
  for (int i = 0; i < 4; ++i)
    for (const auto transport : {Transport::udp, Transport::tcp, Transport::tls}) {
      const auto flow = others.transports().connect(transport, phones.at(transport), k_server_name);
      ASSERT_TRUE(flow.ok());
      flows.push_back(*flow);
    }
  const auto half_open = connect_stream(Transport::ws, phones.at(Transport::ws));
  half_open->send("GET / HTTP/1.1\r\n");
  const auto browser = connect_websocket(Transport::wss, phones.at(Transport::wss));
  browser->send({.opcode = WebSocketClient::k_text, .last = false, .payload = "begun"});
  // Both ends send each other all they get, without an end.
  for (const auto flow : flows)
    for (int i = 0; i < 20; ++i) others.transports().send(flow, Bytes(1000, 'x'));
  ASSERT_TRUE(phones.events().wait([](const auto& seen) { return seen.received.size() > 200; }));

  phones.transports().stop();
  const auto events = phones.seen().events;
  EXPECT_TRUE(browser->stream().ended());
  EXPECT_TRUE(half_open->ended());
  EXPECT_EQ(in_tables(phones.transports()), 0U);
  EXPECT_EQ(phones.seen().events, events);
  EXPECT_FALSE(phones.transports().connect(Transport::tcp, others.at(Transport::tcp)).ok());
  EXPECT_EQ(phones.transports().send(flows.front(), Bytes(1, 'x')), Given::refused);
  // The other end is told that they have gone.
  EXPECT_TRUE(others.events().wait([](const auto& seen) { return seen.downs.size() >= 8; }));
}

TEST_F(PhoneStop, WhileConnecting) {
  Phones phones(pool, everywhere(certificates));
  const auto flow = phones.transports().connect(Transport::tcp, address("192.0.2.1:5060"));
  ASSERT_TRUE(flow.ok());
  phones.transports().send(*flow, Bytes(1000, 'x'));
  phones.transports().stop();
  EXPECT_EQ(in_tables(phones.transports()), 0U);
}

TEST_F(PhoneStop, AfterTheThreadsHaveEnded) {
  Phones phones(pool, everywhere(certificates));
  const UdpClient phone(phones.at(Transport::udp));
  phone.send("REGISTER");
  phones.flow();
  pool.stop();
  phones.transports().stop();
  EXPECT_EQ(phones.transports().send(phones.flow().flow, Bytes(1, 'x')), Given::refused);
}

}  // namespace
}  // namespace ringway::net::phones::test
