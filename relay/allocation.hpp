// One allocation as the control path keeps it (RFC 8656 §6).
#pragma once

#include <optional>
#include <vector>

#include "relay/authentication.hpp"
#include "relay/events.hpp"
#include "relay/path/lane.hpp"
#include "reload/stun/message.hpp"

namespace ringway::relay {

// §8.1: each has its own time, which its client may end or extend alone.
struct RelayedAddress {
  stun::Address at;
  MonoTime expires;
};

struct Allocation {
  AllocationId id = 0;
  ClientPath path;
  Identity identity;
  stun::TransactionId transaction{};  // of the Allocate: a copy of that gets the same answer (§7.2)
  bool with_fingerprint = false;
  bool is_open = false;  // its sockets are
  std::vector<stun::Family> families;
  std::optional<stun::Family> missing_family;  // asked for as an additional one, and not to be had
  std::vector<RelayedAddress> relayed;         // while it is open: one of each family that it has
  std::optional<ReservationToken> reserved;
  MonoTime expires;  // of its relayed addresses, the first to end
  // The same as the threads that relay have; here it says what may be installed.
  Lane installed;

  bool has(stun::Family family) const;
  // Against bounds and quotas an address counts as one, so that of both families is two.
  std::size_t held() const { return is_open ? relayed.size() : families.size(); }
};

}  // namespace ringway::relay
