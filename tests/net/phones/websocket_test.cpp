// What a WebSocket begins with, and what its protocol asks of both sides (RFC 6455, RFC 7118).
#include <gtest/gtest.h>

#include "tests/net/phones/phone_clients.hpp"
#include "tests/net/phones/phone_test_support.hpp"

namespace ringway::net::phones::test {
namespace {

using Ws = WebSocketClient;

struct PhoneWebSocket : testing::Test {
  IoPool pool{2};
  std::unique_ptr<Phones> phones = std::make_unique<Phones>(pool, only(Transport::ws));

  void restart(const std::function<void(PhoneSettings&)>& change) {
    PhoneSettings settings = only(Transport::ws);
    change(settings);
    phones = std::make_unique<Phones>(pool, settings);
  }
  Ws client() const { return Ws(connect_stream(Transport::ws, phones->at(Transport::ws))); }
  // Status line and header; the connection is closed after what is no 101.
  std::string answer(const std::string& request) const {
    Ws asking = client();
    std::string head = asking.ask(request);
    EXPECT_TRUE(head.starts_with("HTTP/1.1 101") || asking.stream().ended());
    return head;
  }
  static std::string status(const std::string& head) { return head.substr(0, 12); }
};

TEST_F(PhoneWebSocket, TheSubProtocolIsSipAndIsConfirmed) {
  const std::string head = answer(Ws::request());
  EXPECT_EQ(status(head), "HTTP/1.1 101");
  EXPECT_NE(head.find("Sec-WebSocket-Protocol: sip\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), std::string::npos) << head;
  // One of several, in one line or in two.
  EXPECT_EQ(status(answer(Ws::request("Sec-WebSocket-Protocol: xmpp, sip\r\n"))), "HTTP/1.1 101");
  EXPECT_EQ(status(answer(Ws::request("Sec-WebSocket-Protocol: xmpp\r\nSec-WebSocket-Protocol: sip\r\n"))),
            "HTTP/1.1 101");
}

TEST_F(PhoneWebSocket, AnotherSubProtocolOrNoneIsRefused) {
  for (const auto* const fields :
       {"", "Sec-WebSocket-Protocol: xmpp\r\n", "Sec-WebSocket-Protocol: sips, asip\r\n"}) {
    Ws asking = client();
    const std::string head = asking.ask(Ws::request(fields));
    EXPECT_EQ(status(head), "HTTP/1.1 400") << fields;
    const std::string text = "The WebSocket's sub-protocol must be \"sip\" (RFC 7118).\n";
    EXPECT_EQ(asking.stream().read(text.size()), text) << fields;
    EXPECT_TRUE(asking.stream().ended());
  }
  EXPECT_EQ(phones->transports().counters().refused_upgrades, 3U);
  EXPECT_EQ(phones->seen().events, 0U);
}

TEST_F(PhoneWebSocket, OnlyPagesOfTheListMayConnect) {
  const std::string sip = "Sec-WebSocket-Protocol: sip\r\n";
  EXPECT_EQ(status(answer(Ws::request(sip + "Origin: https://evil.example\r\n"))), "HTTP/1.1 101");
  restart([](PhoneSettings& settings) {
    settings.origins = {"https://phone.example.org", "https://other.example"};
  });
  EXPECT_EQ(status(answer(Ws::request(sip + "Origin: https://phone.example.org\r\n"))), "HTTP/1.1 101");
  EXPECT_EQ(status(answer(Ws::request(sip + "Origin: https://other.example\r\n"))), "HTTP/1.1 101");
  EXPECT_EQ(status(answer(Ws::request(sip))), "HTTP/1.1 101");  // no page
  for (const auto* const origin :
       {"https://evil.example", "http://phone.example.org", "https://phone.example.org.evil.example", "null",
        "https://phone.example.org:444"})
    EXPECT_EQ(status(answer(Ws::request(sip + "Origin: " + origin + "\r\n"))), "HTTP/1.1 403") << origin;
  EXPECT_EQ(status(answer(
                Ws::request(sip + "Origin: https://phone.example.org\r\nOrigin: https://evil.example\r\n"))),
            "HTTP/1.1 403");
}

TEST_F(PhoneWebSocket, OtherRequestsGetAnAnswerOfHttp) {
  const std::string plain = answer("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(status(plain), "HTTP/1.1 426");
  EXPECT_NE(plain.find("Upgrade: websocket\r\n"), std::string::npos) << plain;
  EXPECT_EQ(status(answer("GET /other HTTP/1.1\r\nHost: a\r\n\r\n")), "HTTP/1.1 404");
  EXPECT_EQ(status(answer(Ws::request("Sec-WebSocket-Protocol: sip\r\n", "/other"))), "HTTP/1.1 404");
  EXPECT_EQ(status(answer("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")), "HTTP/1.1 426");
  EXPECT_EQ(status(answer("REGISTER sip:example.org SIP/2.0\r\nCSeq: 1 REGISTER\r\n\r\n")), "HTTP/1.1 400");
  EXPECT_EQ(status(answer("GET / HTTP/1.1\r\nX: " + std::string(9000, 'x') + "\r\n\r\n")), "HTTP/1.1 431");
  EXPECT_EQ(status(answer(Ws::request() + "too soon")), "HTTP/1.1 400");
}

TEST_F(PhoneWebSocket, ThePathIsAsItIsSet) {
  restart([](PhoneSettings& settings) { settings.websocket_path = "/sip"; });
  EXPECT_EQ(status(answer(Ws::request())), "HTTP/1.1 404");
  EXPECT_EQ(status(answer(Ws::request("Sec-WebSocket-Protocol: sip\r\n", "/sip"))), "HTTP/1.1 101");
}

TEST_F(PhoneWebSocket, AnotherVersionOfWebSocketIsRefused) {
  std::string request = Ws::request();
  request.replace(request.find("Version: 13"), 11, "Version: 12");
  const std::string head = answer(request);
  EXPECT_EQ(status(head), "HTTP/1.1 426");
  EXPECT_NE(head.find("Sec-WebSocket-Version: 13\r\n"), std::string::npos) << head;
}

TEST_F(PhoneWebSocket, APartedMessageIsOneAndPingsAreAnsweredBetween) {
  auto phone = connect_websocket(Transport::ws, phones->at(Transport::ws));
  phone->send({.opcode = Ws::k_text, .last = false, .payload = "INV"});
  phone->send({.opcode = Ws::k_ping, .payload = "there?"});
  const auto pong = phone->receive();
  ASSERT_TRUE(pong.has_value());
  EXPECT_EQ(pong->opcode, Ws::k_pong);
  EXPECT_EQ(pong->payload, "there?");
  phone->send({.opcode = Ws::k_continued, .payload = "ITE"});
  const auto flow = phones->flow().flow;
  ASSERT_TRUE(phones->events().wait([&](const auto& seen) { return seen.messages_of(flow) == 1; }));
  EXPECT_EQ(phones->seen().text_of(flow), "INVITE");
}

TEST_F(PhoneWebSocket, WhatIsAgainstTheProtocolIsAnsweredWithItsCode) {
  const std::vector<std::pair<std::string, int>> wrong = {
      {Ws::frame({.opcode = Ws::k_text, .payload = "not masked"}, false), 1002},
      {Ws::frame({.opcode = 5, .payload = "no such frame"}), 1002},
      {Ws::frame({.opcode = Ws::k_continued, .payload = "of what?"}), 1002},
      {Ws::frame({.opcode = Ws::k_ping, .payload = std::string(126, 'x')}), 1002},
      {Ws::frame({.opcode = Ws::k_text, .payload = "\xff"}), 1007},
  };
  std::size_t index = 0;
  for (const auto& [bytes, code] : wrong) {
    auto phone = connect_websocket(Transport::ws, phones->at(Transport::ws));
    phone->send({.opcode = Ws::k_text, .payload = "REGISTER"});
    const auto flow = phones->flow(index++).flow;
    phone->stream().send(bytes);
    const auto answer = phone->receive();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->opcode, Ws::k_close);
    EXPECT_EQ(answer->close_code(), code);
    EXPECT_TRUE(phone->stream().ended());
    phone.reset();
    EXPECT_TRUE(phones->wait_down(flow));
    EXPECT_EQ(phones->seen().messages_of(flow), 1U);
  }
  EXPECT_EQ(phones->transports().counters().refused_messages, wrong.size());
}

TEST_F(PhoneWebSocket, WhoDoesNotLetGoAfterAnErrorIsCutOff) {
  restart([](PhoneSettings& settings) { settings.ping_interval = Duration{100}; });
  auto phone = connect_websocket(Transport::ws, phones->at(Transport::ws));
  phone->send({.opcode = Ws::k_text, .payload = "REGISTER"});
  const auto flow = phones->flow().flow;
  phones->transports().hold(flow, true);
  phone->stream().send(Ws::frame({.opcode = 5, .payload = "no such frame"}));
  EXPECT_TRUE(phones->wait_down(flow));  // the phone has not closed anything
  EXPECT_EQ(phones->transports().counters().refused_messages, 1U);
}

TEST_F(PhoneWebSocket, ClosingIsSaidByBothSides) {
  restart([](PhoneSettings& settings) { settings.close_timeout = Duration{300}; });
  auto phone = connect_websocket(Transport::ws, phones->at(Transport::ws));
  phone->send({.opcode = Ws::k_text, .payload = "REGISTER"});
  const auto first = phones->flow(0).flow;
  phones->send(first, "403");
  phones->transports().close(first, "banned");
  EXPECT_EQ(phone->receive()->payload, "403");
  const auto goodbye = phone->receive();
  ASSERT_TRUE(goodbye.has_value());
  EXPECT_EQ(goodbye->close_code(), 1000);
  EXPECT_EQ(goodbye->payload.substr(2), "banned");
  phone->send({.opcode = Ws::k_close, .payload = goodbye->payload});
  EXPECT_TRUE(phone->stream().ended());
  EXPECT_TRUE(phones->wait_down(first));

  phone = connect_websocket(Transport::ws, phones->at(Transport::ws));
  phone->send({.opcode = Ws::k_text, .payload = "REGISTER"});
  const auto second = phones->flow(1).flow;
  phone->send({.opcode = Ws::k_close, .payload = "\x03\xe9"});  // 1001: the page is left
  const auto answer = phone->receive();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->close_code(), 1001);
  EXPECT_TRUE(phones->wait_down(second));
  EXPECT_EQ(phones->seen().why_down(second), "closed by the other side");
}

}  // namespace
}  // namespace ringway::net::phones::test
