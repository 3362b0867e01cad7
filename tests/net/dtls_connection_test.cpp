// Links over DTLS without sockets: what one end sends, the test gives to the other, or loses.
#include "net/dtls/dtls_connection.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <deque>
#include <utility>
#include <vector>

#include "tests/net/link_test_support.hpp"

namespace ringway::net::dtls {
namespace {

constexpr Duration k_first_timeout{20};  // of the handshake's retransmissions
constexpr Duration k_no_answer = link::k_min_rto + Duration{150};

class DtlsConnections : public testing::Test {
 protected:
  struct End {
    std::shared_ptr<test::Recorder> events = std::make_shared<test::Recorder>();
    std::shared_ptr<LinkHub> hub;
    std::shared_ptr<DtlsConnection> connection;
    std::deque<Bytes> sent;
  };

  ~DtlsConnections() override {
    for (End* const end : {&client_, &server_})
      if (end->connection) end->connection->finish("stopping");
    context_.poll();
  }

  void make_hub(End& end, const NodeId& node) {
    auto credentials = authority_.credentials("user@overlay.example.org", node);
    HandshakeMeans means{};
    means.dtls = make_dtls_context(credentials.private_key_pem, credentials.certificate_pem).value();
    end.hub = std::make_shared<LinkHub>(LinkSettings{}, means, authority_.trust(), end.events);
  }
  void make_connection(End& end, std::unique_ptr<DtlsSession> session, bool is_client) {
    DtlsConnection::Origin origin;
    origin.remote = test::loopback(4000);
    origin.is_client = is_client;
    origin.patience = Duration{5000};
    DtlsConnection::Way way;
    way.send = [&end](BytesView datagram) { end.sent.push_back(copy_of(datagram)); };
    end.connection = std::make_shared<DtlsConnection>(end.hub, strand_, std::move(session), std::move(origin),
                                                      std::move(way));
    end.connection->start(*end.hub->handshake_slots.take());
  }
  void start() {
    make_hub(client_, ringway::test::node_id(0x0a));
    make_hub(server_, ringway::test::node_id(0x0b));
    listener_ = DtlsSession::listener(server_.hub->means().dtls, authority_.trust()).value();
    listener_->set_first_timeout(k_first_timeout);
    auto session = DtlsSession::client(client_.hub->means().dtls, std::nullopt, authority_.trust()).value();
    session->set_first_timeout(k_first_timeout);
    make_connection(client_, std::move(session), true);
  }
  void arrive_at_server(const Bytes& datagram) {
    if (server_.connection) return server_.connection->on_datagram(datagram);
    const bool proved = listener_->listen(cookies_, mono_now(), "192.0.2.1:4000", datagram);
    while (auto answer = listener_->outgoing()) server_.sent.push_back(*std::move(answer));
    if (proved) make_connection(server_, std::move(listener_), false);
  }
  // One flight in each direction; the one of that number is lost.
  void carry(std::optional<std::size_t> lost = {}) {
    auto flight = std::exchange(client_.sent, {});
    if (!flight.empty() && flights_++ != lost)
      for (const auto& datagram : flight) arrive_at_server(datagram);
    flight = std::exchange(server_.sent, {});
    if (!flight.empty() && flights_++ != lost)
      for (const auto& datagram : flight) client_.connection->on_datagram(datagram);
  }
  bool both_up() const { return client_.events->seen().ups.size() + server_.events->seen().ups.size() == 2; }
  bool connect(std::optional<std::size_t> lost = {}) {
    const MonoTime patience = mono_now() + Duration{4000};
    while (!both_up() && mono_now() < patience) {
      carry(lost);
      context_.run_for(std::chrono::milliseconds{1});
      context_.restart();
    }
    return both_up();
  }

  ringway::test::TestAuthority authority_;
  boost::asio::io_context context_;
  Strand strand_ = boost::asio::make_strand(context_);
  Cookies cookies_;
  std::unique_ptr<DtlsSession> listener_;
  End client_, server_;
  std::size_t flights_ = 0;
};

class LostFlights : public DtlsConnections, public testing::WithParamInterface<std::size_t> {};

// Nobody sends messages: only the handshake's own retransmissions repair it (RFC 6347 §4.2.4).
TEST_P(LostFlights, AreSentAgain) {
  start();
  EXPECT_TRUE(connect(GetParam()));
  EXPECT_GT(flights_, GetParam()) << "there was one to lose";
}
INSTANTIATE_TEST_SUITE_P(EachFlight, LostFlights, testing::Range<std::size_t>(0, 6));

TEST_F(DtlsConnections, ForgedDatagramsEndNoLink) {
  const std::vector<Bytes> forged{{}, {0}, {20}, {22}, {23}, {255}};
  start();
  client_.connection->on_datagram({});
  while (!server_.connection && flights_ < 8) carry();
  ASSERT_TRUE(server_.connection);
  for (const auto& datagram : forged)
    for (End* const end : {&client_, &server_}) end->connection->on_datagram(datagram);
  ASSERT_TRUE(connect());
  for (const auto& datagram : forged)
    for (End* const end : {&client_, &server_}) end->connection->on_datagram(datagram);
  EXPECT_TRUE(client_.events->seen().downs.empty());
  EXPECT_TRUE(server_.events->seen().downs.empty());
  client_.connection->transmit(copy_of(view_of("head-")), SharedBytes(copy_of(view_of("payload"))));
  context_.poll();
  context_.restart();
  carry();
  ASSERT_EQ(server_.events->seen().messages.size(), 1U);
  EXPECT_EQ(text_of(server_.events->seen().messages[0].second), "head-payload");
}

// Anybody can say in the network's name that nobody is there.
TEST_F(DtlsConnections, AreNotEndedByIcmpAsLongAsTheOtherSideAnswers) {
  start();
  ASSERT_TRUE(connect());
  const auto downs = [&] { return client_.events->seen().downs.size(); };
  client_.connection->on_path_error("nobody there");
  EXPECT_EQ(downs(), 0U) << "nothing was asked";
  client_.connection->transmit(copy_of(view_of("head-")), SharedBytes(copy_of(view_of("payload"))));
  context_.poll();
  context_.restart();
  client_.connection->on_path_error("nobody there");
  EXPECT_EQ(downs(), 0U) << "there was no time to answer";
  while (!client_.sent.empty() || !server_.sent.empty()) carry();
  context_.run_for(k_no_answer);
  context_.restart();
  client_.connection->on_path_error("nobody there");
  EXPECT_EQ(downs(), 0U) << "it was acknowledged";
  client_.connection->transmit(copy_of(view_of("head-")), SharedBytes(copy_of(view_of("payload"))));
  context_.run_for(k_no_answer);
  context_.restart();
  client_.connection->on_path_error("nobody there");
  ASSERT_EQ(downs(), 1U);
  EXPECT_EQ(client_.events->seen().downs[0].reason, "nobody there");
}

TEST_F(DtlsConnections, AHandshakeEndsWhereNobodyListens) {
  start();
  client_.connection->on_path_error("nobody there");
  client_.connection.reset();
  EXPECT_EQ(client_.hub->counters().handshakes_failed, 1U);
}

}  // namespace
}  // namespace ringway::net::dtls
