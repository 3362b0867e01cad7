// The certificates of writers: the ones in use in memory, the others in the ValueStore, where they stay as
// long as their values (RFC 6940 §6.3.4, SEC-11).
#pragma once

#include <array>
#include <list>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "reload/data/value_store.hpp"
#include "reload/security/certificate.hpp"
#include "reload/security/scheme.hpp"

namespace ringway::data {

class CertificateShelf {
 public:
  // `own` may be null, then no certificate is this peer's own.
  CertificateShelf(std::shared_ptr<const ValueStore> store, security::CertificatePtr own,
                   security::SchemePtr scheme = nullptr, std::size_t max_certificates = 4096);

  // Null when it is nowhere.
  security::CertificatePtr find(BytesView sha256);
  // It and the intermediates that its chain needs, each in DER: what goes along with a value. Empty when it
  // is nowhere.
  std::vector<SharedBytes> with_chain(BytesView sha256);
  // The write that keeps a certificate and its chain until then, unless an earlier one does. A chain out of
  // bounds (security::chain_within_bounds) is left out.
  std::optional<KeepCertificate> keep(const security::CertificatePtr& certificate,
                                      const security::ChainPtr& chain, WallMs until_ms);
  // After a write has failed, or when the disk has lost something: what was kept is not certain any more, and
  // is kept anew with the next value of each writer.
  void forget_kept();

  // What was signed with the one before is found in the store, as anybody's.
  void set_own(security::CertificatePtr own) { own_ = std::move(own); }
  bool is_own(BytesView sha256) const { return own_ != nullptr && equal(own_->sha256(), sha256); }

 private:
  using Digest = std::array<std::uint8_t, 32>;
  struct DigestHash {
    std::size_t operator()(const Digest& digest) const noexcept;
  };
  struct Place {
    security::CertificatePtr certificate;
    security::ChainPtr chain;
    WallMs kept_until_ms = 0;
    std::list<Digest>::iterator recent;
  };
  const Place* look_up(BytesView sha256);
  Place& place(const Digest& digest, security::CertificatePtr certificate, security::ChainPtr chain);

  std::shared_ptr<const ValueStore> store_;
  security::CertificatePtr own_;
  security::SchemePtr scheme_;
  std::size_t max_certificates_;
  std::list<Digest> recent_;
  std::unordered_map<Digest, Place, DigestHash> places_;
};

// Gathers the certificates that records need in a message, chains included, each once, without the sender's
// own, which every message carries (SEC-10).
class CertificateSet {
 public:
  explicit CertificateSet(CertificateShelf& shelf) : shelf_(shelf) {}
  // False when the writer's certificate is nowhere, or cannot be read: then the record is not to be believed.
  bool add(const Record& record);
  std::size_t size_bytes() const { return size_bytes_; }
  std::vector<SharedBytes> take() { return std::move(der_); }

 private:
  void add(const SharedBytes& der);

  CertificateShelf& shelf_;
  std::vector<Bytes> seen_;  // of writers
  std::vector<SharedBytes> der_;
  std::size_t size_bytes_ = 0;
};

}  // namespace ringway::data
