// What the proxy is told at its start, and the bounds of what it holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/time.hpp"
#include "sip-usage/proxy/target.hpp"

namespace ringway::sip::proxy {

// Requests under way; past it 503. They stay for 32 s behind their answer (64*T1: RFC 6026, timer J), so that
// 50 calls a second, all through one gateway, are more than 3,200 of them.
inline constexpr std::size_t k_max_contexts = 16'384;
inline constexpr std::size_t k_max_contexts_of_phone = 8'192;  // of an own phone's flow
// Of another peer, or of one address outside; of all these together, so that some are left to own phones; and
// of all who are outside, so that some are left to peers.
inline constexpr std::size_t k_max_contexts_of_other = 4'096;
inline constexpr std::size_t k_max_contexts_of_others = 12'288;
inline constexpr std::size_t k_max_contexts_of_strangers = 8'192;
inline constexpr std::size_t k_max_branches =
    32;  // of one request from first to last; the others are left out
inline constexpr std::size_t k_max_fork_breadth = 16;  // of one request at a time
inline constexpr unsigned k_max_breadth = 60;          // RFC 5393 §5.3.3
inline constexpr std::size_t k_max_redirections = 8;   // Contacts of 3xx that are followed for one request
inline constexpr std::size_t k_max_challenges = 32;    // of 401 and 407 that are passed on together
inline constexpr std::size_t k_max_alternatives = 8;   // of one target
inline constexpr Duration k_min_timer_c{180'001};      // RFC 3261 §16.6 step 11: more than 3 minutes
inline constexpr unsigned k_retry_after_s = 5;         // of a 503

struct Address {
  std::string host;  // lower case; an IPv6 address without brackets
  std::uint16_t port = 5060;
};

struct Settings {
  std::vector<Address> own_addresses;  // where phones and servers reach this peer
  std::vector<std::string> domains;    // for whose users it answers, lower case: the overlay's name first
  std::string overlay_gr;              // in the overlay this peer is sip:<overlay>;gr=<this> (RFC 7904 §6)
  Here overlay_here;                   // Via towards other peers
  Here outside_here;                   // and towards servers outside
  Bytes key;                           // of its tokens; with another one, dialogs under way cannot go on
  Duration timer_c{200'000};
  Duration group_time{20'000};            // until phones of a lower q are called, too
  Duration request_group_time{4'000};     // the same where nothing rings: a request other than INVITE
  Duration find_time{25'000};             // for the location service
  Duration cancel_time{32'000};           // 64*T1 (§9.1): for the answer to what was cancelled
  std::vector<std::string> extensions{};  // option tags of Proxy-Require
  // Within dialogs, too, users send requests to wherever these say. Otherwise who was called from outside
  // answers to where the call came from.
  bool users_may_call_outside = false;
  // A redirect peer (RFC 3261 §8.3): who calls users at other peers is told where they are (302), and calls
  // them there. Phones here are called as ever.
  bool redirects = false;

  const std::string& overlay() const { return domains.front(); }
};

}  // namespace ringway::sip::proxy
