// Certificates kept in overlays (RFC 6940 §8).
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "tests/sim/overlay.hpp"

namespace ringway::sim {
namespace {

class Certificates : public testing::Test {
 protected:
  Certificates() : simulation(settings()) {
    EXPECT_TRUE(simulation.grow(6)) << simulation.ring_fault();
    EXPECT_TRUE(forms_ring(simulation));
  }
  static SimulationSettings settings() {
    auto settings = settings_of(601);
    settings.configure = [](auto& values) {
      values.max_message_size_bytes = 65'536;
      for (const KindId id : {config::k_certificate_by_node, config::k_certificate_by_user}) {
        auto kind = *config::iana_kind(id);
        kind.max_count = 8;
        kind.max_size_bytes = 4096;
        values.kinds.add(kind);
      }
    };
    return settings;
  }
  data::CertificatesFound find(PeerNumber by, data::CertificatesOf of) {
    auto answer = std::make_shared<std::optional<data::CertificatesFound>>();
    simulation.peer(by).find_certificates(std::move(of),
                                          [answer](auto found) { *answer = std::move(found); });
    EXPECT_TRUE(simulation.run_until([&] { return answer->has_value(); }, Duration{60'000}));
    return answer->value_or(data::CertificatesFound{});
  }
  std::size_t stored() {
    std::size_t count = 0;
    for (const PeerNumber peer : simulation.living())
      count += simulation.peer(peer).storage().statistics().certificates_stored;
    return count;
  }
  Simulation simulation;
};

TEST_F(Certificates, EveryPeersAreFoundByNodeAndByUser) {
  // Shows: CERT-01, CERT-07.
  ASSERT_TRUE(simulation.run_until([&] { return stored() == 12; }, Duration{60'000})) << stored();
  for (PeerNumber peer = 0; peer < 6; ++peer) {
    const auto& own = *simulation.peer(peer).certificate();
    for (const data::CertificatesOf& of :
         {data::CertificatesOf{simulation.peer(peer).node_id()}, data::CertificatesOf{own.user_name()}}) {
      const auto found = find((peer + 1) % 6, of);
      ASSERT_EQ(found.certificates.size(), 1U) << (found.failure ? found.failure->message : "");
      EXPECT_TRUE(equal(found.certificates[0]->der(), own.der()));
    }
  }
  const auto nobody = find(0, std::string("nobody@example.org"));
  ASSERT_TRUE(nobody.failure);
  EXPECT_EQ(nobody.failure->error, data::CallError::not_found);
}

TEST_F(Certificates, LookingAfterThemLeavesThemAtTheirPlace) {
  // Shows: CERT-05.
  ASSERT_TRUE(simulation.run_until([&] { return stored() == 12; }, Duration{60'000}));
  simulation.restart(2);  // knows nothing of what it stored
  ASSERT_TRUE(forms_ring(simulation));
  simulation.run_for(Duration{3 * 3'600'000});
  const auto found = find(0, simulation.peer(2).certificate()->user_name());
  EXPECT_EQ(found.certificates.size(), 1U);
  EXPECT_EQ(simulation.peer(2).storage().statistics().certificates_stored, 0U);
}

TEST_F(Certificates, OnesOfARevokedNodeAreNotFound) {
  // Shows: SEC-21, FM-27.
  ASSERT_TRUE(simulation.run_until([&] { return stored() == 12; }, Duration{60'000}));
  const NodeId bad = simulation.peer(4).node_id();
  simulation.publish(1, [&](auto& next) { next.bad_nodes.insert(bad); });
  simulation.run_for(Duration{5'000});
  EXPECT_TRUE(find(0, bad).failure);
  EXPECT_TRUE(find(0, std::string("user4@example.org")).failure);
  EXPECT_FALSE(find(0, std::string("user3@example.org")).failure);
}

}  // namespace
}  // namespace ringway::sim
