// Who may see which user of a peer (RFC 3856 §6.6.2), as the file of --sip-presence says it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "reload/result.hpp"
#include "sip-usage/presence/settings.hpp"

namespace ringway::services {

// JSON, with comments of //: {"bob@example.org": ["alice", "carol@example.org"], "alice": "nobody",
// "*": "everyone"}. "everyone" is on the overlay, "world" means strangers from elsewhere as well. A name
// without
// @ is one of the overlay's own domain; "*" means who is not named, who is seen by everyone where it is
// missing.
struct PresencePermissions {
  std::map<sip::Aor, sip::presence::Permission> of_users;
  std::optional<sip::presence::Permission> of_others;
};
Result<PresencePermissions> parse_presence_permissions(std::string_view text, const std::string& overlay);

}  // namespace ringway::services
