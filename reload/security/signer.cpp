#include "reload/security/signer.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

namespace ringway::security {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using MdContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

Bio memory_bio(std::string_view text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free};
}

class KeySigner : public Signer {
 public:
  KeySigner(std::shared_ptr<EVP_PKEY> key, CertificatePtr certificate, std::vector<SharedBytes> chain,
            NodeId node)
      : key_(std::move(key)),
        certificate_(std::move(certificate)),
        chain_(std::move(chain)),
        node_(node),
        identity_(make_identity(*certificate_, node)),
        identity_wire_(wire::encode(identity_)),
        algorithm_(EVP_PKEY_is_a(key_.get(), "RSA") == 1 ? wire::SignatureAlgorithm::rsa
                                                         : wire::SignatureAlgorithm::ecdsa),
        prepared_(prepared_for(key_.get())) {}

  const CertificatePtr& certificate() const override { return certificate_; }
  NodeId node_id() const override { return node_; }
  const std::vector<SharedBytes>& chain_der() const override { return chain_; }

  wire::Signature sign(BytesView input) const override {
    Bytes whole = copy_of(input);
    append(whole, identity_wire_);
    return sign_exact(whole);
  }

  wire::Signature sign_exact(BytesView input) const override {
    wire::Signature out;
    out.hash = wire::HashAlgorithm::sha256;
    out.algorithm = algorithm_;
    out.identity = identity_;
    out.identity_wire = identity_wire_;
    out.value = SharedBytes(sign_bytes(input));
    return out;
  }

 private:
  // Empty when OpenSSL fails: such a signature is refused by everyone, ourselves included.
  Bytes sign_bytes(BytesView input) const {
    const MdContext context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    if (!context || !prepared_ || EVP_MD_CTX_copy_ex(context.get(), prepared_.get()) != 1) return {};
    Bytes signature(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())));
    std::size_t size = signature.size();
    if (EVP_DigestSign(context.get(), signature.data(), &size, input.data(), input.size()) != 1) return {};
    signature.resize(size);
    return signature;
  }

  static MdContext prepared_for(EVP_PKEY* key) {
    MdContext context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    if (context && EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1)
      context.reset();
    return context;
  }

  std::shared_ptr<EVP_PKEY> key_;
  CertificatePtr certificate_;
  std::vector<SharedBytes> chain_;
  NodeId node_;
  wire::SignerIdentity identity_;
  SharedBytes identity_wire_;
  wire::SignatureAlgorithm algorithm_;
  // Copied for each signature, never used itself: looking the algorithms up again costs a fifth of a
  // signature.
  const MdContext prepared_;
};

std::vector<SharedBytes> read_certificates(std::string_view pem) {
  std::vector<SharedBytes> all;
  const Bio bio = memory_bio(pem);
  while (X509* x509 = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    unsigned char* der = nullptr;
    const int size = i2d_X509(x509, &der);
    if (size > 0) {
      all.emplace_back(Bytes(der, der + size));
      OPENSSL_free(der);
    }
    X509_free(x509);
  }
  return all;
}

}  // namespace

Result<std::shared_ptr<const Signer>> load_signer(std::string_view private_key_pem,
                                                  std::string_view certificates_pem, const NodeId& node) {
  const Bio bio = memory_bio(private_key_pem);
  // No passphrase prompt: an encrypted key is refused.
  const auto no_passphrase = [](char*, int, int, void*) { return 0; };
  std::shared_ptr<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr),
                                EVP_PKEY_free);
  if (!key) return Failure{"private key: not an unencrypted PEM key"};
  auto ders = read_certificates(certificates_pem);
  if (ders.empty()) return Failure{"certificate: no PEM certificate found"};
  auto certificate = Certificate::parse(ders.front());
  if (!certificate) return certificate.error();
  if (EVP_PKEY_eq(key.get(), (*certificate)->public_key()) != 1)
    return Failure{"private key and certificate do not belong together"};
  const NodeId chosen = node == k_no_node ? (*certificate)->node_ids().front() : node;
  if (!(*certificate)->has_node_id(chosen))
    return Failure{"certificate: does not have Node-ID " + chosen.hex()};
  ders.erase(ders.begin());
  return std::shared_ptr<const Signer>(
      std::make_shared<KeySigner>(std::move(key), *certificate, std::move(ders), chosen));
}

wire::SignerIdentity make_identity(const Certificate& certificate, const NodeId& node) {
  wire::SignerIdentity identity;
  identity.hash = wire::HashAlgorithm::sha256;
  if (certificate.node_ids().size() == 1) {
    identity.type = wire::SignerIdentityType::cert_hash;
    identity.digest = SharedBytes(copy_of(certificate.sha256()));
    return identity;
  }
  identity.type = wire::SignerIdentityType::cert_hash_node_id;
  Bytes input = copy_of(node.view());
  append(input, certificate.der());
  Bytes digest(SHA256_DIGEST_LENGTH);
  SHA256(input.data(), input.size(), digest.data());
  identity.digest = SharedBytes(std::move(digest));
  return identity;
}

Bytes message_signature_input(std::uint32_t overlay, TransactionId transaction_id, BytesView contents_wire) {
  wire::Writer out;
  out.reserve(12 + contents_wire.size() + 64);
  out.u32(overlay);
  out.u64(transaction_id);
  out.raw(contents_wire);
  return out.take();
}

Bytes value_signature_input(const ResourceId& resource, KindId kind, std::uint64_t storage_time_ms,
                            wire::DataModel model, BytesView value_wire) {
  wire::Writer out;
  out.reserve(32 + value_wire.size() + 64);
  out.opaque(1, resource.view());  // with its length byte (AMB-02)
  out.u32(kind);
  out.u64(storage_time_ms);
  if (model == wire::DataModel::array && value_wire.size() >= 4) {
    out.u32(0);  // SEC-04, AMB-10
    out.raw(value_wire.subspan(4));
  } else {
    out.raw(value_wire);
  }
  return out.take();
}

wire::SecurityBlock make_security_block(const Signer& signer, BytesView signature_input,
                                        const std::vector<SharedBytes>& more_certificates_der) {
  wire::SecurityBlock block;
  const auto add = [&](const SharedBytes& der) {
    for (const auto& have : block.certificates)
      if (equal(have.der, der)) return;
    block.certificates.push_back({wire::CertificateType::x509, der});
  };
  add(signer.certificate()->der());
  for (const auto& der : signer.chain_der()) add(der);
  for (const auto& der : more_certificates_der) add(der);
  block.signature = signer.sign(signature_input);
  return block;
}

}  // namespace ringway::security
