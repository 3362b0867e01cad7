// Whom an overlay trusts (RFC 6940 §11.3, §11.3.1): its roots, or self-signed certificates whose Node-ID is
// derived from the key. Revoked Node-IDs (bad-node) are refused here too, so that links, messages and values
// ask one place.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reload/security/certificate.hpp"

namespace ringway::security {

inline constexpr int k_max_chain_depth = 5;

struct TrustSettings {
  std::string overlay_name;
  std::vector<SharedBytes> root_certificates_der;
  std::optional<SelfSignedDigest> self_signed_permitted;
  std::set<NodeId> bad_nodes;
};

class Trust {
 public:
  static Result<std::shared_ptr<const Trust>> make(TrustSettings settings);

  // Checks the chain to a root (PKIX, BasicConstraints) or the self-signed rule, the overlay name, bad nodes
  // and the validity period at `now_ms`. `others` are certificates that came along and may be intermediates.
  Outcome<> check(const Certificate& certificate, const std::vector<SharedBytes>& others_der,
                  WallMs now_ms) const;
  // The same, and when the first certificate of the chain ends: who remembers the answer asks again after
  // that (SEC-17).
  Result<WallMs> trusted_until(const Certificate& certificate, const std::vector<SharedBytes>& others_der,
                               WallMs now_ms) const;
  const TrustSettings& settings() const { return settings_; }
  bool is_bad_node(const NodeId& node) const { return settings_.bad_nodes.contains(node); }

 private:
  explicit Trust(TrustSettings settings) : settings_(std::move(settings)) {}
  Result<WallMs> check_chain(const Certificate& certificate, const std::vector<SharedBytes>& others_der,
                             WallMs now_ms) const;

  TrustSettings settings_;
  std::vector<std::shared_ptr<X509>> roots_;
};
using TrustPtr = std::shared_ptr<const Trust>;

}  // namespace ringway::security
