#include "services/enrolld/authority/self_signed.hpp"

#include <utility>

#include "services/enrolld/authority/names.hpp"
#include "services/enrolld/authority/x509_builder.hpp"

namespace ringway::services {

Result<NodeCertificate> self_certify(const SelfSignedRequest& request, const Key& key) {
  if (auto good = check_user_name(request.user_name); !good) return good.error();
  if (auto good = check_overlay_name(request.overlay_name); !good) return good.error();
  if (auto good = check_public_key(key); !good) return good.error();
  const NodeId node = security::self_signed_node_id(public_key_info_der(key), request.digest, 1, 1);
  CertificateFields fields;
  fields.alternative_names.push_back(
      {AlternativeName::Type::uri, security::reload_uri(node, request.overlay_name)});
  fields.alternative_names.push_back({AlternativeName::Type::email, request.user_name});
  fields.not_before_ms = request.validity.not_before_ms;
  fields.not_after_ms = request.validity.not_after_ms;
  const auto x509 = make_certificate(fields, key, nullptr, key);
  if (!x509) return x509.error();
  auto certificate = security::Certificate::parse(certificate_der(*x509));
  if (!certificate) return certificate.error();
  return NodeCertificate{std::move(*certificate), serial_hex(*x509), certificate_pem(*x509)};
}

Result<NodeCredentials> make_self_signed(const SelfSignedRequest& request) {
  const auto key = make_key(KeyType::p256);
  if (!key) return key.error();
  auto made = self_certify(request, *key);
  if (!made) return made.error();
  auto key_pem = write_key(*key);
  if (!key_pem) return key_pem.error();
  return NodeCredentials{std::move(*key_pem), std::move(made->chain_pem)};
}

}  // namespace ringway::services
