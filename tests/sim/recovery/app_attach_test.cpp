// AppAttaches of an application that makes its own connections, through a ring (RFC 7904 §5.1): the wiring of
// a whole peer hands them to routing, and what comes of them to whoever makes the connections.
#include <algorithm>
#include <map>

#include "tests/sim/overlay.hpp"

namespace ringway::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t k_sip = 5060;

class AppAttachesInARing : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(simulation_.grow(16));
    ASSERT_TRUE(forms_ring(simulation_));
    for (const PeerNumber peer : simulation_.living()) {
      simulation_.peer(peer).serve_applications(
          [this, peer](const routing::ApplicationEvent& event) { heard_[peer].push_back(event); });
      simulation_.peer(peer).to_routing(routing::ServeApplication{k_sip, {sip_of(peer)}});
    }
    simulation_.run_for(1s);
  }

  NodeId node(PeerNumber peer) { return simulation_.peer(peer).node_id(); }
  wire::IpAddressPort sip_of(PeerNumber peer) {
    auto address = simulation_.peer(peer).address();
    address.port = 5061;
    return address;
  }
  template <typename Event>
  std::vector<Event> heard(PeerNumber peer) {
    std::vector<Event> some;
    for (const auto& event : heard_[peer])
      if (const auto* one = std::get_if<Event>(&event)) some.push_back(*one);
    return some;
  }

  Simulation simulation_{settings_of(7)};
  std::map<PeerNumber, std::vector<routing::ApplicationEvent>> heard_;
};

TEST_F(AppAttachesInARing, EachPeerIsToldWhomToConnectTo) {
  // Shows: SIP-16.
  const auto ring = simulation_.living();
  const PeerNumber caller = ring.front();
  std::uint64_t token = 0;
  for (const PeerNumber callee : ring)
    if (callee != caller)
      simulation_.peer(caller).to_routing(
          routing::SendAppAttach{++token, k_sip, {wire::to_node(node(callee))}});
  ASSERT_TRUE(
      simulation_.run_until([&] { return heard<routing::AppAttachDone>(caller).size() == token; }, 20s));
  for (const PeerNumber callee : ring) {
    if (callee == caller) continue;
    const auto connects = heard<routing::AppConnect>(callee);
    ASSERT_EQ(connects.size(), 1U);
    EXPECT_EQ(connects[0].node, node(caller));
    EXPECT_EQ(connects[0].addresses, std::vector{sip_of(caller)});
  }
  for (const auto& done : heard<routing::AppAttachDone>(caller)) {
    const auto* accepted = std::get_if<routing::AppAttachAccepted>(&done.outcome);
    ASSERT_NE(accepted, nullptr);
    EXPECT_EQ(accepted->node, node(ring[done.token]));
    EXPECT_TRUE(accepted->certificate->has_node_id(accepted->node));
    EXPECT_EQ(accepted->addresses, std::vector{sip_of(ring[done.token])});
  }
}

}  // namespace
}  // namespace ringway::sim
