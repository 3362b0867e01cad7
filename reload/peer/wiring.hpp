// Which component of a peer receives which message, declared once. The actors map components to mailboxes,
// the simulator maps them to queues; neither decides where a message goes.
#pragma once

#include <variant>

#include "reload/data/messages.hpp"
#include "reload/routing/messages.hpp"

namespace ringway::peer {

enum class Component { routing, storage, replication };

// Whatever a component emits is either for other components or for the world: Transmit, OpenLink, CloseLink,
// Inspect, Left, Commit, CallsDone, and ConfigurationChanged (for the inspectors) are carried out by the
// driver. Calls deliver(Component, message) for each receiver, or perform(effect).
template <typename Deliver, typename Perform>
class Dispatcher {
 public:
  Dispatcher(Deliver deliver, Perform perform) : deliver_(std::move(deliver)), perform_(std::move(perform)) {}

  template <typename Output>
  void dispatch(std::vector<Output>& outputs) {
    for (Output& output : outputs) std::visit([this](auto& message) { route(message); }, output);
    outputs.clear();
  }

 private:
  void route(routing::SendRequest& m) { deliver_(Component::routing, std::move(m)); }
  void route(routing::CancelRequest& m) { deliver_(Component::routing, std::move(m)); }
  void route(routing::SendAnswer& m) { deliver_(Component::routing, std::move(m)); }
  void route(routing::HandOverDone& m) { deliver_(Component::routing, std::move(m)); }
  void route(routing::DeliverRequest& m) { deliver_(Component::storage, std::move(m)); }
  void route(routing::RequestDone& m) {
    switch (m.origin) {
      case routing::Origin::storage:
        return deliver_(Component::storage, std::move(m));
      case routing::Origin::replication:
        return deliver_(Component::replication, std::move(m));
      case routing::Origin::application:
        return perform_(std::move(m));
      case routing::Origin::routing:
        return;  // routing keeps its own
    }
  }
  void route(routing::HandOver& m) { deliver_(Component::replication, std::move(m)); }
  void route(routing::RingChanged& m) {
    deliver_(Component::storage, routing::RingChanged{m});
    deliver_(Component::replication, std::move(m));
  }
  void route(routing::ConfigurationChanged& m) {
    deliver_(Component::storage, routing::ConfigurationChanged{m});
    deliver_(Component::replication, routing::ConfigurationChanged{m});
    perform_(std::move(m));  // the inspectors of the pool need the new kinds and roots
  }
  void route(data::Replicate& m) { deliver_(Component::replication, std::move(m)); }
  void route(data::Replicated& m) { deliver_(Component::storage, std::move(m)); }
  void route(data::DropKinds& m) { deliver_(Component::storage, std::move(m)); }
  template <typename Outward>
  void route(Outward& m) {
    perform_(std::move(m));
  }

  Deliver deliver_;
  Perform perform_;
};

}  // namespace ringway::peer
