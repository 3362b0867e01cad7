// Peers that discovery brings together: who begins the ring, and how several become one.
#include <gtest/gtest.h>

#include "tests/reload/routing/routing_net.hpp"

namespace ringway::routing::test {
namespace {

using namespace std::chrono_literals;

NodeId spread(std::size_t index) {
  CountingRandom random(index + 300);
  NodeId id;
  for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(random.next());
  return id;
}

// Peers that know nobody, and each of which may be the first.
class Finders {
 public:
  void add(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      net_.add(spread(i), [](RoutingSettings& settings) {
        settings.first_peer = true;
        settings.bootstrap_may_come = true;
        settings.bootstrap.clear();
      });
  }
  // Peer `index` hears of all the others.
  void find_others(std::size_t index) {
    BootstrapFound found;
    for (std::size_t i = 0; i < net_.size(); ++i)
      if (i != index) found.addresses.push_back(net_.at(i).address);
    net_.input(index, std::move(found));
  }
  std::size_t joined() {
    std::size_t count = 0;
    for (std::size_t i = 0; i < net_.size(); ++i) count += net_.at(i).routing->status().view->joined ? 1 : 0;
    return count;
  }

  RoutingNet net_;
};
class FoundBootstrap : public ::testing::Test, public Finders {};
class FoundBootstrapOf : public ::testing::TestWithParam<std::size_t>, public Finders {};

TEST_P(FoundBootstrapOf, ThoseWhoStartTogetherBeginOneRing) {
  // Shows: BOOT-08.
  add(GetParam());
  for (std::size_t i = 0; i < net_.size(); ++i) find_others(i);
  // The one with the least address begins it; the others give it time.
  net_.run_until([&] { return joined() > 0; }, 10s);
  EXPECT_EQ(joined(), 1U);
  EXPECT_TRUE(net_.at(0).routing->status().view->joined);
  EXPECT_TRUE(net_.run_until([&] { return net_.one_ring(); }, 60s));
}

TEST_P(FoundBootstrapOf, RingsOfOneBecomeOneWhenTheyHearOfEachOther) {
  // Shows: TOPO-33.
  add(GetParam());
  net_.run(20s);
  ASSERT_EQ(joined(), GetParam()) << "each is alone and goes on";
  for (std::size_t i = 0; i < net_.size(); ++i) find_others(i);
  EXPECT_TRUE(net_.run_until([&] { return net_.one_ring(); }, 120s));
}
INSTANTIATE_TEST_SUITE_P(Sizes, FoundBootstrapOf, ::testing::Values(2, 3, 5, 8));

TEST_F(FoundBootstrap, WhoYieldsToNobodyBeginsOneAfterAll) {
  add(1);
  // Somebody with a smaller address was announced, and is not there.
  net_.input(0, BootstrapFound{{wire::IpAddressPort{wire::AddressType::ipv4, {1, 0, 0, 1}, 1, {}}}});
  net_.run(4s);
  EXPECT_EQ(joined(), 0U);
  net_.run(16s);
  EXPECT_EQ(joined(), 1U);
}

TEST_F(FoundBootstrap, ALatecomerJoinsTheRingThatIsThere) {
  add(3);
  for (std::size_t i = 0; i < net_.size(); ++i) find_others(i);
  ASSERT_TRUE(net_.run_until([&] { return net_.one_ring(); }, 60s));
  const auto late = net_.add(spread(77), [](RoutingSettings& settings) {
    settings.first_peer = true;
    settings.bootstrap_may_come = true;
    settings.bootstrap.clear();
  });
  net_.run(100ms);
  find_others(late);
  EXPECT_TRUE(net_.run_until([&] { return net_.one_ring(); }, 30s));
}

}  // namespace
}  // namespace ringway::routing::test
