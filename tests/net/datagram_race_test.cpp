// A link that can be had over datagrams and over TCP, where one of the two is silent.
#include <gtest/gtest.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <chrono>
#include <vector>

#include "tests/net/link_test_support.hpp"

namespace ringway::net::test {
namespace {

using Seen = Recorder::Seen;
namespace asio = boost::asio;
using std::chrono::milliseconds;

constexpr Duration k_patience_for_all{2000};
void with_little_patience(LinkSettings& settings) {
  settings.datagrams = true;
  settings.connect_timeout = k_patience_for_all;
}

// Somebody listens there and says nothing, or rubbish: no ICMP tells that it is in vain.
class SilentSocket {
 public:
  explicit SilentSocket(asio::io_context& context)
      : socket_(context, {asio::ip::make_address("127.0.0.1"), 0}) {
    socket_.non_blocking(true);
  }
  wire::IpAddressPort address() const { return loopback(socket_.local_endpoint().port()); }
  bool was_asked() {
    boost::system::error_code error;
    socket_.receive_from(asio::buffer(room_), from_, 0, error);
    return !error;
  }
  void answer(const Bytes& datagram) { socket_.send_to(asio::buffer(datagram), from_); }

 private:
  asio::ip::udp::socket socket_;
  asio::ip::udp::endpoint from_;
  std::array<std::uint8_t, 65536> room_{};
};

struct RaceWorld : LinkWorld {
  TestPeer one{pool, authority, alice, {.change = with_little_patience}};
  asio::io_context context;
  std::vector<SilentSocket> silent;

  explicit RaceWorld(std::size_t sockets) {
    silent.reserve(sockets);
    for (std::size_t i = 0; i < sockets; ++i) silent.emplace_back(context);
  }
  routing::OpenLink to_all() const {
    routing::OpenLink open;
    open.attempt = 7;
    open.expected = bob;
    for (const auto& socket : silent) open.datagram_addresses.push_back(socket.address());
    return open;
  }
  bool is_down_within(milliseconds at_most) {
    return one.events().wait([](const Seen& seen) { return !seen.downs.empty(); }, at_most);
  }
};

TEST(DatagramRace, TcpIsTriedBesideDatagramsThatNobodyAnswers) {
  RaceWorld world(1);
  TestPeer two(world.pool, world.authority, world.bob);
  auto open = world.to_all();
  open.addresses = {two.address()};
  world.one.links().open(std::move(open));
  EXPECT_TRUE(world.one.events().wait([](const Seen& seen) { return !seen.ups.empty(); },
                                      milliseconds{k_patience_for_all.count() - 100}))
      << "before the patience with datagrams has ended";
  EXPECT_TRUE(world.silent[0].was_asked()) << "these came first";
  EXPECT_FALSE(world.is_down_within(milliseconds{k_patience_for_all.count() + 300}))
      << "one attempt has one answer";
  EXPECT_EQ(world.one.seen().ups.size(), 1U);
  EXPECT_EQ(world.one.links().counters().links, 1U);
}

TEST(DatagramRace, DatagramsAreTakenWhereBothAnswer) {
  RaceWorld world(0);
  TestPeer two(world.pool, world.authority, world.bob,
               {.change = [](LinkSettings& settings) { settings.datagrams = true; }});
  routing::OpenLink open;
  open.attempt = 7;
  open.expected = world.bob;
  open.datagram_addresses = {two.address()};
  open.addresses = {two.address()};
  world.one.links().open(std::move(open));
  ASSERT_TRUE(world.one.first_link() && two.first_link());
  EXPECT_FALSE(world.is_down_within(milliseconds{600}));
  EXPECT_EQ(two.seen().ups.size(), 1U) << "TCP was not needed";
}

// Who asks for a link names the addresses: it gets few datagrams sent, and no slot held for long.
TEST(DatagramRace, FewAddressesGetDatagramsAndOnePatienceIsForAllOfThem) {
  RaceWorld world(16);
  const auto begun = std::chrono::steady_clock::now();
  world.one.links().open(world.to_all());
  ASSERT_TRUE(world.is_down_within(milliseconds{5000}));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, milliseconds{2 * k_patience_for_all.count()});
  EXPECT_EQ(world.one.seen().downs[0].attempt, 7U);
  std::size_t asked = 0;
  for (auto& socket : world.silent) asked += socket.was_asked() ? 1 : 0;
  EXPECT_EQ(asked, 3U);
}

TEST(DatagramRace, RubbishIsNoAnswer) {
  RaceWorld world(1);
  const auto begun = std::chrono::steady_clock::now();
  world.one.links().open(world.to_all());
  while (!world.is_down_within(milliseconds{20}) &&
         std::chrono::steady_clock::now() - begun < std::chrono::seconds{5})
    if (world.silent[0].was_asked()) world.silent[0].answer(Bytes{22, 0xfe, 0xfd, 0, 0});
  EXPECT_LT(std::chrono::steady_clock::now() - begun, milliseconds{2 * k_patience_for_all.count()});
  ASSERT_EQ(world.one.seen().downs.size(), 1U);
  EXPECT_NE(world.one.seen().downs[0].reason.find("nobody answers"), std::string::npos)
      << world.one.seen().downs[0].reason;
}

}  // namespace
}  // namespace ringway::net::test
