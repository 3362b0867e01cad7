#include "actors/link_bridge.hpp"

#include <caf/send.hpp>
#include <utility>

namespace ringway::actors {

void LinkBridge::connect(RoutingActor routing) {
  const std::lock_guard lock(mutex_);
  for (auto& message : std::exchange(early_, {}))
    std::visit([&](auto& batch) { caf::anon_send(routing, std::move(batch)); }, message);
  routing_ = std::move(routing);
}

void LinkBridge::disconnect() {
  const std::lock_guard lock(mutex_);
  disconnected_ = true;
  routing_.reset();
}

void LinkBridge::link_messages(link::LinkId link, std::vector<SharedBytes> messages) {
  pass_on(LinkBatch{link, std::move(messages)});
}

void LinkBridge::pass(routing::Input event) {
  RoutingBatch batch;
  batch.inputs.push_back(std::move(event));
  pass_on(std::move(batch));
}

template <typename Message>
void LinkBridge::pass_on(Message message) {
  const std::lock_guard lock(mutex_);
  if (routing_)
    caf::anon_send(*routing_, std::move(message));
  else if (!disconnected_)
    early_.emplace_back(std::move(message));
}

}  // namespace ringway::actors
