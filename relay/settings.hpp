// What an operator decides of a relay.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "relay/peer_policy.hpp"
#include "relay/reply_budget.hpp"
#include "reload/time.hpp"

namespace ringway::relay {

inline constexpr Duration k_default_lifetime{600'000};     // RFC 8656 §3.2
inline constexpr Duration k_max_lifetime{3'600'000};       // §7.2
inline constexpr Duration k_permission_lifetime{300'000};  // §9
inline constexpr Duration k_channel_lifetime{600'000};     // §12
inline constexpr Duration k_reservation_lifetime{30'000};  // §7.2
inline constexpr std::size_t k_max_reservations = 256;     // in all; another is answered with 508

struct Settings {
  std::string realm;
  bool has_ipv4 = false, has_ipv6 = false;  // of the addresses that it relays from
  // One of both families counts as two. 508 beyond; 486, where ports that it has reserved count.
  std::size_t max_allocations = 4096;
  std::size_t max_allocations_of_user = 64;
  PeerPolicy policy;
  // Of the host: nobody is a peer there, but for users of this relay at the address that it relays from
  // (TURN-11).
  std::vector<stun::IpAddress> own_addresses;
  ReplyLimits replies;
};

}  // namespace ringway::relay
