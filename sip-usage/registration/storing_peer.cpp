#include "sip-usage/registration/storing_peer.hpp"

#include <string>

#include "sip-usage/registration/address.hpp"
#include "sip-usage/registration/sip_registration.hpp"

namespace ringway::sip {

namespace {

bool hosts(const config::Configuration& configuration, const config::KindDefinition& kind,
           std::string_view domain) {
  return !kind.domain_restriction || kind.domain_restriction->accepts(domain, configuration.instance_name);
}

class RegistrationCheck final : public data::UsageCheck {
 public:
  Outcome<> check(const config::Configuration& configuration, const config::KindDefinition& kind,
                  const data::Writer& writer, const wire::StoredDataValue& value) const override {
    const auto aor = Aor::of_user_name(writer.user_name);
    if (!aor) return Failure{"the signer's user name is no address of record: " + aor.error().reason};
    if (!hosts(configuration, kind, aor->domain()))
      return Failure{"this overlay does not take users of " + std::string(aor->domain())};
    if (!value.data.exists) return Done{};  // a registration is taken back
    const auto registration = wire::decode<SipRegistration>(value.data.value);
    if (!registration) return Failure{"the value is no SipRegistration: " + registration.error().reason};
    return check_registration(*registration, configuration.instance_name);
  }
};

}  // namespace

data::UsageChecksPtr usage_checks() {
  static const auto checks = std::make_shared<const data::UsageChecks>(
      data::UsageChecks{{config::k_sip_registration, std::make_shared<const RegistrationCheck>()}});
  return checks;
}

bool hosts_domain(const config::Configuration& configuration, std::string_view domain) {
  const auto* kind = configuration.kinds.find(config::k_sip_registration);
  return kind != nullptr && hosts(configuration, *kind, domain);
}

}  // namespace ringway::sip
