#include "tests/support/test_authority.hpp"

#include <cstdio>
#include <cstdlib>

namespace ringway::test {
namespace {

constexpr WallMs k_day_ms = 24ULL * 3600 * 1000;

// The value, or the end of the test program: there is nothing to test without it.
template <typename T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "test authority: %s\n", result.error().reason.c_str());
    std::abort();
  }
  return std::move(result).value();
}

// The root issues itself.
services::Authority root_authority(std::string overlay_name, const services::Key& key) {
  auto root =
      must(services::make_root(overlay_name, {k_not_before_ms, k_not_after_ms}, enrolld::signing_key(key)));
  return must(services::Authority::make(std::move(overlay_name), root.certificate, root));
}

}  // namespace

NodeId node_id(std::uint8_t first, std::uint8_t last) {
  NodeId node;
  node.bytes.front() = first;
  node.bytes.back() = last;
  return node;
}

TestAuthority::TestAuthority(std::string overlay_name)
    : root_key_(new_key()), authority_(root_authority(std::move(overlay_name), root_key_)) {}

security::TrustSettings TestAuthority::trust_settings() const {
  security::TrustSettings settings;
  settings.overlay_name = overlay_name();
  settings.root_certificates_der = {root_der()};
  return settings;
}

security::TrustPtr TestAuthority::trust(std::set<NodeId> bad_nodes) const {
  auto settings = trust_settings();
  settings.bad_nodes = std::move(bad_nodes);
  return must(security::Trust::make(std::move(settings)));
}

Credentials TestAuthority::credentials(const std::string& user, const NodeId& node,
                                       const IssueOptions& options) const {
  services::NodeRequest request{user, {node}, options.validity};
  request.nodes.insert(request.nodes.end(), options.more_nodes.begin(), options.more_nodes.end());
  auto issued = must(authority_.issue(request, options.key_type));
  auto signer = must(security::load_signer(issued.private_key_pem, issued.certificate_pem, node));
  return {std::move(issued.private_key_pem), std::move(issued.certificate_pem), std::move(signer)};
}

SignerPtr TestAuthority::issue(const std::string& user, const NodeId& node,
                               const IssueOptions& options) const {
  return credentials(user, node, options).signer;
}

SignerPtr TestAuthority::issue_rsa(const std::string& user, const NodeId& node) const {
  IssueOptions options;
  options.key_type = services::KeyType::rsa2048;
  return issue(user, node, options);
}

SignerPtr TestAuthority::issue_through(std::size_t intermediates, const std::string& user,
                                       const NodeId& node) const {
  services::CertificateFields fields;
  fields.not_before_ms = k_not_before_ms;
  fields.not_after_ms = k_not_after_ms;
  services::X509Ptr issuer = authority_.root();
  services::Key issuer_key = root_key_;
  std::string chain_pem;  // the root's end first, so each goes before what is there
  for (std::size_t i = 0; i < intermediates; ++i) {
    fields.authority = true;
    fields.common_name = "intermediate " + std::to_string(i);
    const auto made = custom_certificate(fields, new_key(), issuer, issuer_key);
    chain_pem.insert(0, services::certificate_pem(made.x509));
    issuer = made.x509;
    issuer_key = made.key;
  }
  fields.authority = false;
  fields.common_name.clear();
  fields.alternative_names = {
      {services::AlternativeName::Type::uri, security::reload_uri(node, overlay_name())},
      {services::AlternativeName::Type::email, user}};
  const auto leaf = custom_certificate(fields, new_key(), issuer, issuer_key);
  return must(security::load_signer(must(services::write_key(leaf.key)),
                                    services::certificate_pem(leaf.x509) + chain_pem, node));
}

SignerPtr TestAuthority::issue_expired(const std::string& user, const NodeId& node) const {
  IssueOptions options;
  options.validity = {k_not_before_ms, k_now_ms - k_day_ms};
  return issue(user, node, options);
}

SignerPtr TestAuthority::issue_not_yet_valid(const std::string& user, const NodeId& node) const {
  IssueOptions options;
  options.validity = {k_now_ms + k_day_ms, k_not_after_ms};
  return issue(user, node, options);
}

services::Key new_key(services::KeyType type) { return must(services::make_key(type)); }

CustomCertificate custom_certificate(const services::CertificateFields& fields, const services::Key& key,
                                     const services::X509Ptr& issuer, const services::Key& issuer_key) {
  auto x509 = must(services::make_certificate(fields, key, issuer, issuer_key));
  auto der = services::certificate_der(x509);
  return {key, std::move(x509), std::move(der)};
}

Credentials self_signed(const std::string& user, const std::string& overlay_name,
                        security::SelfSignedDigest digest, std::size_t count) {
  const services::Key key = new_key();
  const Bytes key_info = services::public_key_info_der(key);
  services::CertificateFields fields;
  for (std::size_t i = 1; i <= count; ++i) {
    const NodeId node = security::self_signed_node_id(key_info, digest, static_cast<std::uint32_t>(i), count);
    fields.alternative_names.push_back(
        {services::AlternativeName::Type::uri, security::reload_uri(node, overlay_name)});
  }
  fields.alternative_names.push_back({services::AlternativeName::Type::email, user});
  fields.not_before_ms = k_not_before_ms;
  fields.not_after_ms = k_not_after_ms;
  const auto made = custom_certificate(fields, key, nullptr, key);
  std::string key_pem = must(services::write_key(key));
  std::string pem = services::certificate_pem(made.x509);
  auto signer = must(security::load_signer(key_pem, pem));
  return {std::move(key_pem), std::move(pem), std::move(signer)};
}

}  // namespace ringway::test
