// Discovery's sockets, on this machine's loopback interface.
#include "net/discovery.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "net/interfaces.hpp"
#include "tests/net/link_test_support.hpp"

namespace ringway::net::test {
namespace {

class Counting : public Random {
 public:
  std::uint64_t next() override { return state_ += 0x9E3779B97F4A7C15ULL; }

 private:
  std::uint64_t state_ = static_cast<std::uint64_t>(::getpid());
};

class Listener {
 public:
  void take(std::vector<wire::IpAddressPort> found) {
    const std::lock_guard lock(mutex_);
    found_ = std::move(found);
    changed_.notify_all();
  }
  bool hears_of(const wire::IpAddressPort& address,
                std::chrono::milliseconds at_most = std::chrono::seconds(10)) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(
        lock, at_most, [&] { return std::find(found_.begin(), found_.end(), address) != found_.end(); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<wire::IpAddressPort> found_;
};

class DiscoveryTest : public testing::Test {
 protected:
  std::shared_ptr<Discovery> start(const std::string& overlay, std::uint16_t port, Listener& listener) {
    auto started = Discovery::start(
        pool_, {overlay, {loopback(port)}}, std::make_shared<Counting>(),
        [&listener](std::vector<wire::IpAddressPort> found) { listener.take(std::move(found)); }, port_);
    EXPECT_TRUE(started.ok()) << started.error().reason;
    return *started;
  }

  // Away from real peers of this machine, and from another run of this test.
  const std::uint16_t port_ = static_cast<std::uint16_t>(32'000 + ::getpid() % 700);
  IoPool pool_{1};
  Listener alice_, bob_, carol_;
};

TEST_F(DiscoveryTest, PeersOfOneOverlayHearOfEachOther) {
  const auto all = interfaces();
  ASSERT_TRUE(std::any_of(all.begin(), all.end(), [](const auto& one) { return one.loopback; }));
  const auto alice = start("site.example.org", 7001, alice_);
  const auto bob = start("site.example.org", 7002, bob_);
  const auto carol = start("another.example.org", 7003, carol_);
  EXPECT_TRUE(alice_.hears_of(loopback(7002)));
  EXPECT_TRUE(bob_.hears_of(loopback(7001)));
  EXPECT_FALSE(carol_.hears_of(loopback(7001), std::chrono::milliseconds(300)));
  EXPECT_FALSE(alice_.hears_of(loopback(7003), std::chrono::milliseconds(1)));
  for (const auto& one : {alice, bob, carol}) one->stop();
}

TEST_F(DiscoveryTest, IsSilentOnceItHasStopped) {
  const auto alice = start("site.example.org", 7001, alice_);
  alice->stop();
  const auto bob = start("site.example.org", 7002, bob_);
  EXPECT_FALSE(alice_.hears_of(loopback(7002), std::chrono::milliseconds(1'500)));
  bob->stop();
}

TEST(Interfaces, AddressesToConnectToAreNeverLoopback) {
  wire::IpAddressPort any = loopback(7001);
  any.address = {};
  for (const auto& address : reachable_addresses(any)) {
    EXPECT_EQ(address.port, 7001);
    EXPECT_TRUE(discovery::can_be_a_peer(address));
    EXPECT_FALSE(discovery::is_loopback(address));
    EXPECT_EQ(address.type, wire::AddressType::ipv4) << "0.0.0.0 is IPv4 only";
  }
}

}  // namespace
}  // namespace ringway::net::test
