// The first copy of an overlay's configuration document, over HTTPS (RFC 6940 §11.2).
#pragma once

#include <cstdint>
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

// Where a document came from; the same server has what ringway's own clients ask for (offer.hpp).
struct ConfigurationServer {
  std::string url;           // of the document
  std::string connect_host;  // empty: where the URL says
  std::uint16_t connect_port = 0;
};
struct FoundConfiguration {
  config::ConfigurationPtr document;
  ConfigurationServer server;
};

// A document that is no valid one, is signed wrongly, is another overlay's, or has expired is a failure;
// nothing is kept.
Result<FoundConfiguration> find_configuration(const HttpsSettings& https, const DnsSettings& dns,
                                              const ConfigurationSource& source, WallMs now_ms);
// The document alone.
Result<config::ConfigurationPtr> fetch_configuration(const HttpsSettings& https, const DnsSettings& dns,
                                                     const ConfigurationSource& source, WallMs now_ms);

}  // namespace ringway::services
