// Addresses that a relay has for itself, and sockets that its threads share there.
#include "net/relay/listening.hpp"

#include "net/relay/host_addresses.hpp"
#include "tests/net/relay/relay_world.hpp"

namespace ringway::net::relay::test {
namespace {

struct Idle : RelayEvents {
  void received(ClientPath, Bytes) override {}
  void opened(AllocationId, std::vector<stun::Address>) override {}
  void failed(AllocationId) override {}
  void gone(ClientPath) override {}
};
Result<std::unique_ptr<RelayPath>> open(const RelaySettings& wanted, RelayEvents& events) {
  return RelayPath::open(wanted, events, [] { return std::make_unique<sim::SeededRandom>(1); });
}

TEST(ListeningTest, TwoRelaysDoNotShareAnAddress) {
  Idle idle;
  auto wanted = settings(2);
  wanted.tcp = wanted.udp;
  auto first = open(wanted, idle);
  ASSERT_TRUE(first) << first.error().reason;
  auto second = wanted;
  second.udp = (*first)->listening_udp();
  second.tcp.clear();
  const auto same_udp = open(second, idle);
  ASSERT_FALSE(same_udp);
  EXPECT_EQ(same_udp.error().reason,
            "cannot listen at " + stun::to_text(second.udp[0]) + ": Address already in use");
  second.udp.clear();
  second.tcp = (*first)->listening_tcp();
  const auto same_tcp = open(second, idle);
  ASSERT_FALSE(same_tcp);
  EXPECT_EQ(same_tcp.error().reason,
            "cannot listen at " + stun::to_text(second.tcp[0]) + ": Address already in use");
  first->reset();
  EXPECT_TRUE(open(second, idle)) << "nobody is there any more";
}

// 192.0.2.0/24 is of documents: no host has it.
TEST(ListeningTest, OnlyAnAddressOfTheHostMayBeUnusableYet) {
  const auto nowhere = stun::address_of("192.0.2.77", 0).value();
  const auto named = free_udp_address(nowhere, AddressIs::named);
  ASSERT_FALSE(named);
  EXPECT_EQ(named.error().reason, "cannot listen at 192.0.2.77:0: Cannot assign requested address");
  const auto found = free_udp_address(nowhere, AddressIs::of_host);
  ASSERT_TRUE(found) << found.error().reason;
  boost::asio::io_context context;
  const auto socket = open_listening(context, *found);
  ASSERT_TRUE(socket) << socket.error().reason;
  EXPECT_EQ(socket->local_endpoint().port(), found->port);
}

TEST(ListeningTest, AnswersMayBeCutIntoFragments) {
  boost::asio::io_context context;
  const auto option = [&context](const std::string& ip, int level, int name) {
    auto socket = open_listening(context, stun::address_of(ip, 0).value());
    EXPECT_TRUE(socket) << (socket ? "" : socket.error().reason);
    int value = -1;
    socklen_t size = sizeof value;
    if (!socket) return value;
    EXPECT_EQ(::getsockopt(socket->native_handle(), level, name, &value, &size), 0);
    return value;
  };
  EXPECT_EQ(option(loopback(1), IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_DONT);
  EXPECT_EQ(option("::1", IPPROTO_IPV6, IPV6_MTU_DISCOVER), IPV6_PMTUDISC_DONT);
}

TEST(ListeningTest, TheAddressesOfTheHostAreThere) {
  const auto all = addresses_of_host();
  ASSERT_TRUE(all) << all.error().reason;
  EXPECT_TRUE(std::binary_search(all->begin(), all->end(), stun::address_of("127.0.0.1", 0)->ip));
}

}  // namespace
}  // namespace ringway::net::relay::test
