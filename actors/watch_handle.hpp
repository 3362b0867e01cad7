// An application's watch on its way through the actors: events come until one is a failure. When the last
// handle goes without one (the peer has stopped) it gives one itself, unless nobody waits any more.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "actors/answer.hpp"
#include "reload/data/api.hpp"

namespace ringway::actors {

class WatchHandle {
 public:
  explicit WatchHandle(std::function<void(data::WatchResult)> event) : event_(std::move(event)) {}
  ~WatchHandle() {
    if (event_)
      give(data::CallFailure{data::CallError::unavailable, "the peer has stopped: ask another peer", 0});
  }
  WatchHandle(const WatchHandle&) = delete;
  WatchHandle& operator=(const WatchHandle&) = delete;

  void give(data::WatchResult result) {
    if (!event_) return;
    const bool last = std::holds_alternative<data::CallFailure>(result);
    const auto event = last ? std::exchange(event_, nullptr) : event_;
    const CallbackScope scope;
    event(std::move(result));
  }
  void forget() { event_ = nullptr; }

 private:
  std::function<void(data::WatchResult)> event_;
};
using WatchHandlePtr = std::shared_ptr<WatchHandle>;

}  // namespace ringway::actors
