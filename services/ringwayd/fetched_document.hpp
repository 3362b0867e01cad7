// For a peer whose configuration document has expired while it was off, or shuts it out: the present one,
// from the configuration server (RFC 6940 §11.2), before it starts.
#pragma once

#include <string>

#include "reload/config/configuration.hpp"
#include "services/upkeep/enrollment_file.hpp"

namespace ringway::services {

struct FetchedDocument {
  config::ConfigurationPtr configuration;
  std::string not_kept;  // why it is not in the file; empty when it is
};

// It is of the same overlay, newer, and right in itself. That it is the overlay's is the server's word, given
// over HTTPS: a peer that has missed changes of the signers can check it by nothing else (§6.5.4.2). It takes
// the place of `file`.
Result<FetchedDocument> fetch_newer_document(const EnrollmentServer& server, const config::Configuration& old,
                                             const std::string& file, WallMs now_ms);

}  // namespace ringway::services
