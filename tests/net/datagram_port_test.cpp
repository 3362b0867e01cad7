// Who comes back to the port of DTLS from the address and port that it had (RFC 6347 §4.2.8), and who only
// says so.
#include <gtest/gtest.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <chrono>
#include <functional>
#include <thread>
#include <vector>

#include "net/dtls/dtls_session.hpp"
#include "net/sockets.hpp"
#include "tests/net/link_test_support.hpp"

namespace ringway::net::test {
namespace {

using dtls::DtlsSession;
using Seen = Recorder::Seen;
namespace asio = boost::asio;
using std::chrono::milliseconds;

// A client with a socket that stays, whatever becomes of its sessions.
struct PortWorld : LinkWorld {
  TestPeer two{pool, authority, bob, {.change = [](LinkSettings& settings) { settings.datagrams = true; }}};
  asio::io_context context;
  asio::ip::udp::socket socket{context, {asio::ip::make_address("127.0.0.1"), 0}};
  asio::ip::udp::endpoint to{asio::ip::make_address("127.0.0.1"), two.address().port};
  TlsContextPtr dtls_context;
  std::unique_ptr<DtlsSession> session;
  std::vector<Bytes> sent;
  DtlsSession::Handshake state = DtlsSession::Handshake::under_way;

  PortWorld() {
    socket.non_blocking(true);
    auto credentials = authority.credentials("user@overlay.example.org", alice);
    dtls_context = dtls::make_dtls_context(credentials.private_key_pem, credentials.certificate_pem).value();
  }

  void begin() {
    session = DtlsSession::client(dtls_context, bob, authority.trust()).value();
    state = session->advance();
    send_all();
  }
  void send_all() {
    while (auto datagram = session->outgoing()) {
      socket.send_to(asio::buffer(*datagram), to);
      sent.push_back(*std::move(datagram));
    }
  }
  std::optional<Bytes> next(milliseconds at_most = milliseconds{5000}) {
    std::array<std::uint8_t, 65536> room{};
    const auto until = std::chrono::steady_clock::now() + at_most;
    do {
      boost::system::error_code error;
      const std::size_t size_bytes = socket.receive(asio::buffer(room), 0, error);
      if (!error) return copy_of(BytesView(room).first(size_bytes));
      std::this_thread::sleep_for(milliseconds{1});
    } while (std::chrono::steady_clock::now() < until);
    return std::nullopt;
  }
  // Until so many datagrams have been sent, or the handshake is over.
  bool shake(std::size_t datagrams = 100) {
    while (state == DtlsSession::Handshake::under_way && sent.size() < datagrams) {
      const auto datagram = next();
      if (!datagram) return false;
      session->feed(*datagram);
      state = session->advance();
      if (sent.size() < datagrams) send_all();
    }
    return state != DtlsSession::Handshake::failed;
  }
  bool ups_are(std::size_t count) {
    return two.events().wait([=](const Seen& seen) { return seen.ups.size() >= count; });
  }
};

TEST(DatagramPort, ALinkEndsWhenItsNodeHasOpenedAnotherFromTheSamePort) {
  PortWorld world;
  world.begin();
  ASSERT_TRUE(world.shake() && world.ups_are(1));
  world.begin();  // it has forgotten the first, without a word
  world.socket.send_to(asio::buffer(Bytes{22}), world.to);
  EXPECT_TRUE(world.two.seen().downs.empty()) << "not before the other is up";
  ASSERT_TRUE(world.shake() && world.ups_are(2));
  ASSERT_TRUE(world.two.events().wait([](const Seen& seen) { return !seen.downs.empty(); }));
  const auto seen = world.two.seen();
  EXPECT_EQ(seen.downs.size(), 1U);
  EXPECT_EQ(seen.downs[0].link, seen.ups[0].link);
  EXPECT_EQ(world.two.links().counters().links, 1U);
}

TEST(DatagramPort, AHandshakeThatHasStoppedKeepsNobodyOut) {
  PortWorld world;
  world.begin();
  ASSERT_TRUE(world.shake(2));  // the cookie has gone back, and then the client ends
  ASSERT_TRUE(world.next()) << "the other side shakes hands";
  while (world.next(milliseconds{100})) continue;  // OpenSSL would take these for the next handshake's
  const auto begun = std::chrono::steady_clock::now();
  world.sent.clear();
  world.begin();
  ASSERT_TRUE(world.shake() && world.ups_are(1));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(8))
      << "of a handshake_timeout of 10";
  EXPECT_EQ(world.two.seen().ups.size(), 1U);
}

TEST(DatagramPort, ACookieBeginsOneHandshakeOnly) {
  PortWorld world;
  world.begin();
  ASSERT_TRUE(world.shake() && world.ups_are(1));
  ASSERT_GE(world.sent.size(), 2U);
  while (world.next(milliseconds{100})) continue;               // the rest of the handshake
  world.socket.send_to(asio::buffer(world.sent[1]), world.to);  // seen on its way, and sent in its name
  EXPECT_FALSE(world.next(milliseconds{200})) << "no flight of a handshake comes back";
  world.socket.send_to(asio::buffer(world.sent[0]), world.to);
  EXPECT_TRUE(world.next()) << "and who has no cookie still gets one";
}

}  // namespace
}  // namespace ringway::net::test
