// Channels in an overlay where most peers have no link to each other (RFC 6940 §6.5.2).
#include <algorithm>
#include <map>

#include "tests/sim/overlay.hpp"

namespace ringway::sim {
namespace {

using namespace std::chrono_literals;
using routing::Application;

class ChannelsInARing : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(simulation_.grow(24));
    ASSERT_TRUE(forms_ring(simulation_));
    ring_ = simulation_.living();
    near_ = ring_[0];
    const auto stranger =
        std::find_if(ring_.begin() + 1, ring_.end(), [&](PeerNumber peer) { return !linked(near_, peer); });
    ASSERT_NE(stranger, ring_.end());
    far_ = *stranger;
    simulation_.run_for(200s);
    for (const PeerNumber peer : ring_)
      before_[peer] = {status(peer).channels, status(peer).channel_messages};
  }

  NodeId node(PeerNumber peer) { return simulation_.peer(peer).node_id(); }
  routing::RoutingStatus status(PeerNumber peer) { return simulation_.peer(peer).status(); }
  bool linked(PeerNumber a, PeerNumber b) {
    const auto links = status(a).links;
    return std::any_of(links.begin(), links.end(), [&](const auto& link) { return link.node == node(b); });
  }
  void open(PeerNumber from, PeerNumber to) {
    simulation_.peer(from).to_routing(routing::OpenChannel{Application::watch, node(to)});
  }
  void send(PeerNumber from, PeerNumber to) {
    simulation_.peer(from).to_routing(
        routing::SendOnChannel{Application::watch, node(to), SharedBytes(copy_of(view_of("how are you?")))});
  }
  std::size_t channels_of(PeerNumber peer) { return status(peer).channels - before_[peer].channels; }
  std::uint64_t messages_of(PeerNumber peer) {
    return status(peer).channel_messages - before_[peer].messages;
  }
  bool both_have(std::size_t channels, Duration limit = 10s) {
    return simulation_.run_until(
        [&] { return channels_of(near_) == channels && channels_of(far_) == channels; }, limit);
  }

  // Replication has channels of its own; nothing happens on them once the ring is quiet.
  static SimulationSettings without_comparisons() {
    auto settings = settings_of(5);
    settings.replication.comparison_interval = Duration{0};
    return settings;
  }
  // So many more than there were.
  struct Before {
    std::size_t channels = 0;
    std::uint64_t messages = 0;
  };

  Simulation simulation_{without_comparisons()};
  std::map<PeerNumber, Before> before_;
  std::vector<PeerNumber> ring_;
  PeerNumber near_ = 0, far_ = 0;
};

TEST_F(ChannelsInARing, BetweenPeersThatAreNoNeighbours) {
  // Shows: ICE-18.
  RINGWAY_SEED(simulation_);
  open(near_, far_);
  ASSERT_TRUE(both_have(1));
  EXPECT_FALSE(linked(near_, far_)) << "it is no link of RELOAD";
  send(near_, far_);
  send(far_, near_);
  EXPECT_TRUE(simulation_.run_until([&] { return messages_of(near_) == 1 && messages_of(far_) == 1; }, 5s));
  simulation_.run_for(1h);
  EXPECT_TRUE(both_have(1, 1s)) << "one end holds it";
}

TEST_F(ChannelsInARing, EndWithTheOneOfTheTwoThatDies) {
  RINGWAY_SEED(simulation_);
  open(near_, far_);
  open(ring_[4], ring_[16]);
  ASSERT_TRUE(both_have(1));
  simulation_.kill(far_, Death::reset);
  EXPECT_TRUE(simulation_.run_until([&] { return channels_of(near_) == 0; }, 1s));
  // Nobody says anything when a machine is gone: what is sent is not acknowledged.
  ASSERT_EQ(channels_of(ring_[4]), 1U);
  simulation_.kill(ring_[16], Death::silent);
  EXPECT_TRUE(simulation_.run_until([&] { return channels_of(ring_[4]) == 0; }, 40s));
  open(ring_[4], ring_[16]);
  EXPECT_TRUE(simulation_.run_until([&] { return status(ring_[4]).failed_channels == 1; }, 30s));
}

TEST_F(ChannelsInARing, OpensThatCrossMakeOne) {
  RINGWAY_SEED(simulation_);
  open(near_, far_);
  open(far_, near_);
  ASSERT_TRUE(both_have(1));
  simulation_.run_for(10s);
  for (int i = 0; i < 20; ++i) {
    send(near_, far_);
    send(far_, near_);
  }
  EXPECT_TRUE(simulation_.run_until([&] { return messages_of(near_) == 20 && messages_of(far_) == 20; }, 5s));
  EXPECT_EQ(status(near_).failed_channels + status(far_).failed_channels, 0U);
  EXPECT_EQ(status(near_).refused_channels + status(far_).refused_channels, 0U);
}

}  // namespace
}  // namespace ringway::sim
