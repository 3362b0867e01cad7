#include "reload/data/certificate_shelf.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "reload/data/message_budget.hpp"
#include "reload/security/trust.hpp"

namespace ringway::data {

namespace {

// Kept for longer than asked, so that a writer's next values need no write for its certificate.
constexpr WallMs k_keep_longer_ms = WallMs{24} * 3600 * 1000;

template <typename Digest>
std::optional<Digest> digest_of(BytesView sha256) {
  Digest digest{};
  if (sha256.size() != digest.size()) return std::nullopt;
  std::copy(sha256.begin(), sha256.end(), digest.begin());
  return digest;
}

security::ChainPtr chain_of(std::vector<SharedBytes> ders) {
  if (ders.empty()) return nullptr;
  return std::make_shared<const std::vector<SharedBytes>>(std::move(ders));
}

bool equal_chains(const security::ChainPtr& a, const security::ChainPtr& b) {
  if (a == b) return true;
  if (a == nullptr || b == nullptr) return false;
  return std::equal(a->begin(), a->end(), b->begin(), b->end(),
                    [](const SharedBytes& x, const SharedBytes& y) { return equal(x, y); });
}

// As it is kept: the certificate, then its chain.
SharedBytes joined(const SharedBytes& der, const security::ChainPtr& chain) {
  if (chain == nullptr) return der;
  Bytes out = copy_of(der);
  for (const SharedBytes& one : *chain) append(out, one);
  return SharedBytes{std::move(out)};
}

}  // namespace

std::size_t CertificateShelf::DigestHash::operator()(const Digest& digest) const noexcept {
  std::size_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof hash);
  return hash;
}

CertificateShelf::CertificateShelf(std::shared_ptr<const ValueStore> store, security::CertificatePtr own,
                                   security::SchemePtr scheme, std::size_t max_certificates)
    : store_(std::move(store)),
      own_(std::move(own)),
      scheme_(std::move(scheme)),
      max_certificates_(max_certificates) {}

security::CertificatePtr CertificateShelf::find(BytesView sha256) {
  if (is_own(sha256)) return own_;
  const Place* here = look_up(sha256);
  return here == nullptr ? nullptr : here->certificate;
}

std::vector<SharedBytes> CertificateShelf::with_chain(BytesView sha256) {
  const Place* here = look_up(sha256);
  if (here == nullptr) return {};
  std::vector<SharedBytes> out{here->certificate->der()};
  if (here->chain) out.insert(out.end(), here->chain->begin(), here->chain->end());
  return out;
}

const CertificateShelf::Place* CertificateShelf::look_up(BytesView sha256) {
  const auto digest = digest_of<Digest>(sha256);
  if (!digest) return nullptr;
  const auto found = places_.find(*digest);
  if (found != places_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second.recent);
    return &found->second;
  }
  const auto stored = store_->certificate(sha256);
  if (!stored || !*stored) return nullptr;
  auto ders = security::split_certificates(**stored);
  if (ders.empty()) return nullptr;
  auto certificate = security::read_certificate(scheme_, ders.front());
  if (!certificate) return nullptr;
  ders.erase(ders.begin());
  return &place(*digest, std::move(*certificate), chain_of(std::move(ders)));
}

std::optional<KeepCertificate> CertificateShelf::keep(const security::CertificatePtr& certificate,
                                                      const security::ChainPtr& chain, WallMs until_ms) {
  const auto digest = digest_of<Digest>(certificate->sha256());
  if (!digest) return std::nullopt;
  const auto bounded = chain && security::chain_within_bounds(*chain) ? chain : nullptr;
  Place& here = place(*digest, certificate, bounded);
  // Its values end with it (SEC-17).
  until_ms = std::min(until_ms, certificate->not_after_ms());
  // The chain that is good now replaces the one before: an intermediate may have been renewed.
  const bool same_chain = equal_chains(here.chain, bounded);
  if (until_ms <= here.kept_until_ms && same_chain) return std::nullopt;
  here.chain = bounded;
  const WallMs longer_ms = std::min(until_ms + k_keep_longer_ms, certificate->not_after_ms());
  here.kept_until_ms = std::max(here.kept_until_ms, longer_ms);
  return KeepCertificate{copy_of(certificate->sha256()), joined(certificate->der(), bounded),
                         here.kept_until_ms};
}

void CertificateShelf::forget_kept() {
  for (auto& [digest, here] : places_) here.kept_until_ms = 0;
}

CertificateShelf::Place& CertificateShelf::place(const Digest& digest, security::CertificatePtr certificate,
                                                 security::ChainPtr chain) {
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
  return places_.emplace(digest, Place{std::move(certificate), std::move(chain), 0, recent_.begin()})
      .first->second;
}

bool CertificateSet::add(const Record& record) {
  const Bytes& sha256 = record.signer_certificate_sha256;
  if (shelf_.is_own(sha256) || std::find(seen_.begin(), seen_.end(), sha256) != seen_.end()) return true;
  const auto ders = shelf_.with_chain(sha256);
  if (ders.empty()) return false;
  seen_.push_back(sha256);
  for (const SharedBytes& der : ders) add(der);
  return true;
}

// Writers often have their intermediates in common.
void CertificateSet::add(const SharedBytes& der) {
  const auto same = [&](const SharedBytes& other) { return equal(other, der); };
  if (std::any_of(der_.begin(), der_.end(), same)) return;
  der_.push_back(der);
  size_bytes_ += k_certificate_framing_bytes + der.size();
}

}  // namespace ringway::data
