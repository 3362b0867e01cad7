// Whom a peer asks that knows nobody any more, and how often (RFC 6940 §10.7.1, §11.4).
#include <gtest/gtest.h>

#include <algorithm>

#include "reload/link/link_id.hpp"
#include "tests/reload/routing/lone_peer.hpp"

namespace ringway::routing::test {
namespace {

using namespace std::chrono_literals;
using ringway::test::node_id;
using Addresses = std::vector<std::string>;

wire::IpAddressPort address_of(std::uint8_t last) {
  return {wire::AddressType::ipv4, {198, 51, 100, last}, 6084};
}
std::string text_of_address(std::uint8_t last) { return link::to_text(address_of(last)); }

LonePeer::Setup knows(std::vector<wire::IpAddressPort> peers, bool first_peer) {
  LonePeer::Setup setup;
  setup.settings = [=](RoutingSettings& settings) {
    settings.first_peer = first_peer;
    settings.known_peers = peers;
    settings.bootstrap = {address_of(20), address_of(21)};
  };
  setup.configuration = [](config::Configuration& values) {
    values.bootstrap_nodes = {{"198.51.100.30"}, {"198.51.100.31"}};
  };
  return setup;
}

// The addresses that the peer tries one after the other, nobody being there.
Addresses tried_by(LonePeer& peer) {
  Addresses tried;
  while (!peer.opened.empty()) {
    const OpenLink open = peer.opened.front();
    peer.opened.erase(peer.opened.begin());
    tried.push_back(link::to_text(open.addresses.at(0)));
    peer.input(LinkDown{LinkId{}, open.attempt, "refused"});
  }
  return tried;
}

TEST(Rebootstrap, PeersOfEarlierThenTheConfigurationThenDiscovery) {
  // Shows: BOOT-04.
  LonePeer peer(knows({address_of(10), address_of(11)}, false));
  peer.input(BootstrapFound{{address_of(40)}});
  for (int round = 0; round < 3; ++round) {
    const auto tried = tried_by(peer);
    ASSERT_EQ(tried.size(), 7U) << "round " << round;
    EXPECT_EQ(tried[0], text_of_address(10));
    EXPECT_EQ(tried[1], text_of_address(11));
    EXPECT_TRUE(std::is_permutation(
        tried.begin() + 2, tried.begin() + 6,
        Addresses{text_of_address(20), text_of_address(21), text_of_address(30), text_of_address(31)}
            .begin()));
    EXPECT_EQ(tried[6], text_of_address(40));
    while (peer.opened.empty()) peer.advance(1s);
  }
}

TEST(Rebootstrap, WhoIsAloneLooksForItsRingWithLessAndLessHaste) {
  // Shows: TOPO-29.
  LonePeer peer(knows({address_of(10), address_of(11)}, true));
  tried_by(peer);
  peer.advance(10s);  // nobody is there: it begins a ring of its own
  ASSERT_TRUE(peer.status().view->joined);
  tried_by(peer);
  std::vector<std::int64_t> looks_ms;
  Addresses first_asked;
  for (int i = 0; i < 600; ++i) {
    peer.advance(1s);
    if (peer.opened.empty()) continue;
    looks_ms.push_back(peer.now().mono.ms);
    const auto tried = tried_by(peer);
    EXPECT_EQ(tried.size(), 6U) << "all of them";
    first_asked.push_back(tried.front());
  }
  ASSERT_GE(looks_ms.size(), 15U);
  EXPECT_LE(looks_ms.size(), 35U);
  EXPECT_LE(looks_ms[1] - looks_ms[0], 8'000);
  for (std::size_t i = 6; i < looks_ms.size(); ++i) {
    EXPECT_GE(looks_ms[i] - looks_ms[i - 1], 21'000);
    EXPECT_LE(looks_ms[i] - looks_ms[i - 1], 39'000);
  }
  EXPECT_EQ(first_asked[0], text_of_address(10));
  EXPECT_EQ(first_asked[1], text_of_address(11)) << "the first may be there and of no help";
}

TEST(Rebootstrap, PeersItWasLinkedToAreRemembered) {
  // Shows: BOOT-04.
  LonePeer peer(knows({}, false));
  ASSERT_EQ(peer.opened.size(), 1U);
  const OpenLink open = peer.opened.front();
  peer.opened.clear();
  const NodeId id = node_id(0x80);
  const auto signer = peer.authority().issue("bootstrap@example.org", id);
  peer.input(LinkUp{LinkId{500}, open.attempt, signer->certificate(), open.addresses.front()});
  peer.input(LinkDown{LinkId{500}, 0, "reset"});
  while (peer.opened.empty()) peer.advance(1s);
  EXPECT_EQ(tried_by(peer).size(), 4U) << "it has led nowhere: first the others";
  while (peer.opened.empty()) peer.advance(1s);
  EXPECT_EQ(tried_by(peer).front(), link::to_text(open.addresses.front()));
}

}  // namespace
}  // namespace ringway::routing::test
