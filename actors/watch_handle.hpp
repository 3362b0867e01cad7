// An application's watch on its way through the actors: events come until one is a failure. When the last
// handle goes without one (the peer has stopped) it gives one itself, unless nobody waits any more.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "actors/answer.hpp"
#include "reload/data/api.hpp"
#include "sip-usage/presence/watches.hpp"

namespace ringway::actors {

// One of the alternatives of Result is data::CallFailure.
template <typename Result>
class EventHandle {
 public:
  explicit EventHandle(std::function<void(Result)> event) : event_(std::move(event)) {}
  ~EventHandle() {
    if (event_)
      give(data::CallFailure{data::CallError::unavailable, "the peer has stopped: ask another peer", 0});
  }
  EventHandle(const EventHandle&) = delete;
  EventHandle& operator=(const EventHandle&) = delete;

  void give(Result result) {
    if (!event_) return;
    const bool last = std::holds_alternative<data::CallFailure>(result);
    const auto event = last ? std::exchange(event_, nullptr) : event_;
    const CallbackScope scope;
    event(std::move(result));
  }
  void forget() { event_ = nullptr; }

 private:
  std::function<void(Result)> event_;
};
using WatchHandle = EventHandle<data::WatchResult>;
using WatchHandlePtr = std::shared_ptr<WatchHandle>;
using SightHandle = EventHandle<sip::presence::SightResult>;
using SightHandlePtr = std::shared_ptr<SightHandle>;

}  // namespace ringway::actors
