// Revocation in whole overlays (RFC 6940 §11.1, §6.5.4): a document that names a bad-node spreads by itself,
// and the node is shut out wherever it is in force; also where it came late.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/sim/overlay.hpp"

namespace ringway::sim {
namespace {

constexpr Duration k_within{10'000};

data::PutCall put_of(std::string key, std::string_view value) {
  data::PutCall call;
  call.key = std::move(key);
  call.value = copy_of(view_of(value));
  return call;
}

class Revocation : public testing::Test {
 protected:
  explicit Revocation(std::uint64_t seed = 401) : simulation(with_bootstrap(seed)) {}

  static SimulationSettings with_bootstrap(std::uint64_t seed) {
    auto settings = settings_of(seed);
    settings.configure = [](auto& values) {
      // Peer 0's address: whoever has lost everyone finds the ring there.
      values.bootstrap_nodes = {{"10.0.0.0", 6084}};
      values.max_message_size_bytes = 65'536;  // a document is to fit
    };
    return settings;
  }
  void revoke(PeerNumber victim, PeerNumber through) {
    simulation.publish(through,
                       [&](auto& next) { next.bad_nodes.insert(simulation.peer(victim).node_id()); });
  }
  bool has_document(PeerNumber peer) const {
    return simulation.configuration_of(peer).sequence == simulation.configuration()->sequence;
  }
  // No link to the victim, and no place for it among the neighbours.
  bool shuts_out(PeerNumber peer, PeerNumber victim) {
    const NodeId bad = simulation.peer(victim).node_id();
    const auto status = simulation.peer(peer).status();
    return has_document(peer) && !status.view->is_neighbor(bad) &&
           std::none_of(status.links.begin(), status.links.end(),
                        [&](const auto& link) { return link.node == bad; });
  }
  bool all_shut_out(PeerNumber victim) {
    const auto ring = simulation.living();
    return std::all_of(ring.begin(), ring.end(),
                       [&](PeerNumber peer) { return peer == victim || shuts_out(peer, victim); });
  }

  Simulation simulation;
};

TEST_F(Revocation, ReachesEveryPeerAndIsRefusedEverywhere) {
  // Shows: SEC-21, CONFIG-22, CONFIG-33, FM-27.
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(16)) << simulation.ring_fault();
  ASSERT_TRUE(forms_ring(simulation));
  constexpr PeerNumber k_victim = 5;
  const std::string own = "user5@example.org/phone";
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(simulation.call(k_victim, put_of(own, "bad"))));
  ASSERT_TRUE(
      std::holds_alternative<data::PutResult>(simulation.call(k_victim, put_of("shared/list", "bad"))));
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(simulation.call(9, put_of("shared/list", "good"))));

  revoke(k_victim, 2);
  ASSERT_TRUE(simulation.run_until([&] { return all_shut_out(k_victim); }, k_within));
  // Those that cut it off have told it; it says so and ends.
  ASSERT_TRUE(simulation.run_until([&] { return !simulation.peer(k_victim).alive(); }, k_within));
  EXPECT_NE(simulation.peer(k_victim).exit_reason().find("shut out"), std::string::npos);

  // With the document of before it goes on trying; nobody lets it in.
  simulation.restart(k_victim);
  const auto refused_before = simulation.network().counters().links_refused;
  for (int i = 0; i < 60; ++i) {
    simulation.run_for(Duration{1000});
    ASSERT_TRUE(all_shut_out(k_victim));
  }
  EXPECT_GT(simulation.network().counters().links_refused, refused_before);
  EXPECT_TRUE(simulation.peer(k_victim).status().links.empty());

  for (const PeerNumber peer : simulation.living()) {
    if (peer == k_victim) continue;
    EXPECT_EQ(describe(simulation.call(peer, data::GetCall{own, std::nullopt})).substr(0, 7), "error 1")
        << "through peer " << peer;
    const auto list = simulation.call(peer, data::GetCall{"shared/list", std::nullopt});
    const auto* got = std::get_if<data::GetResult>(&list);
    ASSERT_NE(got, nullptr) << describe(list);
    ASSERT_EQ(got->entries.size(), 1U);
    EXPECT_EQ(text_of(got->entries[0].value), "good");
  }
  std::uint64_t refused = 0, withheld = 0;
  for (const PeerNumber peer : simulation.living()) {
    if (peer == k_victim) continue;
    refused += simulation.peer(peer).status().refused_revoked;
    withheld += simulation.peer(peer).storage().statistics().revoked_values;
  }
  EXPECT_GT(refused, 0U);
  EXPECT_GT(withheld, 0U);
}

TEST_F(Revocation, WhatItHasSignedIsCopiedNoMore) {
  // Shows: SEC-21, FM-27.
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(5)) << simulation.ring_fault();
  ASSERT_TRUE(forms_ring(simulation));
  constexpr PeerNumber k_victim = 3;
  ASSERT_TRUE(
      std::holds_alternative<data::PutResult>(simulation.call(k_victim, put_of("shared/list", "bad"))));
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(simulation.call(1, put_of("shared/list", "good"))));
  revoke(k_victim, 0);
  ASSERT_TRUE(simulation.run_until([&] { return all_shut_out(k_victim); }, k_within));
  simulation.kill(k_victim);
  // One that comes to be responsible for it.
  const ResourceId list = resource_id_of(std::string_view("shared/list"));
  const PeerNumber joining = simulation.add_peer(as_node(ring_id_from(list.view())));
  simulation.start(joining);
  ASSERT_TRUE(forms_ring(simulation));
  simulation.run_for(Duration{60'000});
  const auto state = simulation.peer(joining).identity().disk().load({list, config::k_shared_value});
  ASSERT_TRUE(state.ok());
  ASSERT_EQ(state->records.size(), 1U);
  EXPECT_EQ(state->records[0]->signer_node, simulation.peer(1).node_id());
}

TEST_F(Revocation, APeerThatWasAwayHearsOfItWhenItReturns) {
  // Shows: CONFIG-24, CONFIG-25, CONFIG-33, FM-27.
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(16)) << simulation.ring_fault();
  ASSERT_TRUE(forms_ring(simulation));
  constexpr PeerNumber k_victim = 5, k_away = 11;
  simulation.kill(k_away);
  ASSERT_TRUE(forms_ring(simulation));
  revoke(k_victim, 2);
  ASSERT_TRUE(simulation.run_until([&] { return all_shut_out(k_victim); }, k_within));
  ASSERT_FALSE(has_document(k_away));
  simulation.restart(k_away);
  ASSERT_TRUE(simulation.run_until([&] { return shuts_out(k_away, k_victim); }, k_within));
  simulation.kill(k_victim);
  EXPECT_TRUE(forms_ring(simulation));
}

TEST_F(Revocation, AlsoWhenTheRevokedPeerIsAllItKnows) {
  // Shows: CONFIG-24, CONFIG-25, FM-27.
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(8)) << simulation.ring_fault();
  ASSERT_TRUE(forms_ring(simulation));
  constexpr PeerNumber k_victim = 5, k_away = 3;
  simulation.kill(k_away);
  // For a while it reaches nobody but the revoked one, which has kept the document from before.
  simulation.network().partition({{k_victim, 1}, {k_away, 1}});
  revoke(k_victim, 2);
  ASSERT_TRUE(simulation.run_until([&] { return all_shut_out(k_victim); }, k_within));
  simulation.restart(k_away, false, k_victim);
  const NodeId bad = simulation.peer(k_victim).node_id();
  ASSERT_TRUE(simulation.run_until(
      [&] {
        const auto view = simulation.peer(k_away).status().view;
        return view->joined && view->is_neighbor(bad);
      },
      Duration{60'000}));
  simulation.network().heal();
  ASSERT_TRUE(simulation.run_until([&] { return shuts_out(k_away, k_victim); }, Duration{60'000}));
  simulation.kill(k_victim);
  EXPECT_TRUE(forms_ring(simulation));
}

TEST_F(Revocation, OneWhoGoesOnWithTheOldDocumentIsCaughtByItsFirstRequest) {
  // Shows: CONFIG-26, CONFIG-33.
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(simulation.grow(4)) << simulation.ring_fault();
  ASSERT_TRUE(forms_ring(simulation));
  // Two documents, the second before the first has gone anywhere: the newest is everywhere in the end.
  revoke(3, 1);
  simulation.publish(2, [](auto& next) { next.chord_update_interval = std::chrono::seconds{300}; });
  simulation.publish(1, [](auto& next) { next.chord_update_interval = std::chrono::seconds{200}; });
  EXPECT_TRUE(simulation.run_until([&] { return all_shut_out(3); }, k_within));
}

}  // namespace
}  // namespace ringway::sim
