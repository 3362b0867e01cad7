// What a peer's SIP element is told at its start, and the bounds of what it holds besides its rooms.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reload/time.hpp"
#include "sip-usage/lookup/resolution.hpp"
#include "sip-usage/messages/calls.hpp"
#include "sip-usage/presence/settings.hpp"
#include "sip-usage/proxy/settings.hpp"
#include "sip-usage/registrar/settings.hpp"
#include "sip-usage/transaction/timers.hpp"

namespace ringway::sip::element {

inline constexpr std::size_t k_max_flows = 16'384;  // of phones, peers and servers; more are closed
// Connections that are being opened, or whose address is being asked for, and what waits for one of them.
inline constexpr std::size_t k_max_openings = 1024;
inline constexpr std::size_t k_max_waiting_for_opening = 256;
// Besides these, for answers to those who have hung up before they came; and of them to one address or peer.
inline constexpr std::size_t k_max_openings_for_answers = 64;
inline constexpr std::size_t k_max_openings_for_answers_to_one = 4;
// Under which a flow is found again: a server may have many. By others it is asked for again (Opened).
inline constexpr std::size_t k_max_names_of_flow = 16;
inline constexpr std::size_t k_max_users_of_peer = 64;  // of its certificate; others are no users of it
inline constexpr std::size_t k_max_finds = 16'384;      // questions of the proxy that are open
// A flow that is faster gets its credit back later, so that it is not read for that time.
inline constexpr Duration k_message_cost{1};       // 1000 messages a second
inline constexpr Duration k_message_burst{1000};   // and 1000 at once
inline constexpr Duration k_message_time{32'000};  // from a message's first octet on a stream to its last
inline constexpr Duration k_opening_time{15'000};
// Nobody waits longer for a connection with a peer, which may come later: for an AppAttach and two
// repetitions of it (RFC 6940 §6.2.1: 3 s each).
inline constexpr Duration k_peer_wait{7'000};
// A connection that was opened here and that nobody uses.
inline constexpr Duration k_idle_time{300'000};
// What has become of calls is told together, so that many of them are few writes.
inline constexpr Duration k_call_log_time{2'000};
// Where the phones here are known, a call does not wait longer for what the overlay says of others.
inline constexpr Duration k_others_time{2'000};
inline constexpr unsigned k_calls_per_second =
    10;  // that one user gets: no human, and few call centres, get more

// A gateway peer: calls to telephone numbers and to other domains go on to a server that was configured (a
// trunk), where no user of the overlay has that address.
struct Gateway {
  // In the order of preference. A host may be a name, and its port 0 where DNS says that, too (RFC 3263).
  std::vector<proxy::ServerHop> servers;
  std::string domain;  // numbers go there as sip:<number>@<domain>;user=phone
  bool takes_numbers = true;
  std::vector<std::string> domains{};  // to which others calls go there; "*": all
  // Who may call there: "alice@example.org", "*@example.org", "*": every user of the overlay, and who needs
  // no name (Settings::registrar.trusts_loopback). Nobody else does.
  std::vector<std::string> callers{};
};

inline constexpr std::size_t k_most_gateway_peers = 8;

struct Settings {
  proxy::Settings proxy;
  registrar::Settings registrar;
  ResolutionSettings lookup;
  TimerSettings timers{};
  // Own users may call addresses of other domains and what DNS knows of them.
  bool lets_users_call_outside = false;
  // What own users send to other peers is as if they had asked for privacy (RFC 3323), unless they say
  // "none".
  bool hides_users = false;
  // That one user here gets from other peers and from outside (call_rates.hpp); 0: as many as come.
  unsigned calls_per_second = k_calls_per_second;
  std::optional<Gateway> gateway{};
  // Peers with a trunk, where own users' calls to telephone numbers and to other domains go that the overlay
  // does not know: the first that can be reached. Who may is for them to say. At most k_most_gateway_peers.
  std::vector<NodeId> gateway_peers{};
  // Own users whose messages to absent ones are kept, and who get theirs; they can be watched as well.
  std::vector<messages::OwnUser> message_users{};
  // Who may see them, as presence::check() has found it good; who is not here is seen by everybody on
  // the overlay.
  std::map<Aor, presence::Permission> presence_permissions{};
};

}  // namespace ringway::sip::element
