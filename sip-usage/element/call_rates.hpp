// How fast users of this peer are called from other peers and from outside. Whoever sends a popular address's
// calls on to somebody else (RFC 7904 §8.2.2) needs nobody's consent for it: where they end up is the place
// at which they can be counted. One caller's peer, or one address outside, gets half of what an address
// takes, so that no single one keeps all others away.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "reload/table_size.hpp"
#include "reload/time.hpp"
#include "sip-usage/registration/address.hpp"

namespace ringway::sip::element {

inline constexpr std::size_t k_max_call_rates = 4096;  // callers of addresses here; past it they are refused
inline constexpr unsigned k_call_burst_s = 3;          // so many seconds' calls may come at once

class CallRates {
 public:
  // Calls a second that one address takes; 0: as many as come.
  explicit CallRates(unsigned calls_per_second) : calls_per_second_(calls_per_second) {}

  // False: it is one too many. `sender` is what counts as one.
  bool take(MonoTime now, const Aor& callee, const std::string& sender);
  TableSize size() const {
    return {"callers of users of the SIP element", of_sender_.size(), k_max_call_rates};
  }

 private:
  struct Bucket {
    Duration owed{0};  // what the calls until then have cost, and time has not paid
    MonoTime at;
  };
  Duration owed(MonoTime now, const Bucket& bucket) const;
  bool has_room(MonoTime now, const Bucket& bucket, Duration cost) const;
  void sweep(MonoTime now);

  unsigned calls_per_second_;
  std::map<Aor, Bucket> of_callee_;  // no more than the users here
  std::map<std::pair<Aor, std::string>, Bucket> of_sender_;
  MonoTime swept_at_;
};

}  // namespace ringway::sip::element
