// An overlay's enrollment authority for tests: real keys and certificates, made in the test's own process.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/ids.hpp"
#include "reload/security/signer.hpp"
#include "reload/security/trust.hpp"
#include "services/enrolld/authority/authority.hpp"

namespace ringway::test {

using SignerPtr = std::shared_ptr<const security::Signer>;

// A moment at which everything made here is valid unless asked for otherwise, and the validity itself.
inline constexpr WallMs k_now_ms = 1'800'000'000'000;         // 2027-01-15
inline constexpr WallMs k_not_before_ms = 1'500'000'000'000;  // 2017-07-14
inline constexpr WallMs k_not_after_ms = 4'000'000'000'000;   // 2096-10-02

// 16 bytes: `first`, then zeroes, then `last`.
NodeId node_id(std::uint8_t first, std::uint8_t last = 1);

struct Credentials {
  std::string private_key_pem;
  std::string certificate_pem;
  SignerPtr signer;
};

struct IssueOptions {
  std::vector<NodeId> more_nodes;
  services::Validity validity{k_not_before_ms, k_not_after_ms};
  services::KeyType key_type = services::KeyType::p256;
};

class TestAuthority {
 public:
  explicit TestAuthority(std::string overlay_name = "overlay.example.org");

  const std::string& overlay_name() const { return authority_.overlay_name(); }
  SharedBytes root_der() const { return services::certificate_der(authority_.root()); }
  std::string root_pem() const { return services::certificate_pem(authority_.root()); }
  security::TrustSettings trust_settings() const;
  security::TrustPtr trust(std::set<NodeId> bad_nodes = {}) const;

  // These abort the test program when the authority refuses: a test that wants a refusal asks
  // services::Authority.
  Credentials credentials(const std::string& user, const NodeId& node,
                          const IssueOptions& options = {}) const;
  SignerPtr issue(const std::string& user, const NodeId& node, const IssueOptions& options = {}) const;
  SignerPtr issue_rsa(const std::string& user, const NodeId& node) const;
  // Under a chain of so many intermediates, which the signer carries.
  SignerPtr issue_through(std::size_t intermediates, const std::string& user, const NodeId& node) const;
  SignerPtr issue_expired(const std::string& user, const NodeId& node) const;        // a day before k_now_ms
  SignerPtr issue_not_yet_valid(const std::string& user, const NodeId& node) const;  // a day after k_now_ms

  const services::Authority& authority() const { return authority_; }
  const services::Key& root_key() const { return root_key_; }

 private:
  services::Key root_key_;
  services::Authority authority_;
};

// A certificate of any shape, for tests of refusals; signed by `issuer`, or by its own key when that is null.
struct CustomCertificate {
  services::Key key;
  services::X509Ptr x509;
  SharedBytes der;
};
CustomCertificate custom_certificate(const services::CertificateFields& fields, const services::Key& key,
                                     const services::X509Ptr& issuer, const services::Key& issuer_key);
services::Key new_key(services::KeyType type = services::KeyType::p256);

// A self-signed certificate with `count` Node-IDs derived from its key (RFC 6940 §11.3.1).
Credentials self_signed(const std::string& user, const std::string& overlay_name,
                        security::SelfSignedDigest digest, std::size_t count = 1);

}  // namespace ringway::test
