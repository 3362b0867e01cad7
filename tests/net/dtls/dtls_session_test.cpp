// Two ends of DTLS with a path between them that is a line of this test: no sockets.
#include "net/dtls/dtls_session.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "net/sockets.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::net::dtls {
namespace {

class SessionFixture : public testing::Test {
 protected:
  TlsContextPtr context_of(const NodeId& node) {
    auto credentials = authority_.credentials("user@overlay.example.org", node);
    return make_dtls_context(credentials.private_key_pem, credentials.certificate_pem).value();
  }
  void start(std::optional<NodeId> expected = {}) {
    client_ = DtlsSession::client(context_of(alice_), expected, authority_.trust()).value();
    server_ = DtlsSession::listener(context_of(bob_), authority_.trust()).value();
    client_->advance();
  }
  std::vector<Bytes> from(DtlsSession& session) {
    std::vector<Bytes> all;
    while (auto datagram = session.outgoing()) all.push_back(*std::move(datagram));
    return all;
  }
  bool greet() {
    bool proved = false;
    for (int i = 0; i < 4 && !proved; ++i) {
      for (const auto& datagram : from(*client_)) {
        sizes_.push_back(datagram.size());
        proved = server_->listen(cookies_, mono_now(), address_, datagram) || proved;
      }
      for (const auto& datagram : from(*server_)) give(*client_, datagram, client_state_);
    }
    return proved;
  }
  static void give(DtlsSession& to, const Bytes& datagram, DtlsSession::Handshake& state) {
    to.feed(datagram);
    if (state == DtlsSession::Handshake::under_way) state = to.advance();
  }
  void shake() {
    server_state_ = server_->advance();
    for (int i = 0; i < 10; ++i) {
      for (const auto& datagram : from(*server_)) {
        sizes_.push_back(datagram.size());
        give(*client_, datagram, client_state_);
      }
      for (const auto& datagram : from(*client_)) {
        sizes_.push_back(datagram.size());
        give(*server_, datagram, server_state_);
      }
    }
  }
  void connect() {
    start();
    ASSERT_TRUE(greet());
    shake();
    ASSERT_EQ(client_state_, DtlsSession::Handshake::done) << client_->why_failed() << server_->why_failed();
    ASSERT_EQ(server_state_, DtlsSession::Handshake::done) << server_->why_failed();
  }

  ringway::test::TestAuthority authority_;
  NodeId alice_ = ringway::test::node_id(0x0a);
  NodeId bob_ = ringway::test::node_id(0x0b);
  Cookies cookies_;
  std::string address_ = "192.0.2.1:4000";
  std::unique_ptr<DtlsSession> client_, server_;
  DtlsSession::Handshake client_state_ = DtlsSession::Handshake::under_way;
  DtlsSession::Handshake server_state_ = DtlsSession::Handshake::under_way;
  std::vector<std::size_t> sizes_;
};

TEST_F(SessionFixture, BothEndsKnowEachOther) {
  ASSERT_NO_FATAL_FAILURE(connect());
  EXPECT_TRUE(client_->check().certificate->has_node_id(bob_));
  EXPECT_TRUE(server_->check().certificate->has_node_id(alice_));
  for (const std::size_t size_bytes : sizes_)
    EXPECT_LE(size_bytes, k_link_mtu_bytes - k_datagram_overhead_bytes);
}

TEST_F(SessionFixture, AStrangerGetsACookieAndNothingElse) {
  start();
  const auto hello = from(*client_);
  ASSERT_EQ(hello.size(), 1U);
  EXPECT_FALSE(server_->listen(cookies_, mono_now(), address_, hello[0]));
  const auto answer = from(*server_);
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_LT(answer[0].size(), hello[0].size()) << "nothing is amplified";
  give(*client_, answer[0], client_state_);
  const auto with_cookie = from(*client_);
  ASSERT_EQ(with_cookie.size(), 1U);
  EXPECT_FALSE(server_->listen(cookies_, mono_now(), "192.0.2.1:4001", with_cookie[0]))
      << "of another address";
  EXPECT_TRUE(server_->listen(cookies_, mono_now(), address_, with_cookie[0]));
}

TEST_F(SessionFixture, AListenerIsUnmovedByRubbish) {
  start();
  EXPECT_FALSE(server_->listen(cookies_, mono_now(), address_, Bytes{}));
  EXPECT_FALSE(server_->listen(cookies_, mono_now(), address_, Bytes{22, 0xfe, 0xfd}));
  EXPECT_FALSE(server_->listen(cookies_, mono_now(), address_, Bytes(2000, 22)));
  EXPECT_TRUE(from(*server_).empty());
  EXPECT_TRUE(greet());
}

TEST_F(SessionFixture, OnlyTheExpectedNodeWillDo) {
  start(ringway::test::node_id(0x0c));
  ASSERT_TRUE(greet());
  shake();
  EXPECT_EQ(client_state_, DtlsSession::Handshake::failed);
  EXPECT_NE(client_->why_failed().find("another node"), std::string::npos) << client_->why_failed();
}

TEST_F(SessionFixture, RecordsStayApartAndAreNotReadTwice) {
  // Shows: SEC-29.
  ASSERT_NO_FATAL_FAILURE(connect());
  ASSERT_TRUE(client_->write(Bytes{1}));
  ASSERT_TRUE(client_->write(Bytes{2, 2}));
  const auto sent = from(*client_);
  ASSERT_EQ(sent.size(), 2U);
  server_->feed(sent[1]);
  EXPECT_EQ(server_->read(), (Bytes{2, 2}));
  server_->feed(sent[0]);
  EXPECT_EQ(server_->read(), (Bytes{1}));
  for (const auto& datagram : sent) {  // played again
    server_->feed(datagram);
    EXPECT_EQ(server_->read(), std::nullopt);
  }
  Bytes forged = sent[0];
  forged.back() ^= 1;
  server_->feed(forged);
  EXPECT_EQ(server_->read(), std::nullopt);
  EXPECT_FALSE(server_->ended()) << "a forged record is no reason to close";
}

TEST_F(SessionFixture, AnEmptyDatagramIsNone) {
  const std::vector<Bytes> forged{{}, {0}, {20}, {22}, {23}, {255}};
  start();
  ASSERT_TRUE(greet());
  server_state_ = server_->advance();
  for (const auto& datagram : forged) {
    give(*client_, datagram, client_state_);
    give(*server_, datagram, server_state_);
  }
  ASSERT_EQ(client_state_, DtlsSession::Handshake::under_way) << client_->why_failed();
  ASSERT_EQ(server_state_, DtlsSession::Handshake::under_way) << server_->why_failed();
  shake();
  ASSERT_EQ(client_state_, DtlsSession::Handshake::done) << client_->why_failed();
  ASSERT_EQ(server_state_, DtlsSession::Handshake::done) << server_->why_failed();
  for (const auto& datagram : forged)
    for (DtlsSession* const session : {client_.get(), server_.get()}) {
      session->feed(datagram);
      EXPECT_EQ(session->read(), std::nullopt);
      EXPECT_FALSE(session->ended()) << to_hex(datagram);
    }
  ASSERT_TRUE(client_->write(Bytes{1}));
  for (const auto& datagram : from(*client_)) server_->feed(datagram);
  EXPECT_EQ(server_->read(), (Bytes{1}));
}

TEST_F(SessionFixture, AFrameOfTheLargestSizeKeepsToTheMtu) {
  ASSERT_NO_FATAL_FAILURE(connect());
  ASSERT_TRUE(client_->write(Bytes(k_max_frame_bytes)));
  const auto sent = from(*client_);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_LE(sent[0].size() + k_datagram_overhead_bytes, k_link_mtu_bytes);
}

TEST_F(SessionFixture, AGoodbyeIsHeard) {
  ASSERT_NO_FATAL_FAILURE(connect());
  client_->say_goodbye();
  for (const auto& datagram : from(*client_)) server_->feed(datagram);
  EXPECT_EQ(server_->read(), std::nullopt);
  EXPECT_TRUE(server_->ended());
}

}  // namespace
}  // namespace ringway::net::dtls
