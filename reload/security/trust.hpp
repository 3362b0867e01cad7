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
#include "reload/security/scheme.hpp"

namespace ringway::security {

// Intermediates between a node's certificate and the root, and their bytes in all: whoever keeps a value
// keeps them too, and every message with the value carries them.
inline constexpr int k_max_chain_depth = 5;
inline constexpr std::size_t k_max_chain_size_bytes = 16384;
bool chain_within_bounds(const std::vector<SharedBytes>& intermediates_der);

struct TrustSettings {
  std::string overlay_name;
  std::vector<SharedBytes> root_certificates_der;
  std::optional<SelfSignedDigest> self_signed_permitted;
  std::set<NodeId> bad_nodes;
  SchemePtr scheme = nullptr;
};

// A certificate whose chain is good.
struct TrustedChain {
  WallMs until_ms = 0;     // the first certificate of the chain ends (SEC-17)
  ChainPtr intermediates;  // those that were needed
};

class Trust {
 public:
  static Result<std::shared_ptr<const Trust>> make(TrustSettings settings);

  // Checks the chain to a root (PKIX, BasicConstraints) or the self-signed rule, the overlay name, bad nodes
  // and the validity period at `now_ms`. `others` are certificates that came along and may be intermediates.
  Outcome<> check(const Certificate& certificate, const std::vector<SharedBytes>& others_der,
                  WallMs now_ms) const;
  // The same, with the chain: who remembers the answer asks again after its end.
  Result<TrustedChain> trusted_chain(const Certificate& certificate,
                                     const std::vector<SharedBytes>& others_der, WallMs now_ms) const;
  const TrustSettings& settings() const { return settings_; }
  bool is_bad_node(const NodeId& node) const { return settings_.bad_nodes.contains(node); }

 private:
  explicit Trust(TrustSettings settings) : settings_(std::move(settings)) {}
  Result<TrustedChain> check_chain(const Certificate& certificate, const std::vector<SharedBytes>& others_der,
                                   WallMs now_ms) const;

  TrustSettings settings_;
  std::vector<std::shared_ptr<X509>> roots_;
};
using TrustPtr = std::shared_ptr<const Trust>;

// Was a certificate, or what it has signed, refused because a Node-ID in it is a bad-node? For counters.
bool is_revocation(const Failure& failure);

}  // namespace ringway::security
