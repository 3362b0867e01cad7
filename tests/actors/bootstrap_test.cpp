// A peer's way into an overlay over real sockets: the bootstrap nodes of its document (RFC 6940 §11.1,
// §11.4).
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <thread>

#include "actors/peer.hpp"
#include "reload/link/link_id.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::actors {
namespace {

using namespace std::chrono_literals;
using ringway::test::node_id;

// Peers of one overlay in this process, on ports that the system chooses.
class Bootstrapping : public testing::Test {
 protected:
  Result<std::shared_ptr<Peer>, StartFailure> start(const NodeId& node, const std::string& listen,
                                                    std::vector<config::BootstrapNode> bootstrap) {
    const auto credentials = authority_.credentials(node.hex().substr(0, 4) + "@example.org", node);
    auto configuration = std::make_shared<config::Configuration>();
    configuration->instance_name = authority_.overlay_name();
    configuration->no_ice = true;
    configuration->root_certificates_der = {authority_.root_der()};
    configuration->bootstrap_nodes = std::move(bootstrap);
    PeerSettings settings;
    settings.name = node.hex().substr(0, 4);
    settings.configuration = configuration;
    settings.private_key_pem = credentials.private_key_pem;
    settings.certificates_pem = credentials.certificate_pem;
    EXPECT_TRUE(link::parse_address(listen, settings.listen));
    settings.routing.first_peer = configuration->bootstrap_nodes.empty();
    return host_->start_peer(std::move(settings),
                             [](const PeerFailure& failure) { ADD_FAILURE() << failure.reason; });
  }

  static PeerStatus status_of(Peer& peer) {
    std::promise<PeerStatus> answered;
    peer.status([&](PeerStatus status) { answered.set_value(std::move(status)); });
    return answered.get_future().get();
  }
  static bool joins(Peer& peer) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!status_of(peer).routing.view->joined) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(10ms);
    }
    return true;
  }

  ringway::test::TestAuthority authority_;
  std::shared_ptr<PeerHost> host_ = PeerHost::make({1, 1, 1});
};

TEST_F(Bootstrapping, OverIpv6AndAPortOfItsOwnPastANodeThatIsNotThere) {
  // Shows: BOOT-03.
  const auto first = start(node_id(0x40), "[::1]:0", {});
  if (!first && first.error().reason.find("cannot listen") != std::string::npos)
    GTEST_SKIP() << "no IPv6 here: " << first.error().reason;
  ASSERT_TRUE(first.ok()) << first.error().reason;
  ASSERT_TRUE(joins(**first));
  const auto address = (*first)->listening_on();
  ASSERT_NE(address.port, config::k_default_bootstrap_port);

  const auto second = start(node_id(0x80), "[::1]:0", {{"127.0.0.1", 1}, {"::1", 1}, {"::1", address.port}});
  ASSERT_TRUE(second.ok()) << second.error().reason;
  ASSERT_TRUE(joins(**second));
  const auto status = status_of(**second);
  EXPECT_TRUE(status.routing.view->is_neighbor(node_id(0x40)));
  ASSERT_FALSE(status.routing.links.empty());
  for (const auto& link : status.routing.links) EXPECT_EQ(link.remote.type, wire::AddressType::ipv6);
}

}  // namespace
}  // namespace ringway::actors
