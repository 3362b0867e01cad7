// What a peer of an overlay with phones checks before it stores a value of SIP for somebody: registrations
// (registration/storing_peer.hpp) and mailboxes.
#pragma once

#include "reload/data/usage_check.hpp"

namespace ringway::sip::messages {

// For data::StorageSettings.
data::UsageChecksPtr usage_checks();

}  // namespace ringway::sip::messages
