// The links' events, turned into messages to the routing actor. The links start before the actor (it needs
// the address they listen on), so the first events wait here.
#pragma once

#include <mutex>
#include <optional>
#include <variant>
#include <vector>

#include "actors/interfaces.hpp"
#include "net/tls_links.hpp"

namespace ringway::actors {

class LinkBridge : public net::LinkEvents {
 public:
  // From now on events go to `routing`; those that came before go first.
  void connect(RoutingActor routing);
  // Events are dropped from now on, and the actor is let go.
  void disconnect();

  void link_up(routing::LinkUp event) override { pass(std::move(event)); }
  void link_down(routing::LinkDown event) override { pass(std::move(event)); }
  void link_suspected(routing::LinkSuspected event) override { pass(event); }
  void link_messages(link::LinkId link, std::vector<SharedBytes> messages) override;

 private:
  template <typename Message>
  void pass_on(Message message);
  void pass(routing::Input event);

  std::mutex mutex_;
  std::optional<RoutingActor> routing_;
  bool disconnected_ = false;
  std::vector<std::variant<RoutingBatch, LinkBatch>> early_;
};

}  // namespace ringway::actors
