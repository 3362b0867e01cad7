// What a storing peer refuses, and whom an overlay takes.
#include "sip-usage/registration/storing_peer.hpp"

#include <gtest/gtest.h>

#include "sip-usage/registration/sip_registration.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::sip {
namespace {

using ringway::test::node_id;

const NodeId k_node = node_id(0x11);

config::Configuration overlay(std::optional<config::DomainRestriction> restriction = std::nullopt) {
  config::Configuration out;
  out.instance_name = "overlay.example.org";
  auto kind = *config::iana_kind(config::k_sip_registration);
  kind.domain_restriction = std::move(restriction);
  out.kinds.add(std::move(kind));
  return out;
}
config::DomainRestriction only(const std::vector<std::string>& patterns) {
  config::DomainRestriction out;
  out.enable = true;
  for (const auto& pattern : patterns) out.patterns.push_back(*config::DomainPattern::compile(pattern));
  return out;
}
wire::StoredDataValue value_of(Bytes bytes, bool exists = true) {
  wire::StoredDataValue value;
  value.model = wire::DataModel::dictionary;
  value.key = SharedBytes{copy_of(k_node.view())};
  value.data = {exists, SharedBytes{std::move(bytes)}};
  return value;
}
std::string refusal(const config::Configuration& configuration, std::string_view user,
                    const wire::StoredDataValue& value) {
  const auto checks = usage_checks();
  const auto* kind = configuration.kinds.find(config::k_sip_registration);
  const auto outcome = data::check_usage(checks.get(), configuration, *kind, {user, k_node}, value);
  return outcome ? "" : outcome.error().reason;
}
const Bytes k_good = wire::encode(registration_of_node(k_node, ""));

TEST(StoringPeer, ValuesMustBeRegistrations) {
  // Shows: SIP-07.
  const auto here = overlay();
  EXPECT_EQ(refusal(here, "alice@example.org", value_of(k_good)), "");
  EXPECT_EQ(refusal(here, "alice@example.org", value_of({}, false)), "");
  EXPECT_NE(refusal(here, "alice@example.org", value_of({})), "");
  EXPECT_NE(refusal(here, "alice@example.org", value_of(copy_of(view_of("sip:alice")))), "");
  EXPECT_NE(
      refusal(here, "alice@example.org", value_of(wire::encode(SipRegistration{UriRegistration{"nobody"}}))),
      "");
}

TEST(StoringPeer, TheUserNameMustBeAnAddress) {
  // Shows: SIP-07.
  EXPECT_NE(refusal(overlay(), "alice", value_of(k_good)), "");
  EXPECT_NE(refusal(overlay(), "alice@", value_of({}, false)), "");
}

TEST(StoringPeer, DomainsAreAsTheDocumentHasThem) {
  // Shows: SIP-07, SIP-08, SIP-09, SIP-10, FM-41.
  const auto takes = [](const config::Configuration& here, const std::string& domain) {
    const bool stored = refusal(here, "alice@" + domain, value_of(k_good)).empty();
    EXPECT_EQ(stored, hosts_domain(here, domain));
    EXPECT_EQ(stored, refusal(here, "alice@" + domain, value_of({}, false)).empty());
    return stored;
  };
  EXPECT_TRUE(takes(overlay(), "any.example"));
  const auto own = overlay(config::DomainRestriction{});
  EXPECT_TRUE(takes(own, "overlay.example.org"));
  EXPECT_FALSE(takes(own, "sub.overlay.example.org"));
  EXPECT_FALSE(takes(own, "any.example"));
  const auto listed = overlay(only({"dht\\.example\\.com", ".*\\.my\\.example"}));
  EXPECT_TRUE(takes(listed, "dht.example.com"));
  EXPECT_TRUE(takes(listed, "a.b.my.example"));
  EXPECT_FALSE(takes(listed, "dhtXexample.com"));
  EXPECT_FALSE(takes(listed, "overlay.example.org"));
  EXPECT_FALSE(takes(overlay(only({})), "overlay.example.org"));
}

TEST(StoringPeer, AnOverlayWithoutTheKindHostsNobody) {
  config::Configuration none;
  none.instance_name = "overlay.example.org";
  EXPECT_FALSE(hosts_domain(none, "overlay.example.org"));
}

TEST(StoringPeer, OtherKindsAreNotLookedAt) {
  config::KindDefinition other;
  other.kind = config::k_first_private_kind;
  EXPECT_TRUE(data::check_usage(usage_checks().get(), overlay(), other, {"x", k_node}, value_of({})).ok());
  EXPECT_TRUE(data::check_usage(nullptr, overlay(), *config::iana_kind(1), {"x", k_node}, value_of({})).ok());
}

}  // namespace
}  // namespace ringway::sip
