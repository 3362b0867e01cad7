// What the links tell, until the publisher's thread takes it. Bounded by the links' credits: each message
// that waits here has cost one.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <variant>
#include <vector>

#include "net/tls_links.hpp"

namespace ringway::enrolld {

class Inbox : public net::LinkEvents {
 public:
  using Event = std::variant<routing::LinkUp, routing::LinkDown, routing::LinkMessage>;

  void link_up(routing::LinkUp event) override { put(std::move(event)); }
  void link_down(routing::LinkDown event) override { put(std::move(event)); }
  void link_suspected(routing::LinkSuspected) override {}  // the answer has its time limit
  void link_messages(link::LinkId link, std::vector<SharedBytes> messages) override {
    for (SharedBytes& message : messages) put(routing::LinkMessage{link, std::move(message)});
  }

  // Ends the next wait, or the one that is under way.
  void wake() {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_one();
  }
  // All events since the last time; waits for the first one, a wake, or until then.
  std::vector<Event> take(std::optional<std::chrono::steady_clock::time_point> until) {
    std::unique_lock lock(mutex_);
    const auto ready = [this] { return woken_ || !events_.empty(); };
    if (until) {
      changed_.wait_until(lock, *until, ready);
    } else {
      changed_.wait(lock, ready);
    }
    woken_ = false;
    return std::exchange(events_, {});
  }

 private:
  void put(Event event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
    changed_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Event> events_;
  bool woken_ = false;
};

}  // namespace ringway::enrolld
