// How many messages one link over loopback carries: TLS, framing, acknowledgements and events included, both
// ends in this process on one I/O thread each.
#include <benchmark/benchmark.h>

#include <condition_variable>
#include <mutex>

#include "net/io_pool.hpp"
#include "net/tls_links.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::net {
namespace {

class Counter : public LinkEvents {
 public:
  void link_up(routing::LinkUp event) override {
    const std::lock_guard lock(mutex_);
    up_ = event.link;
    changed_.notify_all();
  }
  void link_down(routing::LinkDown) override {}
  void link_suspected(routing::LinkSuspected) override {}
  void link_messages(link::LinkId link, std::vector<SharedBytes> messages) override {
    links->credit(link, messages.size());
    const std::lock_guard lock(mutex_);
    received_ += messages.size();
    if (received_ >= wanted_) changed_.notify_all();
  }

  link::LinkId wait_up() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return up_.number != 0; });
    return up_;
  }
  void wait_received(std::uint64_t count) {
    std::unique_lock lock(mutex_);
    wanted_ = count;
    changed_.wait(lock, [this] { return received_ >= wanted_; });
  }
  std::shared_ptr<TlsLinks> links;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  link::LinkId up_;
  std::uint64_t received_ = 0;
  std::uint64_t wanted_ = 0;
};

std::shared_ptr<Counter> start(IoPool& pool, const test::TestAuthority& authority, const NodeId& node) {
  const auto credentials = authority.credentials("user@overlay.example.org", node);
  LinkSettings settings;
  settings.listen.type = wire::AddressType::ipv4;
  settings.listen.address = {127, 0, 0, 1};
  settings.private_key_pem = credentials.private_key_pem;
  settings.certificates_pem = credentials.certificate_pem;
  settings.max_send_queue_bytes = 64U << 20;
  auto events = std::make_shared<Counter>();
  events->links = TlsLinks::start(pool, settings, authority.trust(), events).value();
  return events;
}

struct TwoPeers {
  TwoPeers()
      : alice(start(alice_pool, authority, test::node_id(1))),
        bob(start(bob_pool, authority, test::node_id(2))) {
    alice->links->open({1, {bob->links->listening_on()}, test::node_id(2)});
    to_bob = alice->wait_up();
    to_alice = bob->wait_up();
  }
  ~TwoPeers() {
    for (const auto& peer : {alice, bob}) {
      peer->links->stop();
      peer->links.reset();
    }
  }
  TwoPeers(const TwoPeers&) = delete;
  TwoPeers& operator=(const TwoPeers&) = delete;

  IoPool alice_pool{1};
  IoPool bob_pool{1};
  test::TestAuthority authority;
  std::shared_ptr<Counter> alice, bob;
  link::LinkId to_bob, to_alice;
};

// Messages a second, one way; the header is new for each message, the payload is shared, as when forwarding.
void one_way(benchmark::State& state) {
  TwoPeers peers;
  constexpr std::size_t k_header_bytes = 100;
  const SharedBytes payload(Bytes(static_cast<std::size_t>(state.range(0)) - k_header_bytes, 0x5a));
  constexpr std::uint64_t k_burst = 10'000;
  std::uint64_t sent = 0;
  for (auto _ : state) {
    for (std::uint64_t i = 0; i < k_burst; ++i)
      peers.alice->links->transmit({peers.to_bob, Bytes(k_header_bytes, 1), payload});
    peers.bob->wait_received(sent += k_burst);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(sent));
  state.SetBytesProcessed(static_cast<std::int64_t>(sent) * state.range(0));
}
BENCHMARK(one_way)->Arg(256)->Arg(1024)->Arg(4096)->UseRealTime()->Unit(benchmark::kMillisecond);

// One message at a time, there and back.
void round_trip(benchmark::State& state) {
  TwoPeers peers;
  std::uint64_t trips = 0;
  for (auto _ : state) {
    ++trips;
    peers.alice->links->transmit({peers.to_bob, Bytes(1024, 1), SharedBytes()});
    peers.bob->wait_received(trips);
    peers.bob->links->transmit({peers.to_alice, Bytes(1024, 1), SharedBytes()});
    peers.alice->wait_received(trips);
  }
}
BENCHMARK(round_trip)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace ringway::net
