// The enrollment authority of one overlay: its root, and the node certificates under it as RFC 6940 §11.3
// wants them. Where keys and names are kept is not its business.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reload/ids.hpp"
#include "services/enrolld/authority/x509_builder.hpp"

namespace ringway::services {

struct Validity {
  WallMs not_before_ms = 0;
  WallMs not_after_ms = 0;
};

struct NodeRequest {
  std::string user_name;      // user@domain
  std::vector<NodeId> nodes;  // in the order of the certificate
  Validity validity;
  KeyType key_type = KeyType::p256;
};

struct NodeCredentials {
  std::string private_key_pem;
  std::string certificate_pem;
};

class Authority {
 public:
  static Result<Authority> make(std::string overlay_name, const Validity& validity);
  static Result<Authority> load(std::string overlay_name, std::string_view root_key_pem,
                                std::string_view root_certificate_pem);

  // Refuses user names that are not acceptable, and Node-IDs that nobody may have.
  Result<NodeCredentials> issue(const NodeRequest& request) const;
  // The certificate alone, PEM, over a key that is there already (the request's key type does not matter).
  Result<std::string> certify(const NodeRequest& request, const Key& key) const;
  // The same authority with a new root certificate: same key and name, so that what the old one has certified
  // stays good, and who only knows the old one can check what comes now.
  Result<Authority> renewed(const Validity& validity) const;

  const std::string& overlay_name() const { return overlay_name_; }
  const Key& root_key() const { return root_key_; }
  const X509Ptr& root() const { return root_; }

 private:
  Authority(std::string overlay_name, Key root_key, X509Ptr root)
      : overlay_name_(std::move(overlay_name)), root_key_(std::move(root_key)), root_(std::move(root)) {}

  std::string overlay_name_;
  Key root_key_;
  X509Ptr root_;
};

// Cryptographically random, never all-zero or all-ones (RFC 6940 §11.3, ENROLL-13).
Result<NodeId> random_node_id();

// What a person is told about a name they may not have; ok when it is acceptable (ENROLL-15): printable ASCII
// without blanks, quotes, slashes and the like, one "@", a domain of letters, digits, hyphens and dots.
Outcome<> check_user_name(std::string_view user_name);
Outcome<> check_overlay_name(std::string_view overlay_name);

}  // namespace ringway::services
