// What the registrar is told at its start, and the bounds of what it holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/result.hpp"
#include "reload/time.hpp"
#include "reload/wire/destination.hpp"
#include "sip-usage/message/name_addr.hpp"
#include "sip-usage/registrar/digest.hpp"
#include "sip-usage/registration/address.hpp"
#include "sip-usage/registration/gruu.hpp"

namespace ringway::sip::registrar {

inline constexpr std::size_t k_max_accounts = 1025;  // the peer's user and its further ones
// With those who are accounts no more and whose entries the overlay has not taken away yet.
inline constexpr std::size_t k_max_users = 2 * k_max_accounts;
inline constexpr std::size_t k_max_bindings_of_user = 16;
// What a user's bindings may say in all: they are listed in each answer, which has to fit into a message.
inline constexpr std::size_t k_max_binding_bytes_of_user = 16'384;
inline constexpr std::size_t k_max_paths = 8;            // of one REGISTER (RFC 3327)
inline constexpr std::size_t k_max_waiting_of_user = 8;  // REGISTERs that wait for the overlay
// Writes to the overlay that one user's phones can bring about: so many at once, then one in each interval.
inline constexpr std::size_t k_max_store_burst = 8;
inline constexpr Duration k_store_interval{5'000};
inline constexpr unsigned k_retry_after_s = 5;  // of a 503
// A user's bindings are kept for a restart no more often than this, however often its phones register.
inline constexpr Duration k_keep_interval{1'000};
// What was stored before a restart is taken away unless a phone has come back by then: after a crash it would
// lead callers here until it ends.
inline constexpr Duration k_return_time{30'000};
// How long the overlay may take; a REGISTER's transaction ends after 64*T1 = 32 s (RFC 3261 §17.1.2.2).
inline constexpr Duration k_overlay_time{20'000};
inline constexpr Duration k_first_retry{5'000};  // of what the overlay did not take, doubled each time
inline constexpr Duration k_last_retry{300'000};

// A user whose credentials for the overlay this peer has.
struct Account {
  Aor aor;
  std::string user_name;    // in Digest credentials; unique among the accounts
  std::vector<Ha1> keys{};  // one for each algorithm; none: only phones that need no credentials
};

struct Settings {
  std::string overlay_name;     // the realm, and the domain of GRUUs that name nobody
  wire::DestinationList route;  // by which others reach this peer, and so the phones here
  // Phones that share the machine with the peer need no credentials. No other hop may bring their requests.
  bool trusts_loopback = false;
  std::vector<NameAddr> service_route{};  // RFC 3608
  std::uint32_t min_expires_s = 60, default_expires_s = 3600, max_expires_s = 7200;
  std::uint32_t flow_timer_s = 120;  // RFC 5626 §4.4.1: phones send keep-alives within it; 0: not said
  // The URI of a user as the overlay has it, where it is written in another way (by this peer's address).
  std::function<Uri(const Uri&)> by_overlay_name = [](const Uri& uri) { return uri; };
  // Whether a URI is one of this peer, or of the domains that it answers for.
  std::function<bool(const Uri&)> is_own = [](const Uri&) { return false; };
  // Of the entry in the overlay, whatever the phones ask for: it is renewed as long as one of them is there.
  std::uint32_t overlay_lifetime_s = 1800;
  Duration nonce_life{300'000};
  Bytes gruu_key{};     // public GRUUs stay the same while this does (security::k_hmac_key_bytes)
  Compress compress{};  // empty: no temporary GRUUs are given
};

// Whether a registrar can work with these.
Outcome<> check(const Settings& settings, const std::vector<Account>& accounts);

}  // namespace ringway::sip::registrar
