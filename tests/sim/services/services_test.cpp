// Services of whole overlays while peers come and go (RFC 7374).
#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "tests/sim/overlay.hpp"

namespace ringway::sim {
namespace {

constexpr std::size_t k_peers = 30;
constexpr std::uint32_t k_lifetime_s = 60;
const std::string k_service = "transcoding";

class Services : public testing::Test {
 protected:
  Services() : simulation(settings()) {
    EXPECT_TRUE(simulation.grow(k_peers)) << simulation.ring_fault();
    EXPECT_TRUE(forms_ring(simulation));
  }
  static SimulationSettings settings() {
    auto settings = settings_of(701);
    settings.cryptography = Cryptography::stand_in;
    settings.configure = [](auto& values) {
      values.max_message_size_bytes = 65'536;
      auto redir = *config::iana_kind(config::k_redir);
      redir.max_count = 100;
      redir.max_size_bytes = 500;
      values.kinds.add(redir);
    };
    return settings;
  }
  bool provide(PeerNumber peer) {
    const auto done = std::make_shared<std::optional<data::ServiceDone>>();
    simulation.peer(peer).register_service(k_service, k_lifetime_s, [done](auto answer) { *done = answer; });
    simulation.run_until([&] { return done->has_value(); }, Duration{60'000});
    return *done && std::holds_alternative<data::ServiceChanged>((*done)->result);
  }
  // The first one found; nobody when none is.
  NodeId find(PeerNumber peer, const NodeId& key) {
    const auto done = std::make_shared<std::optional<data::ServiceDone>>();
    simulation.peer(peer).find_service(k_service, key, [done](auto answer) { *done = answer; });
    simulation.run_until([&] { return done->has_value(); }, Duration{60'000});
    const auto* found = *done ? std::get_if<data::ServiceFound>(&(*done)->result) : nullptr;
    return found == nullptr ? k_no_node : found->providers.front().node;
  }
  // The provider that should be found; nobody when any may be.
  NodeId closest(const NodeId& key) const {
    const auto next = providers.upper_bound(key);
    return next == providers.end() ? k_no_node : *next;
  }
  void provide_with(std::size_t first, std::size_t last) {
    for (PeerNumber peer = first; peer < last; ++peer) {
      ASSERT_TRUE(provide(peer)) << peer;
      providers.insert(simulation.peer(peer).node_id());
    }
  }
  // Lookups from every living peer, each for another key.
  void expect_all_found() {
    for (const PeerNumber peer : simulation.living()) {
      NodeId key;
      for (auto& byte : key.bytes) byte = static_cast<std::uint8_t>(random.next());
      const NodeId found = find(peer, key);
      EXPECT_TRUE(providers.contains(found)) << "from " << peer << " for " << key.hex();
      const NodeId expected = closest(key) == k_no_node ? found : closest(key);  // behind the last one: any
      EXPECT_EQ(found, expected) << "from " << peer;
    }
  }

  Simulation simulation;
  std::set<NodeId> providers;
  SeededRandom random{7, "keys"};
};

TEST_F(Services, EveryLookupFindsTheClosestProvider) {
  // Shows: DISC-06, DISC-07, DISC-08, DISC-09, DISC-10.
  provide_with(0, 20);
  simulation.run_for(Duration{3 * k_lifetime_s * 1000});
  expect_all_found();
}

TEST_F(Services, WhoHasCrashedIsPassedOverWhenItsRecordsHaveExpired) {
  // Shows: DISC-09, DISC-11.
  provide_with(0, 20);
  for (const PeerNumber peer : {2U, 5U, 8U, 11U, 14U, 17U}) {
    providers.erase(simulation.peer(peer).node_id());
    simulation.crash(peer, Disk::kept);
    simulation.run_for(Duration{10'000});
  }
  // Peers come back, who provide nothing any more; and new ones join.
  for (const PeerNumber peer : {2U, 5U}) simulation.restart(peer);
  for (int i = 0; i < 4; ++i) simulation.start(simulation.add_peer());
  ASSERT_TRUE(forms_ring(simulation, 2, Duration{120'000}));
  simulation.run_for(Duration{3 * k_lifetime_s * 1000});
  expect_all_found();
}

TEST_F(Services, WhoLeavesIsPassedOverAtOnce) {
  // Shows: DISC-12.
  provide_with(0, 12);
  for (const PeerNumber peer : {3U, 4U, 7U}) {
    const auto withdrawn = std::make_shared<bool>(false);
    simulation.peer(peer).withdraw_services([withdrawn](auto) { *withdrawn = true; });
    ASSERT_TRUE(simulation.run_until([&] { return *withdrawn; }, Duration{10'000}));
    providers.erase(simulation.peer(peer).node_id());
    simulation.leave(peer);
    ASSERT_TRUE(simulation.run_until([&] { return simulation.peer(peer).has_left(); }, Duration{60'000}));
  }
  for (const PeerNumber peer : simulation.living()) {
    NodeId key;
    for (auto& byte : key.bytes) byte = static_cast<std::uint8_t>(random.next());
    EXPECT_TRUE(providers.contains(find(peer, key))) << peer;
  }
}

}  // namespace
}  // namespace ringway::sim
