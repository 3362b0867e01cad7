// The enrollment authority of one overlay: its root, the issuing authority under it, and the node
// certificates under that as RFC 6940 §11.3 wants them. Where keys and names are kept is not its business.
//
// The root's key is needed to make an issuing authority, and never again until the next one: it can be kept
// away from the machine that issues. Peers know the root from the configuration document; the issuing
// certificate travels with each node's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reload/ids.hpp"
#include "reload/security/certificate.hpp"
#include "services/enrolld/authority/names.hpp"
#include "services/enrolld/authority/signing_key.hpp"
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
};

struct NodeCertificate {
  security::CertificatePtr certificate;
  std::string serial_hex;
  std::string chain_pem;  // with the issuing certificates after it, the root not
};

struct NodeCredentials {
  std::string private_key_pem;
  std::string certificate_pem;  // NodeCertificate::chain_pem
};

// Who may sign certificates: a key, and the certificate that says so.
struct Issuer {
  enrolld::SigningKeyPtr key;
  X509Ptr certificate;
};

Result<Issuer> make_root(const std::string& overlay_name, const Validity& validity,
                         enrolld::SigningKeyPtr key);
// Of nodes only, of no further authorities (pathlen 0).
Result<Issuer> make_issuing(const std::string& overlay_name, const Issuer& root, const Validity& validity,
                            enrolld::SigningKeyPtr key);
// A new certificate for an issuer that is there: same key and name, so that what the old one has certified
// stays good, and who only knows the old one can check what comes now.
Result<Issuer> renew_root(const std::string& overlay_name, const Issuer& before, const Validity& validity);
Result<Issuer> renew_issuing(const std::string& overlay_name, const Issuer& root, const Issuer& before,
                             const Validity& validity);

class Authority {
 public:
  // `issuing` is certified by the root, or is the root itself. Refuses keys and certificates that do not
  // belong together.
  static Result<Authority> make(std::string overlay_name, X509Ptr root, Issuer issuing);

  // Certificates say that the issuing certificate, in DER, is there: for who gets a certificate without its
  // chain, as RFC 6940 §11.3's answer is. To be called before certificates are made.
  void set_issuer_url(std::string url) { issuer_url_ = std::move(url); }

  // For the owner of `public_key`, which nothing else in the certificate comes from. Refuses user names that
  // are not acceptable, Node-IDs that nobody may have, keys that peers refuse, and a certificate that would
  // outlive its issuer.
  Result<NodeCertificate> certify(const NodeRequest& request, const Key& public_key) const;
  // The same for a key made here.
  Result<NodeCredentials> issue(const NodeRequest& request, KeyType key_type = KeyType::p256) const;

  const std::string& overlay_name() const { return overlay_name_; }
  const X509Ptr& root() const { return root_; }
  // Between a node's certificate and the root, in DER; none when the root issues itself.
  const std::vector<SharedBytes>& intermediates_der() const { return intermediates_der_; }
  WallMs not_after_ms() const { return not_after_ms_; }  // nothing that is issued lasts longer

 private:
  Authority(std::string overlay_name, X509Ptr root, Issuer issuing, WallMs not_after_ms);
  bool root_issues() const { return intermediates_der_.empty(); }

  std::string overlay_name_;
  X509Ptr root_;
  Issuer issuing_;
  std::vector<SharedBytes> intermediates_der_;
  std::string issuer_url_;
  WallMs not_after_ms_;
};

// Cryptographically random, never all-zero or all-ones (RFC 6940 §11.3, ENROLL-13).
Result<NodeId> random_node_id();

}  // namespace ringway::services
