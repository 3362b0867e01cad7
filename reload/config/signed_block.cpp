#include "reload/config/signed_block.hpp"

#include <algorithm>

#include "reload/security/verify.hpp"

namespace ringway::config {
namespace {

struct Claim {
  wire::Signature signature;
  security::CertificatePtr certificate;
  NodeId node;
  std::vector<SharedBytes> certificates_der;
};

Result<Claim> read_claim(const Bytes& block_wire) {
  auto block = wire::decode<wire::SecurityBlock>(SharedBytes(block_wire));
  if (!block) return Failure{"a signature that is not a SecurityBlock: " + block.error().reason};
  Claim claim;
  for (const auto& carried : block->certificates) claim.certificates_der.push_back(carried.der);
  claim.signature = std::move(block->signature);
  for (const auto& der : claim.certificates_der) {
    auto certificate = security::Certificate::parse(der);
    if (!certificate) continue;  // an intermediate
    const auto node = security::identity_names(claim.signature.identity, **certificate);
    if (!node) continue;
    claim.certificate = std::move(*certificate);
    claim.node = *node;
    return claim;
  }
  return Failure{"a signature whose certificate is missing"};
}

}  // namespace

Bytes sign_element(const security::Signer& signer, BytesView element) {
  wire::SecurityBlock block;
  block.certificates.push_back({wire::CertificateType::x509, signer.certificate()->der()});
  for (const auto& der : signer.chain_der()) block.certificates.push_back({wire::CertificateType::x509, der});
  block.signature = signer.sign_exact(element);
  return wire::encode(block);
}

Result<NodeId> check_element(BytesView element, const Bytes& block, const std::vector<NodeId>& signers,
                             const security::Trust& trust, WallMs now_ms) {
  const auto claim = read_claim(block);
  if (!claim) return claim.error();
  if (std::find(signers.begin(), signers.end(), claim->node) == signers.end())
    return Failure{"signed by " + claim->node.hex() + ", which is not a listed signer"};
  if (auto trusted = trust.check(*claim->certificate, claim->certificates_der, now_ms); !trusted)
    return trusted.error();
  if (!security::signature_good(claim->signature, *claim->certificate, element))
    return Failure{"the signature is wrong"};
  return claim->node;
}

Result<NodeId> claimed_signer(const Bytes& block) {
  const auto claim = read_claim(block);
  if (!claim) return claim.error();
  return claim->node;
}

}  // namespace ringway::config
