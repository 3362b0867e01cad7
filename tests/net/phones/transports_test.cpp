// Each transport both ways, with clients that are not ours and between two of ours.
#include <gtest/gtest.h>

#include "reload/link/link_id.hpp"
#include "tests/net/phones/phone_clients.hpp"
#include "tests/net/phones/phone_test_support.hpp"

namespace ringway::net::phones::test {
namespace {

struct PhoneTransportsTest : testing::Test {
  IoPool pool{2};
  PhoneCertificates certificates;
};

using Ws = WebSocketClient;

TEST_F(PhoneTransportsTest, DatagramsBothWays) {
  Phones phones(pool, only(Transport::udp));
  const UdpClient phone(phones.at(Transport::udp));
  phone.send("OPTIONS");
  const auto up = phones.flow();
  EXPECT_EQ(up.transport, Transport::udp);
  EXPECT_FALSE(up.opened_here);
  EXPECT_EQ(up.local, phones.at(Transport::udp));
  EXPECT_EQ(up.remote, loopback(phone.port()));
  phones.send(up.flow, "200 OK");
  EXPECT_EQ(phone.receive(), "200 OK");
  phone.send("REGISTER");
  EXPECT_TRUE(
      phones.events().wait([&](const auto& seen) { return seen.text_of(up.flow) == "OPTIONSREGISTER"; }));
  EXPECT_EQ(phones.seen().messages_of(up.flow), 2U);
  EXPECT_EQ(phones.seen().ups.size(), 1U);
}

TEST_F(PhoneTransportsTest, StreamsBothWays) {
  Phones phones(pool, everywhere(certificates));
  std::size_t index = 0;
  for (const auto transport : {Transport::tcp, Transport::tls}) {
    const auto phone = connect_stream(transport, phones.at(transport));
    phone->send("OPTIONS");
    const auto up = phones.flow(index++);
    EXPECT_EQ(up.transport, transport);
    EXPECT_EQ(up.local, phones.at(transport));
    phones.send(up.flow, "200 OK");
    EXPECT_EQ(phone->read(6), "200 OK");
    EXPECT_TRUE(phones.events().wait([&](const auto& seen) { return seen.text_of(up.flow) == "OPTIONS"; }));
    phones.transports().close(up.flow, "enough");
    EXPECT_TRUE(phone->ended());
  }
}

TEST_F(PhoneTransportsTest, WebSocketBothWaysAsTextAndAsBinary) {
  Phones phones(pool, everywhere(certificates));
  std::size_t index = 0;
  for (const auto transport : {Transport::ws, Transport::wss}) {
    const auto phone = connect_websocket(transport, phones.at(transport));
    phone->send({.opcode = Ws::k_text, .payload = "OPTIONS"});
    const auto up = phones.flow(index++);
    EXPECT_EQ(up.transport, transport);
    phone->send({.opcode = Ws::k_binary, .payload = "\xff\xfe"});
    ASSERT_TRUE(phones.events().wait([&](const auto& seen) { return seen.messages_of(up.flow) == 2; }));
    EXPECT_EQ(phones.seen().text_of(up.flow), "OPTIONS\xff\xfe");
    // UTF-8 goes as text, all else as binary: a browser ends a connection over text that is none.
    for (const auto& [message, opcode] : {std::pair<std::string, int>{"200 \xc3\xa4", Ws::k_text},
                                          {"200 \xff", Ws::k_binary},
                                          {"200 \xed\xa0\x80", Ws::k_binary}}) {
      phones.send(up.flow, message);
      const auto frame = phone->receive();
      ASSERT_TRUE(frame.has_value());
      EXPECT_EQ(frame->payload, message);
      EXPECT_EQ(frame->opcode, opcode) << message;
    }
  }
}

TEST_F(PhoneTransportsTest, ConnectsByDatagramsTcpAndTls) {
  Phones here(pool, everywhere(certificates));
  Phones there(pool, everywhere(certificates));
  there.events().echo_to(&there.transports());
  for (const auto transport : {Transport::udp, Transport::tcp, Transport::tls}) {
    const auto flow = here.transports().connect(transport, there.at(transport), k_server_name);
    ASSERT_TRUE(flow.ok()) << flow.error().reason;
    here.send(*flow, "INVITE");  // waits for the connection
    EXPECT_TRUE(here.events().wait([&](const auto& seen) { return seen.text_of(*flow) == "INVITE"; }))
        << here.seen().why_down(*flow);
    const auto up = here.seen().ups.back();
    EXPECT_EQ(up.flow, *flow);
    EXPECT_TRUE(up.opened_here);
    EXPECT_EQ(up.remote, there.at(transport));
    EXPECT_EQ(there.seen().ups.back().remote, up.local);
  }
  // What goes out by UDP comes from where phones are listened to.
  EXPECT_EQ(here.seen().ups.front().local, here.at(Transport::udp));
}

TEST_F(PhoneTransportsTest, ConnectingByUdpToAKnownPhoneIsItsFlow) {
  Phones phones(pool, only(Transport::udp));
  const UdpClient phone(phones.at(Transport::udp));
  phone.send("REGISTER");
  const auto up = phones.flow();
  const auto again = phones.transports().connect(Transport::udp, up.remote);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(*again, up.flow);
}

TEST_F(PhoneTransportsTest, DatagramsToAnotherPortOfTheSameHost) {
  Phones phones(pool, everywhere(certificates));
  const UdpClient phone(phones.at(Transport::udp));
  phone.send("OPTIONS");
  const auto up = phones.flow();
  const UdpClient other(phones.at(Transport::udp));
  other.send("OPTIONS");  // takes datagrams from this port only
  phones.flow(1);
  const std::string text = "200 OK";
  const SharedBytes ok(Bytes(text.begin(), text.end()));
  EXPECT_EQ(phones.transports().send_to_port(up.flow, other.port(), ok), Given::queued);
  EXPECT_EQ(other.receive(), "200 OK");
  EXPECT_EQ(phones.transports().send_to_port(up.flow, 0, ok), Given::refused);
  const auto stream = connect_stream(Transport::tcp, phones.at(Transport::tcp));
  stream->send("OPTIONS");
  EXPECT_EQ(phones.transports().send_to_port(phones.flow(2).flow, 5060, ok), Given::refused);
}

TEST_F(PhoneTransportsTest, AConnectionThatFailsIsTold) {
  Phones phones(pool, everywhere(certificates));
  wire::IpAddressPort nobody;
  {
    Phones gone(pool, only(Transport::tcp));
    nobody = gone.at(Transport::tcp);
  }
  const auto flow = phones.transports().connect(Transport::tcp, nobody);
  ASSERT_TRUE(flow.ok());
  EXPECT_TRUE(phones.wait_down(*flow));
  EXPECT_TRUE(phones.seen().ups.empty());
  EXPECT_EQ(phones.transports().send(*flow, copy_of(view_of("late"))), Given::refused);
}

// A NAT lets in only what comes from where its phone has sent to.
TEST_F(PhoneTransportsTest, OfSeveralSocketsTheOneThatIsAskedFor) {
  PhoneSettings settings;
  settings.listen = {{Transport::udp, loopback()}, {Transport::udp, loopback()}};
  Phones phones(pool, settings);
  const auto listening = phones.transports().listening_on();
  for (std::size_t i = 0; i < listening.size(); ++i) {
    const auto remote = loopback(static_cast<std::uint16_t>(40'000 + i));
    ASSERT_TRUE(phones.transports().connect(Transport::udp, remote, "", listening[i].at).ok());
    EXPECT_EQ(phones.flow(i).local, listening[i].at);
  }
  // It is gone: from any.
  EXPECT_TRUE(phones.transports().connect(Transport::udp, loopback(40'002), "", loopback(1)).ok());
}

TEST_F(PhoneTransportsTest, RefusesWhatCannotBeConnectedTo) {
  Phones phones(pool, only(Transport::udp));
  auto& transports = phones.transports();
  EXPECT_FALSE(transports.connect(Transport::ws, loopback(9)).ok());
  EXPECT_FALSE(transports.connect(Transport::wss, loopback(9), k_server_name).ok());
  EXPECT_FALSE(transports.connect(Transport::tls, loopback(9)).ok());  // whom?
  EXPECT_FALSE(transports.connect(Transport::tcp, {}).ok());
  EXPECT_FALSE(transports.connect(Transport::udp, address("192.0.2.1:5060")).ok());  // not from loopback
  EXPECT_FALSE(transports.connect(Transport::udp, address("[::1]:5060")).ok());
}

// Behind many a NAT a phone hears answers only from the address that it has sent to.
TEST_F(PhoneTransportsTest, AWildcardSocketAnswersFromTheAddressThatWasAsked) {
  for (const auto* const wildcard : {"0.0.0.0:0", "[::]:0"}) {
    PhoneSettings settings;
    settings.listen = {{Transport::udp, address(wildcard)}};
    Phones phones(pool, settings);
    phones.events().echo_to(&phones.transports());
    auto asked = phones.at(Transport::udp);
    ASSERT_NE(asked.port, 0);
    asked = address("127.0.0.2:" + std::to_string(asked.port));
    const UdpClient phone(asked, "127.0.0.1");
    phone.send("OPTIONS");
    EXPECT_EQ(phone.receive(), "OPTIONS") << wildcard;
    EXPECT_EQ(phones.flow().local, asked) << link::to_text(phones.flow().local);
    EXPECT_EQ(phones.flow().remote, loopback(phone.port()));
  }
}

TEST_F(PhoneTransportsTest, TheUnspecifiedAddressOfIpv6IsEveryAddressOfBothFamilies) {
  PhoneSettings settings;
  settings.listen = {{Transport::udp, address("[::]:0")}, {Transport::tcp, address("[::]:0")}};
  Phones phones(pool, settings);
  phones.events().echo_to(&phones.transports());
  const std::string udp_port = std::to_string(phones.at(Transport::udp).port);
  for (const std::string host : {"127.0.0.1:", "[::1]:"}) {
    const UdpClient phone(address(host + udp_port));
    phone.send("OPTIONS");
    EXPECT_EQ(phone.receive(), "OPTIONS") << host;
    EXPECT_EQ(phones.seen().ups.back().local, address(host + udp_port));
  }
  const auto tcp = connect_stream(Transport::tcp, loopback(phones.at(Transport::tcp).port));
  tcp->send("OPTIONS");
  EXPECT_EQ(tcp->read(7), "OPTIONS");
  EXPECT_EQ(phones.seen().ups.back().local, loopback(phones.at(Transport::tcp).port));
  // Out to either family from the same socket.
  Phones there(pool, only(Transport::udp));
  const auto flow = phones.transports().connect(Transport::udp, there.at(Transport::udp));
  ASSERT_TRUE(flow.ok());
  phones.send(*flow, "INVITE");
  EXPECT_EQ(there.flow().remote, loopback(phones.at(Transport::udp).port));
}

TEST_F(PhoneTransportsTest, AnAddressThatIsTakenIsRefused) {
  Phones phones(pool, everywhere(certificates));
  for (const auto& taken : phones.transports().listening_on()) {
    PhoneSettings settings = everywhere(certificates);
    settings.listen = {taken};
    EXPECT_FALSE(PhoneTransports::start(pool, settings, std::make_shared<Recorder>()).ok());
  }
}

TEST_F(PhoneTransportsTest, ClosingSendsWhatIsQueued) {
  Phones phones(pool, everywhere(certificates));
  const std::string last(60'000, 'x');
  std::size_t index = 0;
  for (const auto transport : {Transport::tcp, Transport::tls}) {
    auto phone = connect_stream(transport, phones.at(transport));
    phone->send("REGISTER");
    const auto flow = phones.flow(index++).flow;
    for (int i = 0; i < 4; ++i) phones.send(flow, last);
    phones.transports().close(flow, "banned");
    EXPECT_EQ(phone->read(4 * last.size()), last + last + last + last);
    EXPECT_TRUE(phone->ended());
    phone.reset();
    EXPECT_TRUE(phones.wait_down(flow));
    EXPECT_EQ(phones.seen().why_down(flow), "banned");
  }
  const UdpClient phone(phones.at(Transport::udp));
  phone.send("REGISTER");
  const auto flow = phones.flow(index).flow;
  phones.send(flow, "403");
  phones.transports().close(flow, "banned");
  EXPECT_EQ(phone.receive(), "403");
  EXPECT_TRUE(phones.wait_down(flow));
}

TEST_F(PhoneTransportsTest, AClosedUdpFlowComesUpAnewWithTheNextDatagram) {
  Phones phones(pool, only(Transport::udp));
  const UdpClient phone(phones.at(Transport::udp));
  phone.send("one");
  const auto first = phones.flow().flow;
  phones.transports().close(first, "enough");
  ASSERT_TRUE(phones.wait_down(first));
  phone.send("two");
  const auto second = phones.flow(1).flow;
  EXPECT_NE(first, second);
  EXPECT_TRUE(phones.events().wait([&](const auto& seen) { return seen.text_of(second) == "two"; }));
}

// Somebody else may have made it so long: the phone keeps its flow, and with it what has registered there.
TEST_F(PhoneTransportsTest, AMessageThatIsTooLongForItsTransportIsLost) {
  Phones phones(pool, only(Transport::udp));
  const UdpClient phone(phones.at(Transport::udp));
  phone.send("one");
  const auto flow = phones.flow().flow;
  phones.send(flow, std::string(k_max_message_bytes, 'x'));  // more than a datagram of IPv4 holds
  phones.send(flow, "200");
  EXPECT_EQ(phone.receive(), "200");
  EXPECT_EQ(phones.transports().counters().datagrams_not_sent, 1U);
  EXPECT_TRUE(phones.seen().downs.empty());
}

}  // namespace
}  // namespace ringway::net::phones::test
