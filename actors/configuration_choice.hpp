// Which configuration document a peer starts with: the one it was given, or the one that its store has kept
// since the overlay sent it (RFC 6940 §6.5.4). Reads no file and no store.
#pragma once

#include "reload/config/configuration.hpp"
#include "reload/result.hpp"
#include "reload/time.hpp"

namespace ringway::actors {

// The newer of those that have not expired (RFC 6940 §11.1); `kept` may be null. The failure says what to do.
Result<config::ConfigurationPtr> choose_configuration(const config::ConfigurationPtr& given,
                                                      const config::ConfigurationPtr& kept, WallMs now_ms);

}  // namespace ringway::actors
