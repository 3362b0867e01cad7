// Each bound of the sockets towards phones, at the bound.
#include <gtest/gtest.h>

#include "reload/link/link_id.hpp"
#include "tests/net/phones/phone_clients.hpp"
#include "tests/net/phones/phone_test_support.hpp"

namespace ringway::net::phones::test {
namespace {

struct PhoneBounds : testing::Test {
  IoPool pool{2};
};

using ClientPtr = std::unique_ptr<StreamClient>;

// A connection over which something has come.
ClientPtr phone_of(Phones& phones, std::size_t index) {
  auto phone = connect_stream(Transport::tcp, phones.at(Transport::tcp));
  phone->send("REGISTER");
  phones.flow(index);
  return phone;
}

TEST_F(PhoneBounds, ConnectionsInAll) {
  PhoneSettings settings = only(Transport::tcp);
  settings.max_connections = 2;
  Phones phones(pool, settings);
  auto first = phone_of(phones, 0), second = phone_of(phones, 1);
  EXPECT_TRUE(connect_stream(Transport::tcp, phones.at(Transport::tcp))->ended());
  EXPECT_FALSE(phones.transports().connect(Transport::tcp, phones.at(Transport::tcp)).ok());
  EXPECT_EQ(phones.transports().counters().refused_connections, 2U);
  first.reset();
  ASSERT_TRUE(phones.wait_down(phones.flow(0).flow));
  phone_of(phones, 2);
}

TEST_F(PhoneBounds, ConnectionsOfOneAddress) {
  PhoneSettings settings = only(Transport::tcp);
  settings.max_connections_per_address = 2;
  settings.listen = {{Transport::tcp, address("0.0.0.0:0")}, {Transport::tcp, address("[::1]:0")}};
  Phones phones(pool, settings);
  const auto port = phones.transports().listening_on()[0].at.port;
  const auto other = phones.transports().listening_on()[1].at;
  const auto first = connect_stream(Transport::tcp, loopback(port));
  const auto second = connect_stream(Transport::tcp, loopback(port));
  first->send("REGISTER");
  second->send("REGISTER");
  phones.flow(1);
  EXPECT_TRUE(connect_stream(Transport::tcp, loopback(port))->ended());
  EXPECT_EQ(phones.transports().counters().refused_of_address, 1U);
  // Another one is not concerned. (RawSocket speaks IPv4 only.)
  Phones client(pool, {});
  const auto flow = client.transports().connect(Transport::tcp, other);
  ASSERT_TRUE(flow.ok());
  client.send(*flow, "REGISTER");
  EXPECT_EQ(phones.flow(2).local, other);
}

TEST_F(PhoneBounds, ConnectionsThatHaveSaidNothing) {
  PhoneSettings settings = only(Transport::tcp);
  settings.max_arriving = 1;
  Phones phones(pool, settings);
  auto heard = phone_of(phones, 0);  // no longer arriving
  const auto silent = connect_stream(Transport::tcp, phones.at(Transport::tcp));
  const auto is_arriving = [&] {
    for (const auto& table : phones.transports().tables())
      if (std::string(table.name).find("said nothing") != std::string::npos) return table.size == 1;
    return false;
  };
  // Accepted in the order in which they came.
  EXPECT_TRUE(connect_stream(Transport::tcp, phones.at(Transport::tcp))->ended());
  EXPECT_TRUE(is_arriving());
  EXPECT_EQ(phones.transports().counters().refused_connections, 1U);
  silent->send("REGISTER");
  phones.flow(1);
  phone_of(phones, 2);
}

TEST_F(PhoneBounds, ConnectionsOfOneAddressThatHaveSaidNothing) {
  PhoneSettings settings = only(Transport::tcp);
  settings.max_arriving_per_address = 1;
  Phones phones(pool, settings);
  auto heard = phone_of(phones, 0);  // no longer arriving
  const auto silent = connect_stream(Transport::tcp, phones.at(Transport::tcp));
  EXPECT_TRUE(connect_stream(Transport::tcp, phones.at(Transport::tcp))->ended());
  EXPECT_EQ(phones.transports().counters().refused_of_address, 1U);
  silent->send("REGISTER");
  phones.flow(1);
  phone_of(phones, 2);
}

TEST_F(PhoneBounds, TheDatagramFlowThatWasIdleLongestMakesRoomUnlessItIsHeld) {
  PhoneSettings settings = only(Transport::udp);
  settings.max_datagram_flows = 2;
  Phones phones(pool, settings);
  const UdpClient held(phones.at(Transport::udp)), idle(phones.at(Transport::udp)),
      newer(phones.at(Transport::udp)), too_many(phones.at(Transport::udp));
  held.send("one");
  const auto held_flow = phones.flow(0).flow;
  phones.transports().hold(held_flow, true);
  idle.send("one");
  const auto idle_flow = phones.flow(1).flow;
  newer.send("one");
  const auto newer_flow = phones.flow(2).flow;
  EXPECT_TRUE(phones.wait_down(idle_flow));
  EXPECT_FALSE(phones.seen().is_down(held_flow));
  EXPECT_EQ(phones.transports().counters().datagram_flows_displaced, 1U);
  // All are held: somebody new has no place.
  phones.transports().hold(newer_flow, true);
  too_many.send("one");
  held.send("two");
  EXPECT_TRUE(phones.events().wait([&](const auto& seen) { return seen.text_of(held_flow) == "onetwo"; }));
  EXPECT_EQ(phones.transports().counters().datagrams_refused, 1U);
  EXPECT_FALSE(phones.transports().connect(Transport::udp, loopback(9)).ok());
  // And has one when somebody is let go of.
  phones.transports().hold(held_flow, false);
  too_many.send("two");
  EXPECT_TRUE(phones.wait_down(held_flow));
  EXPECT_EQ(phones.flow(3).remote.port, too_many.port());
}

// Strangers have taken all places: this peer calls by datagram all the same.
TEST_F(PhoneBounds, AFlowThatIsOpenedHereTakesThePlaceOfOneThatWasIdle) {
  PhoneSettings settings = only(Transport::udp);
  settings.max_datagram_flows = 2;
  Phones phones(pool, settings);
  const UdpClient held(phones.at(Transport::udp)), idle(phones.at(Transport::udp));
  held.send("one");
  const auto held_flow = phones.flow(0).flow;
  phones.transports().hold(held_flow, true);
  idle.send("one");
  const auto idle_flow = phones.flow(1).flow;
  const auto opened = phones.transports().connect(Transport::udp, loopback(9));
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(phones.flow(2).flow.number, opened->number);
  EXPECT_TRUE(phones.seen().is_down(idle_flow)) << "told before";
  EXPECT_FALSE(phones.seen().is_down(held_flow));
  EXPECT_EQ(phones.transports().counters().datagram_flows_displaced, 1U);
  for (const auto& table : phones.transports().tables()) EXPECT_LE(table.size, table.bound) << table.name;
  phones.transports().hold(*opened, true);
  EXPECT_FALSE(phones.transports().connect(Transport::udp, loopback(10)).ok());
}

TEST_F(PhoneBounds, WhoHasSaidSomethingLatelyIsNotDisplaced) {
  PhoneSettings settings = only(Transport::udp);
  settings.max_datagram_flows = 2;
  Phones phones(pool, settings);
  const UdpClient first(phones.at(Transport::udp)), second(phones.at(Transport::udp)),
      third(phones.at(Transport::udp));
  first.send("one");
  const auto first_flow = phones.flow(0).flow;
  second.send("one");
  const auto second_flow = phones.flow(1).flow;
  first.send("two");
  third.send("one");
  phones.flow(2);
  EXPECT_TRUE(phones.seen().is_down(second_flow));
  EXPECT_FALSE(phones.seen().is_down(first_flow));
}

TEST_F(PhoneBounds, DatagramFlowsOfOneAddress) {
  PhoneSettings settings = only(Transport::udp);
  settings.listen = {{Transport::udp, address("0.0.0.0:0")}};
  settings.max_datagram_flows_per_address = 2;
  Phones phones(pool, settings);
  const auto at = loopback(phones.at(Transport::udp).port);
  const UdpClient first(at), second(at), third(at), other(at, "127.0.0.3");
  first.send("one");
  second.send("one");
  phones.flow(1);
  third.send("one");
  other.send("one");
  EXPECT_EQ(phones.flow(2).remote.address[3], 3);
  EXPECT_EQ(phones.transports().counters().refused_of_address, 1U);
  phones.transports().close(phones.flow(0).flow, "room");
  ASSERT_TRUE(phones.wait_down(phones.flow(0).flow));
  third.send("two");
  EXPECT_EQ(phones.flow(3).remote.port, third.port());
}

TEST_F(PhoneBounds, DatagramsThatComeTooFast) {
  PhoneSettings settings = only(Transport::udp);
  settings.datagrams_per_second_per_address = 1;
  settings.datagrams_at_once_per_address = 10;
  settings.listen = {{Transport::udp, address("0.0.0.0:0")}};
  Phones phones(pool, settings);
  const auto at = loopback(phones.at(Transport::udp).port);
  const UdpClient flood(at), other(at, "127.0.0.3");
  for (int i = 0; i < 1000; ++i) flood.send("x");
  other.send("REGISTER");
  const auto flow = phones.flow(1).flow;  // others are served as ever
  EXPECT_TRUE(phones.events().wait([&](const auto& seen) { return seen.text_of(flow) == "REGISTER"; }));
  const auto counters = phones.transports().counters();
  EXPECT_EQ(counters.datagrams_in, counters.datagrams_too_fast + phones.seen().received.size());
  EXPECT_GE(counters.datagrams_too_fast, 900U);
  EXPECT_LE(phones.seen().messages_of(phones.flow(0).flow),
            40U);  // ten, and one for each second that it took
}

TEST_F(PhoneBounds, AStreamIsReadAsFarAsItsCreditGoes) {
  PhoneSettings settings = only(Transport::tcp);
  settings.receive_credit_bytes = 20'000;
  Phones phones(pool, settings);
  phones.events().credit_to(nullptr);
  // Ours at the other end, so that sending does not block; far more than the system's buffers take.
  settings = {};
  settings.max_send_queue_bytes = 64U << 20;
  Phones phone(pool, settings);
  const auto sending = phone.transports().connect(Transport::tcp, phones.at(Transport::tcp));
  ASSERT_TRUE(sending.ok());
  const SharedBytes message(Bytes(60'000, 'x'));
  std::size_t sent_bytes = 0;
  for (Given given = Given::queued; given == Given::queued; sent_bytes += message.size()) {
    given = phone.transports().send(*sending, message);
    ASSERT_NE(given, Given::refused);
  }
  const auto flow = phones.flow().flow;
  const auto unpaid = [](const Recorder::Seen& seen) {
    std::size_t bytes = 0;
    for (const auto& one : seen.received) bytes += one.credit;
    return bytes;
  };
  ASSERT_TRUE(phones.events().wait([&](const auto& seen) { return unpaid(seen) >= 20'000; }));
  // Nothing more is read, so at the other end it begins to wait: it is never drained.
  const bool more = phones.events().wait(
      [&](const auto& seen) { return unpaid(seen) > 20'000 + 4096 + k_received_overhead_bytes; },
      std::chrono::milliseconds(300));
  EXPECT_FALSE(more);
  EXPECT_TRUE(phone.seen().drained.empty());
  // With its credit given back, and more of it, all comes.
  phones.events().credit_to(&phones.transports());
  phones.transports().credit(flow, unpaid(phones.seen()));
  EXPECT_TRUE(phones.events().wait([&](const auto& seen) {
    std::size_t bytes = 0;
    for (const auto& one : seen.received) bytes += one.bytes.size();
    return bytes == sent_bytes;
  }));
  EXPECT_TRUE(phone.events().wait([](const auto& seen) { return seen.drained.size() == 1; }));
}

TEST_F(PhoneBounds, DatagramsBeyondTheCreditAreDropped) {
  PhoneSettings settings = only(Transport::udp);
  settings.receive_credit_bytes = 2 * (3 + k_received_overhead_bytes);
  Phones phones(pool, settings);
  phones.events().credit_to(nullptr);
  const UdpClient phone(phones.at(Transport::udp)), other(phones.at(Transport::udp));
  for (const auto* const text : {"one", "two", "xxx"}) phone.send(text);
  const auto flow = phones.flow().flow;
  other.send("end");  // after them
  phones.flow(1);
  EXPECT_EQ(phones.seen().text_of(flow), "onetwo");
  EXPECT_EQ(phones.transports().counters().datagrams_over_credit, 1U);
  phones.transports().credit(flow, 1);
  phone.send("new");
  EXPECT_TRUE(phones.events().wait([&](const auto& seen) { return seen.text_of(flow) == "onetwonew"; }));
}

TEST_F(PhoneBounds, AStreamThatDoesNotTakeWhatIsSentIsClosed) {
  PhoneSettings settings = only(Transport::tcp);
  settings.max_send_queue_bytes = 1U << 20;
  Phones phones(pool, settings);
  const auto phone = phone_of(phones, 0);
  const auto flow = phones.flow().flow;
  const SharedBytes message(Bytes(60'000, 'x'));
  bool half_full = false;
  Given given = Given::queued;
  // The system's buffers take some megabytes.
  for (int i = 0; i < 2000 && given != Given::refused; ++i) {
    given = phones.transports().send(flow, message);
    half_full = half_full || given == Given::half_full;
  }
  EXPECT_EQ(given, Given::refused);
  EXPECT_TRUE(half_full);
  EXPECT_TRUE(phones.wait_down(flow));
  EXPECT_EQ(phones.transports().counters().refused_full_queue, 1U);
}

TEST_F(PhoneBounds, TheQueueTakesExactlyItsBound) {
  PhoneSettings settings = only(Transport::tcp);
  settings.max_send_queue_bytes = 1000;
  Phones phones(pool, settings);
  // Nobody accepts there: 192.0.2.0/24 leads nowhere, so all of it waits.
  const auto flow = phones.transports().connect(Transport::tcp, address("192.0.2.1:5060"));
  ASSERT_TRUE(flow.ok());
  EXPECT_EQ(phones.transports().send(*flow, Bytes(500, 'x')), Given::queued);
  EXPECT_EQ(phones.transports().send(*flow, Bytes(500, 'x')), Given::half_full);
  EXPECT_EQ(phones.transports().send(*flow, Bytes(1, 'x')), Given::refused);
  EXPECT_TRUE(phones.wait_down(*flow));
}

TEST_F(PhoneBounds, AMessageOfWebSocketAtTheBound) {
  Phones phones(pool, only(Transport::ws));
  const auto phone = connect_websocket(Transport::ws, phones.at(Transport::ws));
  const std::string longest(k_max_message_bytes, 'x');
  phone->send({.opcode = WebSocketClient::k_text, .payload = longest});
  const auto flow = phones.flow().flow;
  ASSERT_TRUE(phones.events().wait([&](const auto& seen) { return seen.messages_of(flow) == 1; }));
  EXPECT_EQ(phones.seen().text_of(flow), longest);
  phone->send({.opcode = WebSocketClient::k_text, .payload = longest + "x"});
  const auto answer = phone->receive();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->opcode, WebSocketClient::k_close);
  EXPECT_EQ(answer->close_code(), 1009);
  EXPECT_TRUE(phones.wait_down(flow));
  EXPECT_EQ(phones.transports().counters().refused_messages, 1U);
}

TEST_F(PhoneBounds, AMessageInPartsAtTheBound) {
  Phones phones(pool, only(Transport::ws));
  const auto phone = connect_websocket(Transport::ws, phones.at(Transport::ws));
  phone->send({.opcode = WebSocketClient::k_text, .last = false, .payload = std::string(40'000, 'x')});
  phone->send({.opcode = WebSocketClient::k_continued, .payload = std::string(40'000, 'x')});
  const auto answer = phone->receive();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->close_code(), 1009);
  EXPECT_TRUE(phones.seen().ups.empty());  // nothing whole has ever come
}

TEST_F(PhoneBounds, AMessageToBeSentAtTheBound) {
  Phones phones(pool, only(Transport::tcp));
  const auto phone = phone_of(phones, 0);
  const auto flow = phones.flow().flow;
  EXPECT_EQ(phones.transports().send(flow, Bytes(k_max_message_bytes + 1, 'x')), Given::refused);
  EXPECT_EQ(phones.transports().send(flow, Bytes{}), Given::refused);
  EXPECT_EQ(phones.transports().send(flow, Bytes(k_max_message_bytes, 'x')), Given::queued);
  EXPECT_TRUE(phone->read(k_max_message_bytes).has_value());
}

}  // namespace
}  // namespace ringway::net::phones::test
