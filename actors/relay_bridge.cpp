#include "actors/relay_bridge.hpp"

#include <utility>

namespace ringway::actors {

void RelayBridge::connect(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
  if (!waiting_.empty()) wake_();
}

void RelayBridge::disconnect() {
  const std::lock_guard lock(mutex_);
  disconnected_ = true;
  wake_ = nullptr;
  waiting_.clear();
}

std::vector<RelayEvent> RelayBridge::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(waiting_, {});
}

void RelayBridge::received(relay::ClientPath from, Bytes message) {
  pass(RelayMessage{from, std::move(message)});
}

void RelayBridge::opened(relay::AllocationId allocation, std::vector<stun::Address> relayed) {
  pass(RelayOpened{allocation, std::move(relayed)});
}

void RelayBridge::failed(relay::AllocationId allocation) { pass(RelayOpenFailed{allocation}); }

void RelayBridge::gone(relay::ClientPath path) { pass(RelayStreamGone{path}); }

void RelayBridge::pass(RelayEvent event) {
  const std::lock_guard lock(mutex_);
  if (disconnected_) return;
  waiting_.push_back(std::move(event));
  if (waiting_.size() == 1 && wake_) wake_();
}

}  // namespace ringway::actors
