// What a peer needs to be one, read from files and checked before anything starts: the overlay's
// configuration document, the node's key and certificate.
#pragma once

#include <string>

#include "reload/config/configuration.hpp"
#include "reload/ids.hpp"
#include "reload/result.hpp"
#include "reload/time.hpp"

namespace ringway::services {

struct Credentials {
  config::ConfigurationPtr configuration;
  std::string private_key_pem;
  std::string certificates_pem;
  NodeId node;
  std::string user;
  WallMs not_after_ms = 0;
  bool key_readable_by_others = false;
  bool secret_readable_by_others = false;  // the document, if the overlay has a shared secret (SEC-37)
};

// `folder` holds node.key, node.crt and, unless `document` names another file, overlay.xml. The document
// comes from a file, so that it is authentic is the operator's word (RFC 6940 §4.6.1); but a signature in it
// must be right. An expired document is no failure here: the peer's store may have a newer one
// (actors/configuration_choice.hpp), or the configuration server (fetched_document.hpp). Nor is one that
// names the node as a bad-node: a newer one may not. An ended certificate is one. A renewal that was cut
// short is brought to its end (services/upkeep/credential_files.hpp).
Result<Credentials> load_credentials(const std::string& folder, const std::string& document, WallMs now_ms);

// A signature in the document is right; of an expired document, it was so when the document was in force.
Outcome<> check_document(const config::Configuration& configuration, WallMs now_ms);

// All of a file of a few MiB at most; the failure has the system's reason.
Result<std::string> read_small_file(const std::string& path);

bool readable_by_others(const std::string& path);

// overlay.xml of one of several peers: its own, or the one that they share in the folder above.
std::string find_document(const std::string& folder, const std::string& parent);

}  // namespace ringway::services
