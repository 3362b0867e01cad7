// One allocation as the control path keeps it (RFC 8656 §6).
#pragma once

#include <optional>
#include <vector>

#include "relay/authentication.hpp"
#include "relay/events.hpp"
#include "relay/path/lane.hpp"
#include "reload/stun/message.hpp"

namespace ringway::relay {

struct Allocation {
  AllocationId id = 0;
  ClientPath path;
  Identity identity;
  stun::TransactionId transaction{};  // of the Allocate: a copy of that gets the same answer (§7.2)
  bool with_fingerprint = false;
  bool is_open = false;  // its sockets are
  std::vector<stun::Family> families;
  std::optional<stun::Family> missing_family;  // asked for as an additional one, and not to be had
  std::vector<stun::Address> relayed;
  std::optional<ReservationToken> reserved;
  MonoTime expires;
  // The same as the threads that relay have; here it says what may be installed.
  Lane installed;

  bool has(stun::Family family) const;
};

}  // namespace ringway::relay
