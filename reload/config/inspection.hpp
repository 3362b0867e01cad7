// What an Inspector needs of a configuration document: the Kinds' data models, and whose users' values may
// be stored at all, so that a flood of registrations from other domains costs no signature (RFC 7904 §8.1).
#pragma once

#include "reload/config/configuration.hpp"
#include "reload/security/inspector.hpp"

namespace ringway::config {

security::InspectionContext inspection_context(security::TrustPtr trust, ConfigurationPtr configuration);

}  // namespace ringway::config
