// The events of a relay's sockets on their way to its actor: however many come while it works, one message
// tells it to look. What waits is bounded by the sockets (k_max_control_waiting) and by what the actor has
// asked for.
#pragma once

#include <functional>
#include <mutex>
#include <variant>
#include <vector>

#include "net/relay/relay_events.hpp"

namespace ringway::actors {

struct RelayMessage {
  relay::ClientPath from;
  Bytes message;
};
struct RelayOpened {
  relay::AllocationId allocation = 0;
  std::vector<stun::Address> relayed;
};
struct RelayOpenFailed {
  relay::AllocationId allocation = 0;
};
struct RelayStreamGone {
  relay::ClientPath path;
};
using RelayEvent = std::variant<RelayMessage, RelayOpened, RelayOpenFailed, RelayStreamGone>;

class RelayBridge : public net::relay::RelayEvents {
 public:
  // From now on `wake` is called when there is something and nothing was before; from any thread, briefly.
  void connect(std::function<void()> wake);
  // What comes is dropped from now on.
  void disconnect();
  std::vector<RelayEvent> take();

  void received(relay::ClientPath from, Bytes message) override;
  void opened(relay::AllocationId allocation, std::vector<stun::Address> relayed) override;
  void failed(relay::AllocationId allocation) override;
  void gone(relay::ClientPath path) override;

 private:
  void pass(RelayEvent event);

  std::mutex mutex_;
  std::function<void()> wake_;
  bool disconnected_ = false;
  std::vector<RelayEvent> waiting_;
};

}  // namespace ringway::actors
