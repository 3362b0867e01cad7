// Making signatures: a node's key and certificate (RFC 6940 §6.3.4, §7.1). The key never leaves this class.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/ids.hpp"
#include "reload/result.hpp"
#include "reload/security/certificate.hpp"
#include "reload/wire/message.hpp"
#include "reload/wire/storage_bodies.hpp"

namespace ringway::security {

// Injected wherever something is signed. Safe to call from several threads at once.
class Signer {
 public:
  virtual ~Signer() = default;
  virtual const CertificatePtr& certificate() const = 0;
  virtual NodeId node_id() const = 0;  // the Node-ID this signer acts as
  // Intermediate certificates that others need to reach the root; usually empty.
  virtual const std::vector<SharedBytes>& chain_der() const = 0;
  // Signs `input ‖ identity` (identity as make_identity() gives it) and returns the whole Signature.
  virtual wire::Signature sign(BytesView input) const = 0;
  // Signs exactly `input`, as configuration documents are (AMB-31).
  virtual wire::Signature sign_exact(BytesView input) const = 0;
};

// A private key in memory (zeroed on destruction by OpenSSL) with its certificate, both PEM.
// ECDSA-P256-SHA256 or RSASSA-PKCS1-v1_5-SHA256 by the key's type. `node` picks one of several Node-IDs;
// all-zero means the first.
Result<std::shared_ptr<const Signer>> load_signer(std::string_view private_key_pem,
                                                  std::string_view certificates_pem,
                                                  const NodeId& node = k_no_node);

// cert_hash for a certificate with one Node-ID, cert_hash_node_id for one with several (SEC-06, SEC-07);
// SHA-256.
wire::SignerIdentity make_identity(const Certificate& certificate, const NodeId& node);

// What is signed for a message: overlay ‖ transaction_id ‖ MessageContents; the signer appends its identity
// (SEC-02).
Bytes message_signature_input(std::uint32_t overlay, TransactionId transaction_id, BytesView contents_wire);
// What is signed for a value: ResourceId ‖ kind ‖ storage_time ‖ StoredDataValue with index 0 for arrays
// (SEC-03, SEC-04). `value_wire` is the StoredDataValue as received or as encoded.
Bytes value_signature_input(const ResourceId& resource, KindId kind, std::uint64_t storage_time_ms,
                            wire::DataModel model, BytesView value_wire);

// SecurityBlock with this signer's certificate (and chain), the certificates given besides, and the
// signature.
wire::SecurityBlock make_security_block(const Signer& signer, BytesView signature_input,
                                        const std::vector<SharedBytes>& more_certificates_der);

}  // namespace ringway::security
