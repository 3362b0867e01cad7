// Whose values an overlay's document lets be stored, before any signature of theirs is checked.
#include "reload/config/inspection.hpp"

#include <gtest/gtest.h>

#include "tests/support/test_authority.hpp"

namespace ringway::config {
namespace {

ConfigurationPtr document(std::optional<DomainRestriction> restriction) {
  auto out = std::make_shared<Configuration>();
  out->instance_name = "overlay.example.org";
  KindDefinition kind = *iana_kind(k_sip_registration);
  kind.domain_restriction = std::move(restriction);
  out->kinds.add(kind);
  return out;
}

class InspectionTest : public testing::Test {
 protected:
  std::string refusal(const ConfigurationPtr& configuration, const std::string& user,
                      KindId kind = k_sip_registration) const {
    const auto context = inspection_context(authority_.trust(), configuration);
    const auto may = context.may_store(kind, *authority_.issue(user, test::node_id(7))->certificate());
    return may ? "" : may.error().reason;
  }

  test::TestAuthority authority_;
};

TEST_F(InspectionTest, UsersOfOtherDomainsMayNotRegister) {
  // Shows: FM-43.
  const auto own_only = document(DomainRestriction{});
  EXPECT_EQ(refusal(own_only, "alice@overlay.example.org"), "");
  EXPECT_EQ(refusal(own_only, "eve@any.example"), "this overlay does not take users of any.example");
}

TEST_F(InspectionTest, OtherKindsAndOverlaysWithoutARestrictionTakeAnybody) {
  EXPECT_EQ(refusal(document(std::nullopt), "eve@any.example"), "");
  EXPECT_EQ(refusal(document(DomainRestriction{}), "eve@any.example", k_sip_registration + 1), "");
}

}  // namespace
}  // namespace ringway::config
