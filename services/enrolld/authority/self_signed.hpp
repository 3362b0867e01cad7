// Credentials that a node makes for itself (RFC 6940 §11.3.1), for overlays whose document permits that. The
// Node-ID is the key's digest, so it cannot be stolen; the user name is whatever the node says.
#pragma once

#include <string>
#include <string_view>

#include "reload/result.hpp"
#include "reload/security/certificate.hpp"
#include "services/enrolld/authority/authority.hpp"
#include "services/enrolld/authority/key.hpp"

namespace ringway::services {

struct SelfSignedRequest {
  std::string user_name;  // user@domain
  std::string overlay_name;
  security::SelfSignedDigest digest = security::SelfSignedDigest::sha256;
  Validity validity;
};

// For this key: a certificate made anew later has the same Node-ID.
Result<NodeCertificate> self_certify(const SelfSignedRequest& request, const Key& key);
// For a new one.
Result<NodeCredentials> make_self_signed(const SelfSignedRequest& request);

}  // namespace ringway::services
