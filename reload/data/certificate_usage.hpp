// The Certificate Store usage (RFC 6940 §8): this peer's certificate is kept in the overlay under its user
// name and under its Node-ID, and those of others are found there. A value is the certificate in DER
// (AMB-29).
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "reload/data/messages.hpp"
#include "reload/data/peer_data.hpp"

namespace ringway::data {

// Numbers of the requests made here; those of calls are smaller.
inline constexpr std::uint64_t k_first_certificate_request = std::uint64_t{1} << 63U;

class CertificateUsage {
 public:
  explicit CertificateUsage(PeerData& data);

  // The ring, the configuration or the signer is another one: what is stored is looked after anew.
  void changed(const Now& now);
  // The new certificate goes to the end of the lists; the old one stays until it ends.
  void signer_changed(const Now& now);
  void find(const FindCertificates& what, StorageOutputs& out);
  // False when it is not about a request made here.
  bool request_done(const Now& now, const routing::RequestDone& done, StorageOutputs& out);
  void on_timer(const Now& now, StorageOutputs& out);
  std::optional<MonoTime> next_deadline() const;

 private:
  // One of the two places of this peer's certificate.
  struct Place {
    KindAt at;
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
  std::vector<Place> places_;
  std::unordered_map<std::uint64_t, Search> searches_;
};

}  // namespace ringway::data
