// The Certificate Store usage in an overlay without an authority, where it shows who else has a name.
#include <gtest/gtest.h>

#include <set>

#include "reload/data/certificate_usage.hpp"
#include "tests/reload/data/overlay.hpp"

namespace ringway::data::test {
namespace {

constexpr auto k_digest = security::SelfSignedDigest::sha256;

class SelfSignedCertificates : public ::testing::Test {
 protected:
  SelfSignedCertificates() {
    auto& document = *overlay.configuration;
    for (const KindId id : {config::k_certificate_by_node, config::k_certificate_by_user}) {
      auto kind = *config::iana_kind(id);
      kind.max_count = 4;
      kind.max_size_bytes = 4000;
      document.kinds.add(kind);
    }
    document.max_message_size_bytes = 20'000;
    document.root_certificates_der.clear();
    document.self_signed_permitted = k_digest;
    overlay.forgetful = true;  // checks by this document from now on
  }
  // Whoever wants to have that name.
  Peer& join(const std::string& name) {
    Peer& peer =
        overlay.add(ringway::test::self_signed(name, overlay.configuration->instance_name, k_digest).signer);
    overlay.update_views();
    overlay.advance(Duration{5'000});
    return peer;
  }
  std::set<NodeId> found(Peer& by, CertificatesOf of) {
    by.found.reset();
    overlay.to_storage(by, FindCertificates{1, std::move(of)});
    overlay.run();
    std::set<NodeId> nodes;
    if (!by.found) return nodes;
    for (const auto& certificate : by.found->certificates) nodes.insert(certificate->node_ids().front());
    return nodes;
  }

  Overlay overlay;
};

TEST_F(SelfSignedCertificates, ArePublishedAndShowWhoHasAName) {
  // Shows: CERT-06, CERT-01.
  const std::string name = "alice@overlay.example.org";
  Peer& bob = join("bob@overlay.example.org");
  EXPECT_EQ(found(bob, name), std::set<NodeId>{});  // free
  Peer& alice = join(name);
  EXPECT_EQ(found(bob, name), std::set{alice.node});
  EXPECT_EQ(found(bob, alice.node), std::set{alice.node});
  // Nobody can keep another one from taking it; but both see it.
  Peer& namesake = join(name);
  EXPECT_EQ(found(namesake, name), (std::set{alice.node, namesake.node}));
  EXPECT_EQ(found(alice, name), (std::set{alice.node, namesake.node}));
}

}  // namespace
}  // namespace ringway::data::test
