// How much from routing waits in the mailboxes of storage and replication, which have no bound of their own:
// requests, messages of channels. Above the high mark routing keeps the links' credits to itself, so that
// reading from the sockets stops; storage or replication tells it when the backlog has fallen to the low
// mark.
#pragma once

#include <atomic>
#include <cstddef>

namespace ringway::actors {

class Backlog {
 public:
  static constexpr std::size_t k_high_mark = 2048;
  static constexpr std::size_t k_low_mark = 512;

  void add(std::size_t requests) { waiting_.fetch_add(requests); }
  // Routing's question. True: keep the credits; remove() will say when to return them.
  bool must_hold() {
    if (waiting_.load() < k_high_mark) return false;
    held_.store(true);
    // They may have caught up between the two lines, and would then never call.
    return waiting_.load() > k_low_mark || !held_.exchange(false);
  }
  // Storage's and replication's report. True: tell routing to return credits.
  bool remove(std::size_t requests) {
    const std::size_t before = waiting_.fetch_sub(requests);
    return before - requests <= k_low_mark && held_.exchange(false);
  }

 private:
  std::atomic<std::size_t> waiting_{0};
  std::atomic<bool> held_{false};
};

}  // namespace ringway::actors
