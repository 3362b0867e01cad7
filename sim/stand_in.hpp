// A stand-in for certificates and signatures, for simulations of very many peers: no key is made and nothing
// is signed, but whatever is forged or changed is refused as with the real ones. A certificate is a statement
// with the keyed hash of the authority; a signature is a keyed hash of what is signed under the Node-ID of
// the signer. Who is inside the simulation does not know the key; who writes a liar for it must not use it.
//
// Both are as long as real ones (ECDSA P-256), so that traffic is what it would be.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <string>

#include "reload/security/scheme.hpp"
#include "reload/security/signer.hpp"

namespace ringway::sim {

inline constexpr std::size_t k_stand_in_certificate_bytes = 480;
inline constexpr std::size_t k_stand_in_signature_bytes = 71;

class StandIn : public security::Scheme,
                public security::Certificate::Encoder,
                public std::enable_shared_from_this<StandIn> {
 public:
  StandIn(std::string overlay_name, WallMs now_ms, std::uint64_t seed);

  // As sim::Authority::issue() does: valid from an hour before, until `lifetime` after the authority was
  // made.
  std::shared_ptr<const security::Signer> issue(const std::string& user_name, const NodeId& node,
                                                std::chrono::hours lifetime) const;

  // security::Scheme
  Result<security::CertificatePtr> read_certificate(const SharedBytes& der) const override;
  Outcome<> vouched_for(const security::Certificate& certificate) const override;
  bool signature_good(const wire::Signature& signature, const security::Certificate& certificate,
                      BytesView signed_bytes) const override;

  // security::Certificate::Encoder. Of what this has issued: of what was read the bytes are kept as they
  // came, or everything would be vouched for.
  SharedBytes der_of(const security::Certificate& certificate) const override;

  // Of k_stand_in_signature_bytes.
  Bytes sign(const NodeId& node, BytesView bytes) const;

 private:
  using Mac = std::array<std::uint8_t, 32>;
  Mac mac(BytesView purpose, BytesView bytes) const;
  SharedBytes encode(const security::Certificate::Statement& statement) const;

  std::string overlay_name_;
  WallMs now_ms_;
  std::array<std::uint8_t, 32> key_{};
};

}  // namespace ringway::sim
