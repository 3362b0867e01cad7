#include "reload/config/inspection.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace ringway::config {

namespace {

// Empty when there is none: no restriction accepts that.
std::string_view domain_of(std::string_view user_name) {
  const auto at = user_name.rfind('@');
  return at == std::string_view::npos ? std::string_view() : user_name.substr(at + 1);
}

}  // namespace

security::InspectionContext inspection_context(security::TrustPtr trust, ConfigurationPtr configuration) {
  const Configuration& document = *configuration;
  security::InspectionContext out;
  out.trust = std::move(trust);
  out.may_store = [configuration](KindId id, const security::Certificate& requester) -> Outcome<> {
    const auto* kind = configuration->kinds.find(id);
    if (kind == nullptr || !kind->domain_restriction) return Done{};
    const std::string_view domain = domain_of(requester.user_name());
    if (kind->domain_restriction->accepts(domain, configuration->instance_name)) return Done{};
    return Failure{"this overlay does not take users of " + std::string(domain)};
  };
  out.kinds = {std::move(configuration), &document.kinds};
  return out;
}

}  // namespace ringway::config
