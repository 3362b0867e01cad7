// A node's certificate as RELOAD reads it (RFC 6940 §11.3): Node-IDs from reload URIs, the user from the
// rfc822Name. Parsed once, immutable, shared. Whether it is trusted is trust.hpp's question.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/ids.hpp"
#include "reload/result.hpp"
#include "reload/time.hpp"
#include "reload/wire/message.hpp"

// OpenSSL's types, so that this header needs none of its headers.
using X509 = struct x509_st;
using EVP_PKEY = struct evp_pkey_st;

namespace ringway::security {

inline constexpr std::size_t k_max_certificate_size_bytes = 8192;
inline constexpr std::size_t k_max_node_ids_per_certificate = 16;

class Certificate {
 public:
  // Reads one DER certificate: SubjectAltName with one or more reload URIs (each one node destination and the
  // same overlay name), exactly one rfc822Name, nothing else; empty subject; a P-256 or RSA (2048–4096 bits)
  // key.
  static Result<std::shared_ptr<const Certificate>> parse(const SharedBytes& der);

  // Makes a certificate's bytes whenever they are asked for, so that nobody has to keep them: a scheme's that
  // can (sim/stand_in.hpp).
  class Encoder {
   public:
    virtual ~Encoder() = default;
    virtual SharedBytes der_of(const Certificate& certificate) const = 0;
  };
  // What a certificate says, for a scheme that is not X.509 (scheme.hpp): it has no public key.
  struct Statement {
    SharedBytes der;
    NodeId node;
    std::string user_name;
    std::string overlay_name;
    WallMs not_before_ms = 0;
    WallMs not_after_ms = 0;
  };
  // With an encoder the bytes are not kept: it makes the same ones again.
  static std::shared_ptr<const Certificate> stating(Statement statement,
                                                    std::shared_ptr<const Encoder> encoder = nullptr);

  SharedBytes der() const { return encoder_ ? encoder_->der_of(*this) : der_; }
  const std::vector<NodeId>& node_ids() const { return node_ids_; }
  bool has_node_id(const NodeId& node) const;
  const std::string& user_name() const { return user_name_; }        // the rfc822Name
  const std::string& overlay_name() const { return overlay_name_; }  // from the reload URI
  WallMs not_before_ms() const { return not_before_ms_; }
  WallMs not_after_ms() const { return not_after_ms_; }
  bool valid_at(WallMs now_ms) const { return not_before_ms_ <= now_ms && now_ms <= not_after_ms_; }
  BytesView sha256() const { return sha256_; }  // of the DER bytes
  Bytes public_key_info_der() const;            // SubjectPublicKeyInfo
  // Null in a scheme that is not X.509, both of them.
  X509* x509() const { return x509_.get(); }
  EVP_PKEY* public_key() const { return key_.get(); }

 private:
  Certificate() = default;
  SharedBytes der_;  // empty when there is an encoder
  std::shared_ptr<const Encoder> encoder_;
  std::shared_ptr<X509> x509_;
  std::shared_ptr<EVP_PKEY> key_;
  std::vector<NodeId> node_ids_;
  std::string user_name_;
  std::string overlay_name_;
  WallMs not_before_ms_ = 0;
  WallMs not_after_ms_ = 0;
  std::array<std::uint8_t, 32> sha256_{};
};
using CertificatePtr = std::shared_ptr<const Certificate>;

// The intermediates between a certificate and its root, each in DER, the certificate's issuer first; null
// when there are none. Shared by all that the chain was needed for.
using ChainPtr = std::shared_ptr<const std::vector<SharedBytes>>;

// Certificates in DER, one directly after the other, apart again; what does not look like one ends the list.
std::vector<SharedBytes> split_certificates(const SharedBytes& ders);

// The reload URI of RFC 6940 §14.15 with one node destination: reload://0110<32 hex
// digits>@overlay.example.org/
std::string reload_uri(const NodeId& node, const std::string& overlay_name);
struct ReloadUri {
  wire::DestinationList destination_list;
  std::string overlay_name;
  Bytes specifier;  // after the "/", undecoded
};
Result<ReloadUri> parse_reload_uri(std::string_view uri);

// The Node-ID that a self-signed certificate must carry (RFC 6940 §11.3.1, AMB-37). `index` counts from 1 and
// is used when the certificate has several Node-IDs (`count` > 1).
enum class SelfSignedDigest { sha1, sha256 };
NodeId self_signed_node_id(BytesView public_key_info_der, SelfSignedDigest digest, std::uint32_t index,
                           std::size_t count);

}  // namespace ringway::security
