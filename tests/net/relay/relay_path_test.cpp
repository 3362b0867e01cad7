// The sockets of a relay with its control path: what clients and peers see of it.
#include <algorithm>
#include <ctime>

#include "net/relay/host_addresses.hpp"
#include "tests/net/relay/relay_world.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::net::relay::test {
namespace {

// Shows: ICE-40, ICE-41.
// As libnice asks who it is seen as: RFC 3489, without the cookie.
TEST(RelayPathTest, AnswersBareBindingRequestsToo) {
  Host host(settings());
  Udp client;
  const Bytes transaction(16, 0x77);
  Bytes request{0, 1, 0, 0};
  append(request, transaction);
  client.send(host.at(), request);
  const Bytes answer = client.receive();
  ASSERT_EQ(answer.size(), 32U);
  EXPECT_EQ(answer[0], 1);
  EXPECT_TRUE(equal(BytesView(answer).subspan(4, 16), transaction));
  EXPECT_TRUE(equal(BytesView(answer).subspan(28, 4), BytesView(client.address.ip.octets).first(4)));
}

TEST(RelayPathTest, AChannelGoesBothWays) {
  Host host(settings());
  Client<> alice(host);
  Udp peer(loopback(2));
  const auto relayed = alice.allocate();
  EXPECT_GE(relayed.port, k_first_port);
  ASSERT_TRUE(alice.bind(0x4000, peer.address));
  alice.send(0x4000, "hello");
  EXPECT_EQ(text(peer.receive()), "hello");
  EXPECT_EQ(peer.from, relayed);
  peer.send(relayed, view_of(std::string_view("hi")));
  EXPECT_EQ(to_hex(alice.udp.receive()), "400000026869");
  EXPECT_EQ(alice.udp.from, host.at());
  std::uint64_t to_peers = 0, to_clients = 0;
  for (std::size_t thread = 0; thread < host.path->threads(); ++thread) {
    to_peers += host.path->counters(thread).bytes_to_peers.get();
    to_clients += host.path->counters(thread).bytes_to_clients.get();
  }
  EXPECT_EQ(to_peers, 5U);
  EXPECT_LE(to_clients, 6U) << "counted when it has been sent, so perhaps not yet";
}

// Shows: ICE-42.
TEST(RelayPathTest, IndicationsWithPermissionOnly) {
  Host host(settings());
  Client<> alice(host);
  Udp peer(loopback(2));
  const auto relayed = alice.allocate();
  alice.send(peer.address, "too early");
  peer.send(relayed, view_of(std::string_view("too early")));
  EXPECT_TRUE(peer.receive(k_silence_ms).empty());
  ASSERT_TRUE(alice.permit(peer.address));  // what came too early would come before this answer
  alice.send(peer.address, "hello");
  EXPECT_EQ(text(peer.receive()), "hello");
  peer.send(relayed, view_of(std::string_view("hi")));
  const auto octets = alice.udp.receive();
  const auto message = stun::Message::read(octets);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->xor_address(Attribute::xor_peer_address), peer.address);
  EXPECT_EQ(text_of(message->find(Attribute::data).value()), "hi");
}

// Shows: TURN-11.
TEST(RelayPathTest, TwoUsersOfOneRelayReachEachOtherAndNothingElseOfIt) {
  Host host(settings());
  Client<> alice(host), bob(host);
  const auto to_alice = alice.allocate(), to_bob = bob.allocate();
  ASSERT_TRUE(alice.bind(0x4000, to_bob));
  ASSERT_TRUE(bob.bind(0x4001, to_alice));
  alice.send(0x4000, "hello");
  EXPECT_EQ(to_hex(bob.udp.receive()), "4001000568656c6c6f");
  // A plain socket on the relay's own address is what else listens there.
  Udp other;
  EXPECT_EQ(other.address.ip, to_alice.ip);
  EXPECT_TRUE(alice.permit(other.address));
  alice.send(other.address, "hello");
  EXPECT_TRUE(other.receive(k_silence_ms).empty());
}

// Many at once, of all sizes; none is lost on the way through, none altered.
TEST(RelayPathTest, ManyOfAllSizesInOrder) {
  Host host(settings(1));
  Client<> alice(host);
  Udp peer(loopback(2));
  const auto relayed = alice.allocate();
  ASSERT_TRUE(alice.bind(0x4000, peer.address));
  for (const std::size_t size : {0, 1, 100, 100, 100, 1400, 1400, 1400, 1400, 9000, 60'000}) {
    for (int count = 0; count < 8; ++count) {
      const std::string payload(size, static_cast<char>('a' + count));
      alice.send(0x4000, payload);
      EXPECT_EQ(text(peer.receive()), payload);
    }
    const int count_at_once = size < 10'000 ? 8 : 1;  // as many as the system's buffers of these sockets hold
    for (int count = 0; count < count_at_once; ++count)
      peer.send(relayed, Bytes(size, static_cast<std::uint8_t>(count)));
    for (int count = 0; count < count_at_once; ++count) {
      const auto packet = alice.udp.receive();
      ASSERT_EQ(packet.size(), size + 4);
      if (size != 0) {
        EXPECT_EQ(packet.back(), count);
      }
    }
  }
}

TEST(RelayPathTest, WhatHasEndedIsClosed) {
  Host host(settings());
  Client<> alice(host);
  Udp peer(loopback(2));
  const auto relayed = alice.allocate();
  ASSERT_TRUE(alice.bind(0x4000, peer.address));
  ASSERT_TRUE(alice.end());
  alice.send(0x4000, "hello");
  EXPECT_TRUE(peer.receive(k_silence_ms).empty());
  Client<> again(host);
  const auto other = again.allocate();
  EXPECT_NE(other.port, 0);
  peer.send(relayed, view_of(std::string_view("hi")));
  EXPECT_TRUE(alice.udp.receive(k_silence_ms).empty());
}

TEST(RelayPathTest, PairsOfPortsAndWhoeverHasTheToken) {
  Host host(settings());
  Client<> alice(host), second(host);
  const auto first = alice.allocate([](auto& out) { out.add(Attribute::even_port, Bytes{0x80}); });
  EXPECT_EQ(first.port % 2, 0);
  ASSERT_EQ(alice.reserved.size(), 8U);
  const auto next =
      second.allocate([&alice](auto& out) { out.add(Attribute::reservation_token, alice.reserved); });
  EXPECT_EQ(next.port, first.port + 1);
  Udp peer(loopback(2));
  ASSERT_TRUE(second.bind(0x4000, peer.address));
  second.send(0x4000, "hello");
  EXPECT_EQ(text(peer.receive()), "hello");
  EXPECT_EQ(peer.from, next);
}

// Behind a NAT one to one: the world's name for the relayed addresses is what clients hear.
TEST(RelayPathTest, WithAnExternalAddress) {
  auto wanted = settings();
  wanted.relayed_from.front().external = stun::address_of("203.0.113.9", 0)->ip;
  Host host(wanted);
  Client<> alice(host), bob(host);
  const auto to_alice = alice.allocate(), to_bob = bob.allocate();
  EXPECT_EQ(to_alice.ip, wanted.relayed_from.front().external);
  ASSERT_TRUE(alice.bind(0x4000, to_bob));
  ASSERT_TRUE(bob.bind(0x4001, to_alice));
  alice.send(0x4000, "hello");
  EXPECT_EQ(to_hex(bob.udp.receive()), "4001000568656c6c6f");
}

TEST(RelayPathTest, ClientsOverTcp) {
  auto wanted = settings();
  wanted.tcp = wanted.udp;
  Host host(wanted);
  const auto at = host.path->listening_tcp().front();
  Client<Tcp> alice(host, at, at);
  Udp peer(loopback(2));
  const auto relayed = alice.allocate();
  ASSERT_TRUE(alice.bind(0x4000, peer.address));
  alice.send(0x4000, "hell");
  EXPECT_EQ(text(peer.receive()), "hell");
  alice.send(peer.address, "o");
  EXPECT_EQ(text(peer.receive()), "o");
  peer.send(relayed, view_of(std::string_view("hi")));
  EXPECT_EQ(to_hex(alice.udp.receive()), "4000000268690000") << "padded";
  // Two in one segment, then one in pieces.
  alice.udp.send(at, Bytes{0x40, 0, 0, 4, 'a', 'b', 'c', 'd', 0x40, 0, 0, 1, 'e', 0, 0, 0});
  EXPECT_EQ(text(peer.receive()), "abcd");
  EXPECT_EQ(text(peer.receive()), "e");
  for (const auto octet : Bytes{0x40, 0, 0, 1, 'f', 0, 0, 0}) alice.udp.send(at, Bytes{octet});
  EXPECT_EQ(text(peer.receive()), "f");
  // What is neither STUN nor a channel's ends the connection, and the allocation with it.
  alice.udp.send(at, Bytes{'P', 'O', 'S', 'T'});
  EXPECT_TRUE(alice.udp.receive().empty());
  peer.send(relayed, view_of(std::string_view("hi")));
}

TEST(RelayPathTest, ClientsOverTls) {
  const ringway::test::TestAuthority authority;
  const auto credentials = authority.credentials("relay@example.org", ringway::test::node_id(1));
  auto wanted = settings();
  wanted.tls = wanted.udp;
  wanted.tls_context = make_bare_tls_context().value();
  ASSERT_TRUE(use_credentials(*wanted.tls_context, credentials.private_key_pem, credentials.certificate_pem));
  Host host(wanted);
  const auto at = host.path->listening_tls().front();
  Client<Tls> alice(host, at, at);
  Udp peer(loopback(2));
  const auto relayed = alice.allocate();
  ASSERT_TRUE(alice.bind(0x4000, peer.address));
  alice.send(0x4000, "hell");
  EXPECT_EQ(text(peer.receive()), "hell");
  peer.send(relayed, view_of(std::string_view("hi")));
  EXPECT_EQ(to_hex(alice.udp.receive()), "4000000268690000");
  Tcp in_clear(at);
  in_clear.send(at, stun::MessageWriter(Class::request, Method::binding, {}).take());
  const auto answer = in_clear.receive();
  EXPECT_FALSE(stun::Message::read(answer));
}

// Both users on "::1", which is all the IPv6 that a loopback interface has.
TEST(RelayPathTest, OverIpv6) {
  auto wanted = settings();
  const auto ipv6 = stun::address_of("::1", 0).value();
  wanted.udp = {ipv6};
  wanted.relayed_from = {{ipv6.ip, ipv6.ip}};
  Host host(wanted);
  Client<> alice(host, host.at(), std::string("::1")), bob(host, host.at(), std::string("::1"));
  const auto ask = [](auto& out) { out.add_number(Attribute::requested_address_family, 2U << 24U); };
  const auto to_alice = alice.allocate(ask), to_bob = bob.allocate(ask);
  EXPECT_EQ(to_alice.ip, ipv6.ip);
  ASSERT_TRUE(alice.bind(0x4000, to_bob));
  ASSERT_TRUE(bob.permit(to_alice));
  alice.send(0x4000, "hello");
  const auto octets = bob.udp.receive();
  const auto message = stun::Message::read(octets);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->xor_address(Attribute::xor_peer_address), to_alice);
  EXPECT_EQ(text_of(message->find(Attribute::data).value()), "hello");
}

TEST(RelayPathTest, WhoAsksWhereHeIsIsTold) {
  auto wanted = settings();
  wanted.tcp = wanted.udp;
  Host host(wanted);
  Udp client;
  const auto request = stun::MessageWriter(Class::request, Method::binding, {}).take();
  client.send(host.at(), request);
  auto answer = client.receive();
  EXPECT_EQ(stun::Message::read(answer)->xor_address(Attribute::xor_mapped_address), client.address);
  Tcp stream(host.path->listening_tcp().front());
  stream.send({}, request);
  answer = stream.receive();
  EXPECT_TRUE(stun::Message::read(answer)->has(Attribute::xor_mapped_address));
}

// RFC 8656 §11.5: nobody listens there, and the client is told so; what comes after arrives all the same.
TEST(RelayPathTest, ErrorsOfIcmpAreTold) {
  Host host(settings(1));
  Client<> alice(host);
  Udp peer(loopback(2));
  stun::Address closed;
  {
    const Udp short_lived(loopback(2));
    closed = short_lived.address;
  }
  alice.allocate();
  ASSERT_TRUE(alice.bind(0x4000, peer.address));
  alice.send(closed, "anybody?");
  const auto octets = alice.udp.receive();
  const auto message = stun::Message::read(octets);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->xor_address(Attribute::xor_peer_address), closed);
  EXPECT_EQ(to_hex(message->find(Attribute::icmp).value()), "0000060300000000");
  for (int count = 0; count < 20; ++count) {
    alice.send(closed, "anybody?");
    alice.send(0x4000, "hello");
    EXPECT_EQ(text(peer.receive()), "hello") << count;
  }
}

// An error that a call which sends several has swallowed is read from the queue as well: else the socket
// would be ready for ever, and its thread never idle.
TEST(RelayPathTest, ErrorsOfIcmpLeaveTheThreadIdle) {
  Host host(settings(1));
  Client<> alice(host);
  Udp peer(loopback(2));
  stun::Address closed;
  {
    const Udp short_lived(loopback(2));
    closed = short_lived.address;
  }
  alice.allocate();
  ASSERT_TRUE(alice.bind(0x4000, peer.address));
  ASSERT_TRUE(alice.bind(0x4001, closed));
  for (int count = 0; count < 200; ++count) alice.send(count % 3 == 0 ? 0x4000 : 0x4001, "hello");
  while (!peer.receive(k_silence_ms).empty()) {
  }
  const auto before = std::clock();
  ::poll(nullptr, 0, 500);
  EXPECT_LT(std::clock() - before, CLOCKS_PER_SEC / 4) << "processor time of the whole process";
  EXPECT_GT(host.path->counters(0).errors_told.get(), 0U);
}

// Shows: TURN-11.
TEST(RelayPathTest, OtherAddressesOfTheHostAreNotReached) {
  Host host(settings());
  Client<> alice(host);
  Udp of_host("127.0.0.1");
  alice.allocate();
  ASSERT_TRUE(alice.permit(of_host.address)) << "the test's control path does not know the host's addresses";
  alice.send(of_host.address, "hello");
  EXPECT_TRUE(of_host.receive(k_silence_ms).empty());
}

// A socket for each address: the answer comes from where it was asked.
TEST(RelayPathTest, AnyAddressIsEachOfTheHosts) {
  auto wanted = settings(1);
  wanted.udp = {stun::address_of("0.0.0.0", 0).value()};
  Host host(wanted);
  const auto of_host = addresses_of_host().value();
  EXPECT_EQ(host.path->listening_udp().size(),
            static_cast<std::size_t>(std::count_if(of_host.begin(), of_host.end(), [](const auto& ip) {
              return ip.family == stun::Family::ipv4;
            })));
  for (const auto& at : host.path->listening_udp()) {
    Udp client("0.0.0.0");
    client.send(at, stun::MessageWriter(Class::request, Method::binding, {}).take());
    EXPECT_FALSE(client.receive().empty());
    EXPECT_EQ(client.from, at);
  }
}

TEST(RelayPathTest, WithoutAFreePortThereIsNone) {
  auto wanted = settings(1);
  Udp taken;
  wanted.first_port = wanted.last_port = taken.address.port;
  Host host(wanted);
  Client<> alice(host);
  const auto answer = alice.call(
      Method::allocate, [](auto& out) { out.add_number(Attribute::requested_transport, 17U << 24U); });
  const auto message = stun::Message::read(answer);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->error(), stun::ErrorCode::insufficient_capacity);
}

TEST(RelayPathTest, WhereItCannotListenIsSaid) {
  auto wanted = settings(1);
  Udp taken;
  wanted.udp = {taken.address};
  struct Deaf : RelayEvents {
    void received(ClientPath, Bytes) override {}
    void opened(AllocationId, std::vector<stun::Address>) override {}
    void failed(AllocationId) override {}
    void gone(ClientPath) override {}
  } deaf;
  const auto opened = RelayPath::open(wanted, deaf, [] { return std::make_unique<sim::SeededRandom>(1); });
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().reason,
            "cannot listen at " + stun::to_text(taken.address) + ": Address already in use");
}

}  // namespace
}  // namespace ringway::net::relay::test
