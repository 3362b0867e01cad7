// What strangers can take of a relay's sockets, and how it starts and stops.
#include <sys/resource.h>

#include "net/relay/control_places.hpp"
#include "tests/net/relay/relay_world.hpp"

namespace ringway::net::relay::test {
namespace {

// Listens, and does nothing of what it hears.
class Deaf : public RelayEvents {
 public:
  void received(ClientPath from, Bytes message) override {
    const std::scoped_lock lock(mutex_);
    heard_.emplace_back(from, std::move(message));
    more_.notify_all();
  }
  void opened(AllocationId, std::vector<stun::Address>) override {}
  void failed(AllocationId) override {
    const std::scoped_lock lock(mutex_);
    ++failed_;
    more_.notify_all();
  }
  void gone(ClientPath) override { ++gone_streams; }

  std::size_t heard(std::size_t at_least, int patience_ms = k_patience_ms) {
    std::unique_lock lock(mutex_);
    more_.wait_for(lock, std::chrono::milliseconds(patience_ms), [&] { return heard_.size() >= at_least; });
    return heard_.size();
  }
  ClientPath last() {
    const std::scoped_lock lock(mutex_);
    return heard_.back().first;
  }
  bool has_failed() {
    std::unique_lock lock(mutex_);
    return more_.wait_for(lock, std::chrono::milliseconds(k_patience_ms), [&] { return failed_ != 0; });
  }
  std::atomic<int> gone_streams{0};

 private:
  std::mutex mutex_;
  std::condition_variable more_;
  std::vector<std::pair<ClientPath, Bytes>> heard_;
  int failed_ = 0;
};

std::unique_ptr<RelayPath> open(RelaySettings wanted, RelayEvents& events) {
  return RelayPath::open(wanted, events, [] { return std::make_unique<sim::SeededRandom>(1); }).value();
}
Bytes request(Method method = Method::allocate) {
  return stun::MessageWriter(Class::request, method, {}).take();
}

TEST(ControlPlacesTest, ASourceHasAShare) {
  ControlPlaces places(1);
  const auto one = stun::address_of("192.0.2.1", 0)->ip, other = stun::address_of("192.0.2.2", 0)->ip;
  for (std::size_t count = 0; count < k_max_control_of_source; ++count)
    EXPECT_TRUE(places.take(one, count % 2 == 0)) << count;
  EXPECT_FALSE(places.take(one, true));
  EXPECT_TRUE(places.take(other, false));
  places.give_back(one, 1);
  EXPECT_TRUE(places.take(one, false));
  EXPECT_FALSE(places.take(one, false));
}

TEST(ControlPlacesTest, StrangersLeavePlacesForOthers) {
  ControlPlaces places(1);
  std::size_t taken = 0;
  for (int count = 0; count < 10'000; ++count)
    taken += places.take(stun::address_of(
                             "198.18." + std::to_string(count / 250) + '.' + std::to_string(count % 250), 0)
                             ->ip,
                         false)
                 ? 1
                 : 0;
  EXPECT_EQ(taken, k_max_control_of_strangers);
  for (int count = 0; count < 10'000; ++count)
    taken += places.take(stun::address_of(
                             "198.19." + std::to_string(count / 250) + '.' + std::to_string(count % 250), 0)
                             ->ip,
                         true)
                 ? 1
                 : 0;
  EXPECT_EQ(taken, k_max_control_waiting);
}

TEST(RelayBoundsTest, AFloodOfOneSourceLeavesPlacesForOthers) {
  Deaf deaf;
  const auto path = open(settings(1), deaf);
  path->start();
  const auto at = path->listening_udp().front();
  Udp flooding, other(loopback(3));
  for (int count = 0; count < 500; ++count) flooding.send(at, request());
  flooding.send(at, Bytes(100, 0x41));
  EXPECT_EQ(deaf.heard(k_max_control_of_source), k_max_control_of_source);
  other.send(at, request());
  EXPECT_EQ(deaf.heard(k_max_control_of_source + 1), k_max_control_of_source + 1);
  EXPECT_EQ(deaf.last().client, other.address);
  EXPECT_EQ(path->counters(0).control_dropped.get(), 500 - k_max_control_of_source);
}

TEST(RelayBoundsTest, WhatIsTooLongForAControlMessageIsDropped) {
  Deaf deaf;
  const auto path = open(settings(1), deaf);
  path->start();
  const auto of_size = [](std::size_t bytes) {
    stun::MessageWriter out(Class::request, Method::allocate, {});
    out.add(Attribute::software, Bytes(bytes - 24));
    return out.take();
  };
  Udp client;
  client.send(path->listening_udp().front(), of_size(k_max_control_bytes + 4));
  client.send(path->listening_udp().front(), of_size(k_max_control_bytes));
  EXPECT_EQ(deaf.heard(1), 1U);
  EXPECT_EQ(path->counters(0).control_dropped.get(), 1U);
}

TEST(RelayBoundsTest, BindingRequestsOfOneSourceAreAnsweredALittle) {
  Deaf deaf;
  const auto path = open(settings(1), deaf);
  path->start();
  Udp client;
  for (int count = 0; count < 300; ++count) {
    client.send(path->listening_udp().front(), request(Method::binding));
    if (path->counters(0).bindings_dropped.get() != 0) break;
  }
  int answers = 0;
  while (!client.receive(k_silence_ms).empty()) ++answers;
  EXPECT_GE(answers, 50);
  EXPECT_LE(answers, 250);
  EXPECT_EQ(deaf.heard(0), 0U) << "the control path is not asked";
}

// Not read on until they have been looked at: nothing of a stream is dropped.
TEST(RelayBoundsTest, AStreamWaitsForItsAnswers) {
  Deaf deaf;
  auto wanted = settings(1);
  wanted.tcp = wanted.udp;
  const auto path = open(wanted, deaf);
  path->start();
  Tcp client(path->listening_tcp().front());
  Bytes many;
  for (int count = 0; count < 10; ++count) append(many, request());
  client.send({}, many);
  EXPECT_EQ(deaf.heard(k_max_control_of_stream), k_max_control_of_stream);
  EXPECT_EQ(deaf.heard(k_max_control_of_stream + 1, k_silence_ms), k_max_control_of_stream);
  for (std::size_t done = 0; done < 10; ++done) {
    EXPECT_EQ(deaf.heard(std::min<std::size_t>(done + k_max_control_of_stream, 10)),
              std::min<std::size_t>(done + k_max_control_of_stream, 10));
    path->handled(deaf.last(), 1);
  }
  client.send({}, request());
  EXPECT_EQ(deaf.heard(11), 11U);
  client.close();
}

// Who has no allocation has no need of more, and nobody hears when he has gone.
TEST(RelayBoundsTest, AStrangersStreamIsSmall) {
  Deaf deaf;
  auto wanted = settings(1);
  wanted.tcp = wanted.udp;
  const auto path = open(wanted, deaf);
  path->start();
  Tcp client(path->listening_tcp().front());
  Bytes long_one(4096, 0);
  long_one[1] = 3;
  long_one[2] = 0x0F;
  client.send({}, long_one);
  EXPECT_TRUE(client.receive().empty()) << "closed";
  EXPECT_EQ(deaf.gone_streams, 0);
}

TEST(RelayBoundsTest, StreamsHaveABound) {
  Deaf deaf;
  auto wanted = settings(1);
  wanted.tcp = wanted.udp;
  wanted.max_streams_of_thread = 1;
  const auto path = open(wanted, deaf);
  path->start();
  Tcp first(path->listening_tcp().front());
  first.send({}, request(Method::binding));
  EXPECT_FALSE(first.receive().empty());
  Tcp second(path->listening_tcp().front());
  EXPECT_TRUE(second.receive().empty()) << "closed";
  EXPECT_EQ(path->counters(0).streams_refused.get(), 1U);
}

TEST(RelayBoundsTest, NothingIsServedBeforeTheStart) {
  Deaf deaf;
  auto wanted = settings(1);
  wanted.tcp = wanted.udp;
  const auto path = open(wanted, deaf);
  Tcp stream(path->listening_tcp().front());
  Udp client;
  stream.send({}, request(Method::binding));
  client.send(path->listening_udp().front(), request(Method::binding));
  EXPECT_TRUE(stream.receive(k_silence_ms).empty());
  EXPECT_TRUE(client.receive(k_silence_ms).empty());
  path->start();
  EXPECT_FALSE(stream.receive().empty()) << "it has been there";
  EXPECT_FALSE(client.receive().empty());
}

// Whoever took a reserved port and has gone meanwhile gives it back.
TEST(RelayBoundsTest, AReservedPortWhoseTakerHasGoneIsGivenBack) {
  Deaf deaf;
  const auto wanted = settings(1);
  auto reserved = std::make_shared<ReservedPorts>();
  RelayShard shard(0, wanted, deaf, std::make_unique<sim::SeededRandom>(1),
                   {{}, {std::make_shared<ringway::relay::OwnPorts>()}}, reserved);
  boost::asio::io_context context;
  sim::SeededRandom random{static_cast<std::uint64_t>(::getpid())};
  auto opened = open_relayed(context, wanted.relayed_from[0].local, wanted, random, true, true);
  ASSERT_TRUE(opened && opened->next);
  const ringway::relay::ReservationToken token{1};
  reserved->hold(token, *std::move(opened->next));
  shard.start();
  ringway::relay::OpenRelayed open;
  open.allocation = 1;
  open.path.transport = ringway::relay::Transport::tcp;
  open.path.end = 77;  // no stream
  open.families = {stun::Family::ipv4};
  open.take = token;
  shard.open(open);
  EXPECT_TRUE(deaf.has_failed());
  EXPECT_EQ(reserved->held(), 0U);
}

// RFC 8656 §14, §15: without DONT-FRAGMENT the bit is clear; and a socket of IPv6 is none of IPv4.
TEST(RelayBoundsTest, RelayedSocketsAreTuned) {
  boost::asio::io_context context;
  sim::SeededRandom random{static_cast<std::uint64_t>(::getpid())};
  const auto option = [&](const std::string& ip, int level, int name) {
    const auto wanted = settings();
    auto opened = open_relayed(context, stun::address_of(ip, 0)->ip, wanted, random, false, false);
    EXPECT_TRUE(opened);
    int value = -1;
    socklen_t size = sizeof value;
    EXPECT_EQ(::getsockopt(opened->first.socket.native_handle(), level, name, &value, &size), 0);
    return value;
  };
  EXPECT_EQ(option(loopback(1), IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_DONT);
  EXPECT_EQ(option(loopback(1), IPPROTO_IP, IP_RECVERR), 1);
  EXPECT_EQ(option("::1", IPPROTO_IPV6, IPV6_MTU_DISCOVER), IPV6_PMTUDISC_DONT);
  EXPECT_EQ(option("::1", IPPROTO_IPV6, IPV6_V6ONLY), 1);
}

TEST(RelayBoundsTest, AStreamTakesItsAllocationAlong) {
  auto wanted = settings();
  wanted.tcp = wanted.udp;
  Host host(wanted);
  const auto at = host.path->listening_tcp().front();
  {
    Tcp without(at);
    without.send({}, request());
    EXPECT_FALSE(without.receive().empty());
    Client<Tcp> alice(host, at, at);
    alice.allocate();
  }
  for (int tries = 0; tries < k_patience_ms / 10 && host.gone_streams == 0; ++tries) ::poll(nullptr, 0, 10);
  Client<Tcp> other(host, at, at);
  other.allocate();  // after what has been told before
  EXPECT_EQ(host.gone_streams, 1);
}

// So that its buffer is somebody else's again.
TEST(RelayBoundsTest, AStreamThatTakesNothingIsClosed) {
  auto wanted = settings(1);
  wanted.tcp = wanted.udp;
  wanted.streams.stall = std::chrono::milliseconds{300};
  Host host(wanted);
  const auto at = host.path->listening_tcp().front();
  Client<Tcp> alice(host, at, at);
  const auto relayed = alice.allocate();
  Udp peer(loopback(2));
  ASSERT_TRUE(alice.bind(0x4000, peer.address));
  const Bytes datagram(1400, 7);
  for (int tries = 0; tries < k_patience_ms && host.gone_streams == 0; ++tries) {
    for (int count = 0; count < 40; ++count) peer.send(relayed, datagram);
    ::poll(nullptr, 0, 1);
  }
  EXPECT_EQ(host.gone_streams, 1);
  EXPECT_GT(host.path->counters(0).not_sent.get(), 0U) << "what did not fit was dropped before";
}

TEST(RelayBoundsTest, StreamsOfAThreadShareABound) {
  auto wanted = settings(1);
  wanted.tcp = wanted.udp;
  wanted.streams.out_bytes_of_thread = 600;  // answers to requests have room
  Host host(wanted);
  const auto at = host.path->listening_tcp().front();
  Client<Tcp> alice(host, at, at);
  const auto relayed = alice.allocate();
  Udp peer(loopback(2));
  ASSERT_TRUE(alice.bind(0x4000, peer.address));
  peer.send(relayed, Bytes(601, 7));
  peer.send(relayed, Bytes(500, 8));
  const auto came = alice.udp.receive();
  ASSERT_EQ(came.size(), 504U);
  EXPECT_EQ(came.back(), 8);
  peer.send(relayed, Bytes(500, 9));
  EXPECT_EQ(alice.udp.receive().size(), 504U) << "what has gone waits no more";
}

// Clients, peers and strangers go on while it stops.
TEST(RelayBoundsTest, StopsUnderTraffic) {
  for (int round = 0; round < 5; ++round) {
    std::atomic<bool> done{false};
    std::thread traffic;
    {
      auto wanted = settings();
      wanted.tcp = wanted.udp;
      Host host(wanted);
      Client<> alice(host);
      const auto relayed = alice.allocate();
      Udp peer(loopback(2));
      ASSERT_TRUE(alice.bind(0x4000, peer.address));
      const auto at = host.path->listening_tcp().front();
      std::atomic<int> sent{0};
      traffic = std::thread([&done, &sent, relayed, to = host.at(), tcp = at] {
        Udp stranger, from_peer(loopback(2));
        Tcp stream(tcp);
        while (!done) {
          for (int count = 0; count < 20; ++count) {
            stranger.send(to, request());
            stranger.send(to, request(Method::binding));
            from_peer.send(relayed, Bytes(100, 1));
          }
          ++sent;
        }
      });
      while (sent < 10) alice.send(0x4000, "hello");
      std::thread later([&done, &host] {
        host.path->stop();
        done = true;
      });
      later.join();
    }
    traffic.join();
  }
}

}  // namespace
}  // namespace ringway::net::relay::test
