// The first start of a peer in an overlay without an authority: it makes its own key and certificate
// (RFC 6940 §11.3.1) and keeps them, so that the next start is the same node.
#pragma once

#include <string>

#include "reload/config/configuration.hpp"
#include "reload/result.hpp"
#include "reload/time.hpp"

namespace ringway::services {

// Neither authority nor enrollment server: whoever has the document is a member.
bool is_ad_hoc(const config::Configuration& configuration);

struct OwnCredentials {
  bool made = false;     // there were none
  bool renewed = false;  // the certificate, for the same key: it would have ended soon
};
// `folder` has node.key and node.crt afterwards. `user` is a name, with or without "@" and the overlay's
// name. Refuses names of other domains, when the folder's credentials are another user's, and overlays that
// do not permit it.
Result<OwnCredentials> ensure_own_credentials(const std::string& folder, const std::string& document,
                                              const std::string& user, WallMs now_ms);

}  // namespace ringway::services
