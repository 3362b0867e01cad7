#include "services/enrolld/authority/authority.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "services/enrolld/authority/openssl_failure.hpp"

namespace ringway::services {
namespace {

using enrolld::openssl_failure;

constexpr std::size_t k_max_common_name_size_bytes = 64;  // RFC 5280 A.1
constexpr WallMs k_second_ms = 1000;

Outcome<> check_nodes(const std::vector<NodeId>& nodes) {
  if (nodes.empty()) return Failure{"a certificate needs at least one Node-ID"};
  if (nodes.size() > security::k_max_node_ids_per_certificate) {
    return Failure{"a certificate has at most " + std::to_string(security::k_max_node_ids_per_certificate) +
                   " Node-IDs"};
  }
  for (const NodeId& node : nodes) {
    if (node == k_no_node || node == wildcard_node())
      return Failure{"Node-ID " + node.hex() + " is reserved"};
    if (std::count(nodes.begin(), nodes.end(), node) != 1)
      return Failure{"Node-ID " + node.hex() + " is repeated"};
  }
  return Done{};
}

// Certificates count in seconds.
bool outlives(WallMs one_ms, WallMs other_ms) { return one_ms / k_second_ms > other_ms / k_second_ms; }

CertificateFields authority_fields(const std::string& common_name, const Validity& validity) {
  CertificateFields fields;
  // Cut if it must be: nothing depends on it but that root and issuing authority differ.
  fields.common_name = common_name.substr(0, k_max_common_name_size_bytes);
  fields.authority = true;
  fields.not_before_ms = validity.not_before_ms;
  fields.not_after_ms = validity.not_after_ms;
  return fields;
}

CertificateFields node_fields(const std::string& overlay_name, const NodeRequest& request) {
  CertificateFields fields;
  for (const NodeId& node : request.nodes)
    fields.alternative_names.push_back(
        {AlternativeName::Type::uri, security::reload_uri(node, overlay_name)});
  fields.alternative_names.push_back({AlternativeName::Type::email, request.user_name});
  fields.not_before_ms = request.validity.not_before_ms;
  fields.not_after_ms = request.validity.not_after_ms;
  return fields;
}

bool is_key_of(const enrolld::SigningKey& key, const X509Ptr& certificate) {
  const Key certified(X509_get_pubkey(certificate.get()), EVP_PKEY_free);
  // By their encoding: a token's key cannot be compared otherwise.
  return certified && public_key_info_der(key.public_key()) == public_key_info_der(certified);
}

Outcome<> check_signed_by(const X509Ptr& certificate, const X509Ptr& issuer) {
  if (X509_check_issued(issuer.get(), certificate.get()) != X509_V_OK ||
      X509_verify(certificate.get(), X509_get0_pubkey(issuer.get())) != 1)
    return openssl_failure("the certificate is not of its issuer");
  return Done{};
}

// A chain is found by the issuer's name.
Result<Issuer> with_the_name_of(const Issuer& before, Result<Issuer> renewed) {
  if (!renewed) return renewed;
  if (X509_NAME_cmp(X509_get_subject_name(renewed->certificate.get()),
                    X509_get_subject_name(before.certificate.get())) != 0)
    return Failure{"the certificate was made elsewhere: renew it there, with the same key and name"};
  return renewed;
}

}  // namespace

Result<NodeId> random_node_id() {
  NodeId node;
  do {
    if (RAND_bytes(node.bytes.data(), static_cast<int>(node.bytes.size())) != 1)
      return Failure{"no random bytes from the system"};
  } while (node == k_no_node || node == wildcard_node());
  return node;
}

Result<Issuer> make_root(const std::string& overlay_name, const Validity& validity,
                         enrolld::SigningKeyPtr key) {
  if (auto good = check_overlay_name(overlay_name); !good) return good.error();
  auto made = make_certificate(authority_fields("Root of " + overlay_name, validity), key->public_key(),
                               nullptr, *key);
  if (!made) return made.error();
  return Issuer{std::move(key), std::move(*made)};
}

Result<Issuer> make_issuing(const std::string& overlay_name, const Issuer& root, const Validity& validity,
                            enrolld::SigningKeyPtr key) {
  if (auto good = check_overlay_name(overlay_name); !good) return good.error();
  if (!is_key_of(*root.key, root.certificate))
    return Failure{"root key and root certificate do not belong together"};
  const auto root_end_ms = services::not_after_ms(root.certificate);
  if (!root_end_ms) return root_end_ms.error();
  if (outlives(validity.not_after_ms, *root_end_ms))
    return Failure{"the issuing certificate would outlive the root"};
  auto fields = authority_fields("Issuing authority of " + overlay_name, validity);
  fields.path_length = 0;
  auto made = make_certificate(fields, key->public_key(), root.certificate, *root.key);
  if (!made) return made.error();
  return Issuer{std::move(key), std::move(*made)};
}

Result<Issuer> renew_root(const std::string& overlay_name, const Issuer& before, const Validity& validity) {
  if (!is_key_of(*before.key, before.certificate))
    return Failure{"root key and root certificate do not belong together"};
  return with_the_name_of(before, make_root(overlay_name, validity, before.key));
}

Result<Issuer> renew_issuing(const std::string& overlay_name, const Issuer& root, const Issuer& before,
                             const Validity& validity) {
  if (!is_key_of(*before.key, before.certificate))
    return Failure{"the issuing key and its certificate do not belong together"};
  return with_the_name_of(before, make_issuing(overlay_name, root, validity, before.key));
}

Authority::Authority(std::string overlay_name, X509Ptr root, Issuer issuing, WallMs not_after_ms)
    : overlay_name_(std::move(overlay_name)),
      root_(std::move(root)),
      issuing_(std::move(issuing)),
      not_after_ms_(not_after_ms) {
  if (X509_cmp(root_.get(), issuing_.certificate.get()) != 0)
    intermediates_der_.push_back(certificate_der(issuing_.certificate));
}

Result<Authority> Authority::make(std::string overlay_name, X509Ptr root, Issuer issuing) {
  if (auto good = check_overlay_name(overlay_name); !good) return good.error();
  if (!is_key_of(*issuing.key, issuing.certificate))
    return Failure{"the issuing key and its certificate do not belong together"};
  for (const X509Ptr& certificate : {root, issuing.certificate}) {
    if (X509_check_ca(certificate.get()) != 1) return Failure{"a certificate of no authority"};
    if (auto good = check_signed_by(certificate, root); !good)
      return Failure{"the issuing certificate is not of this root: " + good.error().reason};
  }
  const auto root_end_ms = services::not_after_ms(root);
  if (!root_end_ms) return root_end_ms.error();
  const auto issuing_end_ms = services::not_after_ms(issuing.certificate);
  if (!issuing_end_ms) return issuing_end_ms.error();
  return Authority(std::move(overlay_name), std::move(root), std::move(issuing),
                   std::min(*root_end_ms, *issuing_end_ms));
}

Result<NodeCertificate> Authority::certify(const NodeRequest& request, const Key& public_key) const {
  if (auto good = check_user_name(request.user_name); !good) return good.error();
  if (auto good = check_nodes(request.nodes); !good) return good.error();
  if (auto good = check_public_key(public_key); !good) return good.error();
  if (outlives(request.validity.not_after_ms, not_after_ms_))
    return Failure{"the certificate would outlive the authority's"};
  auto fields = node_fields(overlay_name_, request);
  if (!root_issues()) fields.issuer_url = issuer_url_;
  const auto x509 = make_certificate(fields, public_key, issuing_.certificate, *issuing_.key);
  if (!x509) return x509.error();
  // A token may fail to sign and not say so; and what peers would refuse shall not go out.
  if (auto good = check_signed_by(*x509, issuing_.certificate); !good) return good.error();
  auto certificate = security::Certificate::parse(certificate_der(*x509));
  if (!certificate) return certificate.error();
  NodeCertificate out{std::move(*certificate), services::serial_hex(*x509), services::certificate_pem(*x509)};
  if (!root_issues()) out.chain_pem += services::certificate_pem(issuing_.certificate);
  return out;
}

Result<NodeCredentials> Authority::issue(const NodeRequest& request, KeyType key_type) const {
  auto key = make_key(key_type);
  if (!key) return key.error();
  auto made = certify(request, *key);
  if (!made) return made.error();
  auto key_pem = write_key(*key);
  if (!key_pem) return key_pem.error();
  return NodeCredentials{std::move(*key_pem), std::move(made->chain_pem)};
}

}  // namespace ringway::services
