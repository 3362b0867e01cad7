// The first copy of an overlay's configuration document, over HTTPS (RFC 6940 §11.2).
#pragma once

#include <string>

#include "reload/config/configuration.hpp"
#include "services/enroll_client/https.hpp"
#include "services/enroll_client/locate.hpp"

namespace ringway::services {

struct ConfigurationSource {
  // One of the two may be empty. Without a URL the server is found by the overlay's name, and its certificate
  // must be for that name; with a URL, for the URL's host.
  std::string overlay_name;
  std::string url;
};

// A document that is no valid one, is another overlay's, or has expired is a failure; nothing is kept.
Result<config::ConfigurationPtr> fetch_configuration(const HttpsSettings& https, const DnsSettings& dns,
                                                     const ConfigurationSource& source, WallMs now_ms);

}  // namespace ringway::services
