#include "reload/security/verify.hpp"

#include <openssl/evp.h>

#include "reload/security/signer.hpp"

namespace ringway::security {

std::optional<NodeId> identity_names(const wire::SignerIdentity& identity, const Certificate& certificate) {
  if (identity.hash != wire::HashAlgorithm::sha256) return std::nullopt;
  const bool several = certificate.node_ids().size() > 1;
  if (identity.type == wire::SignerIdentityType::cert_hash) {
    if (several || !equal(identity.digest, certificate.sha256())) return std::nullopt;
    return certificate.node_ids().front();
  }
  if (identity.type != wire::SignerIdentityType::cert_hash_node_id || !several) return std::nullopt;
  for (const NodeId& node : certificate.node_ids())
    if (equal(make_identity(certificate, node).digest, identity.digest)) return node;
  return std::nullopt;
}

bool signature_good(const wire::Signature& signature, const Certificate& certificate,
                    BytesView signed_bytes) {
  if (signature.hash != wire::HashAlgorithm::sha256) return false;
  const bool rsa = EVP_PKEY_is_a(certificate.public_key(), "RSA") == 1;
  const auto wanted = rsa ? wire::SignatureAlgorithm::rsa : wire::SignatureAlgorithm::ecdsa;
  if (signature.algorithm != wanted) return false;
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (!context ||
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, certificate.public_key()) != 1)
    return false;
  const BytesView value = signature.value;
  return EVP_DigestVerify(context.get(), value.data(), value.size(), signed_bytes.data(),
                          signed_bytes.size()) == 1;
}

}  // namespace ringway::security
