#include "services/enrolld/serve/operators.hpp"

#include <openssl/sha.h>

#include <utility>

#include "services/enrolld/registrar/registrar.hpp"

namespace ringway::enrolld {
namespace {

Digest fingerprint_of(const SharedBytes& der) {
  Digest out{};
  SHA256(der.view().data(), der.view().size(), out.data());
  return out;
}

}  // namespace

Result<Operators> Operators::make(OperatorRules rules, const services::Authority& authority,
                                  Records& records) {
  auto trust = security::Trust::make(
      {authority.overlay_name(), {services::certificate_der(authority.root())}, std::nullopt, {}});
  if (!trust) return trust.error();
  return Operators(std::move(rules), authority, std::move(*trust), records);
}

Operators::Operators(OperatorRules rules, const services::Authority& authority, security::TrustPtr trust,
                     Records& records)
    : rules_(std::move(rules)),
      overlay_name_(authority.overlay_name()),
      trust_(std::move(trust)),
      intermediates_(authority.intermediates_der()),
      records_(records) {}

Outcome<> Operators::check(Door door, const std::vector<SharedBytes>& certificates, WallMs now_ms) const {
  if (door == Door::operators_socket) return Done{};
  if (certificates.empty()) return Failure{"no client certificate"};
  if (rules_.fingerprints.contains(fingerprint_of(certificates.front()))) return Done{};
  if (rules_.names.empty()) return Failure{"its certificate is no operator's"};
  return check_name(certificates, now_ms);
}

// A name counts in this overlay's own certificates only, and in those of devices that are not shut out.
Outcome<> Operators::check_name(const std::vector<SharedBytes>& certificates, WallMs now_ms) const {
  const auto held = security::Certificate::parse(certificates.front());
  if (!held) return held.error();
  std::vector<SharedBytes> between(certificates.begin() + 1, certificates.end());
  between.insert(between.end(), intermediates_.begin(), intermediates_.end());
  if (auto good = trust_->check(**held, between, now_ms); !good) return good.error();
  const std::string& name = (*held)->user_name();
  if (!rules_.names.contains(name)) return Failure{name + " is no operator"};
  for (const NodeId& node : (*held)->node_ids()) {
    const auto device = records_.find_device(node);
    if (!device) return device.error();
    if (*device && (*device)->revoked_ms) return Failure{name + "'s device is shut out"};
  }
  const auto shut = shut_out_by_document(records_, overlay_name_, **held);
  if (!shut) return shut.error();
  if (*shut) return Failure{name + "'s device is shut out by the document"};
  return Done{};
}

}  // namespace ringway::enrolld
