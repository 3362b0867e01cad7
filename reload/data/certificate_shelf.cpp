#include "reload/data/certificate_shelf.hpp"

#include <algorithm>
#include <cstring>

namespace ringway::data {

namespace {

// Kept for longer than asked, so that a writer's next values need no write for its certificate.
constexpr WallMs k_keep_longer_ms = WallMs{24} * 3600 * 1000;
// In a SecurityBlock: type and length (RFC 6940 §6.3.4).
constexpr std::size_t k_certificate_framing_bytes = 3;

template <typename Digest>
std::optional<Digest> digest_of(BytesView sha256) {
  Digest digest{};
  if (sha256.size() != digest.size()) return std::nullopt;
  std::copy(sha256.begin(), sha256.end(), digest.begin());
  return digest;
}

}  // namespace

std::size_t CertificateShelf::DigestHash::operator()(const Digest& digest) const noexcept {
  std::size_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof hash);
  return hash;
}

CertificateShelf::CertificateShelf(std::shared_ptr<const ValueStore> store, security::CertificatePtr own,
                                   std::size_t max_certificates)
    : store_(std::move(store)), own_(std::move(own)), max_certificates_(max_certificates) {}

security::CertificatePtr CertificateShelf::find(BytesView sha256) {
  if (is_own(sha256)) return own_;
  const auto digest = digest_of<Digest>(sha256);
  if (!digest) return nullptr;
  const auto found = places_.find(*digest);
  if (found != places_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second.recent);
    return found->second.certificate;
  }
  const auto stored = store_->certificate(sha256);
  if (!stored || !*stored) return nullptr;
  auto certificate = security::Certificate::parse(**stored);
  if (!certificate) return nullptr;
  return place(*digest, std::move(*certificate)).certificate;
}

std::optional<KeepCertificate> CertificateShelf::keep(const security::CertificatePtr& certificate,
                                                      WallMs until_ms) {
  const auto digest = digest_of<Digest>(certificate->sha256());
  if (!digest) return std::nullopt;
  Place& here = place(*digest, certificate);
  // Its values end with it (SEC-17).
  until_ms = std::min(until_ms, certificate->not_after_ms());
  if (until_ms <= here.kept_until_ms) return std::nullopt;
  here.kept_until_ms = std::min(until_ms + k_keep_longer_ms, certificate->not_after_ms());
  return KeepCertificate{copy_of(certificate->sha256()), certificate->der(), here.kept_until_ms};
}

void CertificateShelf::forget_kept() {
  for (auto& [digest, here] : places_) here.kept_until_ms = 0;
}

CertificateShelf::Place& CertificateShelf::place(const Digest& digest, security::CertificatePtr certificate) {
  const auto found = places_.find(digest);
  if (found != places_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second.recent);
    return found->second;
  }
  while (places_.size() >= max_certificates_ && !recent_.empty()) {
    places_.erase(recent_.back());
    recent_.pop_back();
  }
  recent_.push_front(digest);
  return places_.emplace(digest, Place{std::move(certificate), 0, recent_.begin()}).first->second;
}

void CertificateSet::add(const Record& record) {
  const Bytes& sha256 = record.signer_certificate_sha256;
  if (shelf_.is_own(sha256) || std::find(seen_.begin(), seen_.end(), sha256) != seen_.end()) return;
  const auto certificate = shelf_.find(sha256);
  if (!certificate) return;
  seen_.push_back(sha256);
  der_.push_back(certificate->der());
  size_bytes_ += k_certificate_framing_bytes + certificate->der().size();
}

}  // namespace ringway::data
