// What has passed a relay, and what has not. Each is written by one thread and read by any.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "relay/path/lane.hpp"

namespace ringway::net::relay {

class Count {
 public:
  void add(std::uint64_t more) { value_.store(get() + more, std::memory_order_relaxed); }
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

struct PathCounters {
  Count packets_to_peers, bytes_to_peers, packets_to_clients, bytes_to_clients;
  Count not_sent;                    // the system did not take them
  Count control_dropped;             // no place for them (ControlPlaces), or too long
  Count bindings, bindings_dropped;  // answered; not answered, by ReplyLimits
  Count errors_told;                 // of ICMP, to clients
  Count no_allocation;               // of clients that have none
  Count streams_refused;             // beyond the bounds
  std::array<Count, 6> not_passed;   // by relay::Passed
  static_assert(static_cast<std::size_t>(ringway::relay::Passed::over_rate) == 5);
};

}  // namespace ringway::net::relay
