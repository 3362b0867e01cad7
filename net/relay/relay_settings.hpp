// Where a relay listens and from which addresses it relays.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "net/tls_context.hpp"
#include "relay/reply_budget.hpp"
#include "reload/result.hpp"
#include "reload/stun/address.hpp"

namespace ringway::net::relay {

inline constexpr std::uint16_t k_first_port = 49'152, k_last_port = 65'535;  // RFC 8656 §7.2
inline constexpr std::size_t k_max_threads = 64;
inline constexpr std::size_t k_max_streams = 4096;  // of one thread; more are closed as they come

// An address of this host that relayed sockets have; and what the world calls it, where a NAT one to one
// stands between.
struct RelayedFrom {
  stun::IpAddress local;
  stun::IpAddress external;
};

// What may wait to go out over streams; what does not fit is dropped, as datagrams are.
struct StreamBounds {
  std::size_t out_bytes = 256 << 10;           // of a client that has an allocation
  std::size_t out_bytes_of_thread = 64 << 20;  // of all clients of a thread
  std::chrono::milliseconds stall{30'000};     // who takes nothing for so long is closed
};

struct RelaySettings {
  // Port 0: any free one. For UDP, "0.0.0.0" and "::" are the addresses that the host has at the start, a
  // socket each: an answer leaves from where its request came to.
  std::vector<stun::Address> udp;
  std::vector<stun::Address> tcp;
  std::vector<stun::Address> tls;
  TlsContextPtr tls_context;              // with the relay's certificate; needed where `tls` is not empty
  std::vector<RelayedFrom> relayed_from;  // one of each family at most
  std::uint16_t first_port = k_first_port, last_port = k_last_port;
  std::uint64_t bytes_per_s_of_allocation = 0;  // each way; 0: without limit
  std::size_t threads = 1;
  std::size_t max_streams_of_thread = k_max_streams;  // fewer where the process has not the descriptors
  StreamBounds streams;
  ringway::relay::ReplyLimits replies;  // to Binding requests, of each thread
};
// Why a relay cannot be had with these.
Outcome<> check(const RelaySettings& settings);
// Of so many relays side by side, each with ports one higher than those of the one before: whether two would
// listen at one address, or at a port that there is not.
Outcome<> check_listening(const RelaySettings& settings, std::size_t relays);

}  // namespace ringway::net::relay
