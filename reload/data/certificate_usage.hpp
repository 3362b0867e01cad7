// The Certificate Store usage (RFC 6940 §8): this peer's certificate is kept in the overlay under its user
// name and under its Node-ID, and those of its further users likewise, signed and sent as each of them; those
// of others are found there. A value is the certificate in DER (AMB-29).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "reload/data/messages.hpp"
#include "reload/data/peer_data.hpp"
#include "reload/data/user_signers.hpp"

namespace ringway::data {

// Numbers of the requests made here; those of calls are smaller.
inline constexpr std::uint64_t k_first_certificate_request = std::uint64_t{1} << 63U;
// Looked after at the same time: nobody waits for it, and a gateway has many.
inline constexpr std::size_t k_most_certificates_at_once = 4;

class CertificateUsage {
 public:
  explicit CertificateUsage(PeerData& data);

  // The ring or the configuration is another one: what is stored is looked after anew.
  void changed(const Now& now);
  // The peer's signer, or those of its further users. A new certificate goes to the end of the lists; the old
  // one stays until it ends.
  void signers_changed(const Now& now);
  void find(const FindCertificates& what, StorageOutputs& out);
  // False when it is not about a request made here.
  bool request_done(const Now& now, const routing::RequestDone& done, StorageOutputs& out);
  void on_timer(const Now& now, StorageOutputs& out);
  std::optional<MonoTime> next_deadline() const;

 private:
  using SignerPtr = UserSigners::SignerPtr;
  // One of the two places of a certificate.
  struct Place {
    std::size_t index = 0;  // in places_
    KindAt at;
    SignerPtr signer;
    std::uint64_t request = 0;  // under way
    bool storing = false;
    unsigned attempts = 0;
    std::optional<MonoTime> due;
  };
  struct Search {
    std::uint64_t token = 0;
    CertificatesOf of;
    KindAt at;
  };

  void add_places(const SignerPtr& signer, std::map<KindAt, Place>& before);
  void plan(Place& place, std::optional<MonoTime> due);
  void ask(Place& place, routing::SendRequest request, bool storing, StorageOutputs& out);
  void look_after(const Now& now, Place& place, StorageOutputs& out);
  void compare(const Now& now, Place& place, const security::InspectedMessage& message, StorageOutputs& out);
  void store(const Now& now, Place& place, std::uint32_t index, std::uint64_t previous_ms,
             StorageOutputs& out);
  void try_again(const Now& now, Place& place, wire::ErrorCode code);
  void found(const Now& now, const Search& search, const routing::RequestDone& done,
             StorageOutputs& out) const;
  std::vector<security::CertificatePtr> good_ones(const Now& now, const Search& search,
                                                  const security::InspectedMessage& message) const;
  routing::SendRequest request(const KindAt& at, wire::MessageCode code, Bytes body);
  routing::SendRequest fetch(const KindAt& at);

  PeerData& data_;
  std::uint64_t last_request_ = k_first_certificate_request;
  std::vector<Place> places_;  // the peer's own first
  std::set<std::pair<MonoTime, std::size_t>> due_;
  std::unordered_map<std::uint64_t, std::size_t> under_way_;  // requests of places
  std::unordered_map<std::uint64_t, Search> searches_;
};

}  // namespace ringway::data
