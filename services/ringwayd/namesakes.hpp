// Other nodes with this peer's user name, in an overlay where nobody verifies names (RFC 6940 §11.3.1): when
// to look for them, and what is new of what was found. A name may be taken long after this peer has joined,
// so it looks again and again; that it is taken is told once of each node, and of so many nodes only.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <set>
#include <vector>

#include "reload/ids.hpp"
#include "services/log/event_log.hpp"

namespace ringway::services {

class Namesakes {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds k_between_looks{30};
  // Anybody can make any number of nodes with one name: so many are told of and shown.
  static constexpr std::size_t k_most = 16;

  // Whether to look now; the next look is due `k_between_looks` later, whatever becomes of this one.
  bool take_turn(Time now);
  // All that a look has found. What is new of it, for the log.
  std::vector<EventLog::Event> observe(const std::vector<NodeId>& found);
  // Those of the last look. From any thread.
  std::vector<NodeId> present() const;

 private:
  Time next_look_{};
  std::set<NodeId> told_;
  bool told_of_more_ = false;
  mutable std::mutex mutex_;
  std::vector<NodeId> present_;  // under the mutex
};

}  // namespace ringway::services
