// The way to whoever listens to events: shut once, and nothing comes through any more.
#pragma once

#include <memory>
#include <mutex>
#include <shared_mutex>
#include <utility>

namespace ringway::net {

template <typename Events>
class EventGate {
 public:
  explicit EventGate(std::shared_ptr<Events> events) : events_(std::move(events)) {}

  // Calls `tell` with the events unless the gate is shut.
  template <typename Tell>
  void emit(const Tell& tell) {
    const std::shared_lock lock(mutex_);
    if (events_) tell(*events_);
  }
  // Waits until no call is under way.
  void shut() {
    const std::unique_lock lock(mutex_);
    events_.reset();
  }

 private:
  std::shared_mutex mutex_;
  std::shared_ptr<Events> events_;
};

}  // namespace ringway::net
