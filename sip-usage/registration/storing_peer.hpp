// What a peer checks before it stores a SIP-REGISTRATION for somebody, and whoever registers checks first
// (RFC 7904 §3.3). That the user's name hashes to the place and the key is the signer's Node-ID is the Kind's
// access policy.
#pragma once

#include "reload/data/usage_check.hpp"

namespace ringway::sip {

// For data::StorageSettings.
data::UsageChecksPtr usage_checks();

// Whether users of that domain may register in this overlay (§3.4). A Kind without a restriction is for all.
bool hosts_domain(const config::Configuration& configuration, std::string_view domain);

}  // namespace ringway::sip
