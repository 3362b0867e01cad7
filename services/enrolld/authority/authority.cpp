#include "services/enrolld/authority/authority.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <algorithm>

#include "reload/security/certificate.hpp"

namespace ringway::services {
namespace {

constexpr std::size_t k_max_name_size_bytes = 253;       // of a domain (RFC 1035 §2.3.4)
constexpr std::size_t k_max_local_part_size_bytes = 64;  // RFC 5321 §4.5.3.1.1
constexpr std::size_t k_max_label_size_bytes = 63;
// atext of RFC 5322 §3.2.3, less "/", which ends the owner part of a key (docs/extensions.md).
constexpr std::string_view k_local_part_marks = "!#$%&'*+-=?^_`{|}~.";

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= k_max_label_size_bytes && label.front() != '-' &&
         label.back() != '-' &&
         std::all_of(label.begin(), label.end(), [](char c) { return is_letter_or_digit(c) || c == '-'; });
}

bool is_domain(std::string_view name) {
  if (name.empty() || name.size() > k_max_name_size_bytes) return false;
  for (;;) {
    const std::size_t dot = name.find('.');
    if (!is_label(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

bool is_local_part(std::string_view part) {
  if (part.empty() || part.size() > k_max_local_part_size_bytes) return false;
  if (part.front() == '.' || part.back() == '.' || part.find("..") != std::string_view::npos) return false;
  return std::all_of(part.begin(), part.end(), [](char c) {
    return is_letter_or_digit(c) || k_local_part_marks.find(c) != std::string_view::npos;
  });
}

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

Result<X509Ptr> make_root(const std::string& overlay_name, const Key& key, const Validity& validity) {
  CertificateFields fields;
  // A common name has at most 64 characters (RFC 5280 A.1); nothing depends on it.
  fields.common_name = ("Root of " + overlay_name).substr(0, 64);
  fields.authority = true;
  fields.not_before_ms = validity.not_before_ms;
  fields.not_after_ms = validity.not_after_ms;
  return make_certificate(fields, key, nullptr, key);
}

}  // namespace

Outcome<> check_user_name(std::string_view user_name) {
  const std::size_t at = user_name.find('@');
  if (at == std::string_view::npos) return Failure{"a user name has the form user@domain"};
  if (!is_local_part(user_name.substr(0, at)))
    return Failure{"the part before the @ may have letters, digits and " + std::string(k_local_part_marks)};
  if (!is_domain(user_name.substr(at + 1))) return Failure{"the part after the @ is not a domain name"};
  return Done{};
}

Outcome<> check_overlay_name(std::string_view overlay_name) {
  if (!is_domain(overlay_name)) return Failure{"an overlay's name is a domain name, as overlay.example.org"};
  return Done{};
}

Result<NodeId> random_node_id() {
  NodeId node;
  do {
    if (RAND_bytes(node.bytes.data(), static_cast<int>(node.bytes.size())) != 1)
      return Failure{"no random bytes from the system"};
  } while (node == k_no_node || node == wildcard_node());
  return node;
}

Result<Authority> Authority::make(std::string overlay_name, const Validity& validity) {
  if (auto good = check_overlay_name(overlay_name); !good) return good.error();
  auto key = make_key(KeyType::p256);
  if (!key) return key.error();
  auto root = make_root(overlay_name, *key, validity);
  if (!root) return root.error();
  return Authority(std::move(overlay_name), std::move(*key), std::move(*root));
}

Result<Authority> Authority::load(std::string overlay_name, std::string_view root_key_pem,
                                  std::string_view root_certificate_pem) {
  auto key = read_key(root_key_pem);
  if (!key) return Failure{"root key: " + key.error().reason};
  auto root = read_certificate(root_certificate_pem);
  if (!root) return Failure{"root certificate: " + root.error().reason};
  if (EVP_PKEY_eq(key->get(), X509_get0_pubkey(root->get())) != 1)
    return Failure{"root key and root certificate do not belong together"};
  return Authority(std::move(overlay_name), std::move(*key), std::move(*root));
}

Result<Authority> Authority::renewed(const Validity& validity) const {
  auto root = make_root(overlay_name_, root_key_, validity);
  if (!root) return root.error();
  // A chain is found by the issuer's name.
  if (X509_NAME_cmp(X509_get_subject_name(root->get()), X509_get_subject_name(root_.get())) != 0)
    return Failure{"the root certificate was made elsewhere: renew it there, with the same key and name"};
  return Authority(overlay_name_, root_key_, std::move(*root));
}

Result<NodeCredentials> Authority::issue(const NodeRequest& request) const {
  auto key = make_key(request.key_type);
  if (!key) return key.error();
  auto certificate = certify(request, *key);
  if (!certificate) return certificate.error();
  auto key_pem = write_key(*key);
  if (!key_pem) return key_pem.error();
  return NodeCredentials{std::move(*key_pem), std::move(*certificate)};
}

Result<std::string> Authority::certify(const NodeRequest& request, const Key& key) const {
  if (auto good = check_user_name(request.user_name); !good) return good.error();
  if (auto good = check_nodes(request.nodes); !good) return good.error();
  CertificateFields fields;
  for (const NodeId& node : request.nodes) {
    fields.alternative_names.push_back(
        {AlternativeName::Type::uri, security::reload_uri(node, overlay_name_)});
  }
  fields.alternative_names.push_back({AlternativeName::Type::email, request.user_name});
  fields.not_before_ms = request.validity.not_before_ms;
  fields.not_after_ms = request.validity.not_after_ms;
  const auto certificate = make_certificate(fields, key, root_, root_key_);
  if (!certificate) return certificate.error();
  return services::certificate_pem(*certificate);
}

}  // namespace ringway::services
