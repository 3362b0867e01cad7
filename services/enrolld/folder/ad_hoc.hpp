// An overlay without an authority (RFC 6940 §4.1, §11.3.1): a document that permits self-signed certificates,
// maybe with a shared secret, and the key that signs the next one. Its nodes make their own credentials.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reload/config/configuration.hpp"
#include "reload/result.hpp"
#include "services/enrolld/folder/keyring.hpp"

namespace ringway::enrolld {

struct AdHocOptions {
  std::string overlay_name;
  std::string directory;
  std::vector<config::BootstrapNode> bootstrap_nodes;
  security::SelfSignedDigest digest = security::SelfSignedDigest::sha256;
  bool new_shared_secret = false;
  std::string shared_secret_file;  // whose first line is the secret; empty: none
  std::uint32_t max_message_size_bytes = 65536;
  std::size_t replicas = config::k_default_replicas;
  std::int64_t chord_update_interval_s = 60;
  std::int64_t chord_ping_interval_s = 600;
  std::int64_t validity_days = 3650;
  KeySources keys;
  bool force = false;
};
struct AdHoc {
  bool has_secret = false;
};
// signer.key, signer.crt, overlay.xml; the last is readable by its owner only when it has the secret.
Result<AdHoc> init_ad_hoc(const AdHocOptions& options);

}  // namespace ringway::enrolld
