// Which component of a peer receives which message, declared once. The actors map components to mailboxes,
// the simulator maps them to queues; neither decides where a message goes.
#pragma once

#include <concepts>
#include <utility>
#include <variant>

#include "reload/data/messages.hpp"
#include "reload/routing/messages.hpp"

namespace ringway::peer {

// What a driver offers to the Dispatcher: a way into each component. Besides these it has perform(effect) for
// each effect that the components it drives can emit: Transmit, OpenLink, CloseLink, Inspect, Left,
// ConfigurationChanged (for inspectors and links), RequestDone (of requests it made itself), AppConnect and
// AppAttachDone (for who makes the connections of applications) of routing; Commit, CallsDone, CheckValues,
// WatchEvent, CertificatesFound, ServiceDone and RelaysFound of storage.
template <typename T>
concept Receiver = requires(T receiver, routing::Input to_routing, data::StorageInput to_storage,
                            data::ReplicationInput to_replication) {
  receiver.to_routing(std::move(to_routing));
  receiver.to_storage(std::move(to_storage));
  receiver.to_replication(std::move(to_replication));
};

template <Receiver R>
class Dispatcher {
 public:
  explicit Dispatcher(R& receiver) : receiver_(receiver) {}

  // Hands on everything in `outputs`, in order, and empties it.
  template <typename Output>
  void dispatch(std::vector<Output>& outputs) {
    for (Output& output : outputs) std::visit([this](auto& message) { this->route(message); }, output);
    outputs.clear();
  }

 private:
  void route(routing::SendRequest& m) { receiver_.to_routing(std::move(m)); }
  void route(routing::CancelRequest& m) { receiver_.to_routing(std::move(m)); }
  void route(routing::SendAnswer& m) { receiver_.to_routing(std::move(m)); }
  void route(routing::HandOverReport& m) { receiver_.to_routing(std::move(m)); }
  void route(routing::DeliverRequest& m) { receiver_.to_storage(std::move(m)); }
  void route(routing::RequestDone& m) {
    switch (m.origin) {
      case routing::Origin::storage:
        return receiver_.to_storage(std::move(m));
      case routing::Origin::replication:
        return receiver_.to_replication(std::move(m));
      case routing::Origin::application:
        return receiver_.perform(std::move(m));
      case routing::Origin::routing:
        return;  // routing keeps its own
    }
  }
  void route(routing::OpenChannel& m) { receiver_.to_routing(m); }
  void route(routing::SendOnChannel& m) { receiver_.to_routing(std::move(m)); }
  void route(routing::CloseChannel& m) { receiver_.to_routing(m); }
  void route(routing::ChannelUp& m) { to_owner_of_channel(m.application, std::move(m)); }
  void route(routing::ChannelDown& m) { to_owner_of_channel(m.application, std::move(m)); }
  void route(routing::ChannelMessage& m) { to_owner_of_channel(m.application, std::move(m)); }
  void route(routing::ServeApplication& m) { receiver_.to_routing(std::move(m)); }
  void route(routing::SendAppAttach& m) { receiver_.to_routing(std::move(m)); }
  void route(routing::DropAppAttach& m) { receiver_.to_routing(m); }
  void route(routing::AppConnectEnded& m) { receiver_.to_routing(m); }
  void route(routing::HandOver& m) { receiver_.to_replication(std::move(m)); }
  void route(routing::Drain& m) { receiver_.to_replication(m); }
  void route(routing::Drained& m) { receiver_.to_routing(m); }
  void route(routing::RingChanged& m) {
    receiver_.to_storage(routing::RingChanged{m});
    receiver_.to_replication(std::move(m));
  }
  void route(routing::ConfigurationChanged& m) {
    receiver_.to_storage(routing::ConfigurationChanged{m});
    receiver_.to_replication(routing::ConfigurationChanged{m});
    receiver_.perform(std::move(m));  // the inspectors and the links need the new kinds, roots and limits
  }
  void route(data::Replicate& m) { receiver_.to_replication(std::move(m)); }
  void route(data::AskToMend& m) { receiver_.to_replication(m); }
  void route(data::Replicated& m) { receiver_.to_storage(std::move(m)); }
  void route(data::DropKinds& m) { receiver_.to_storage(std::move(m)); }
  void route(data::SeenDamaged& m) { receiver_.to_storage(std::move(m)); }
  void route(data::Adopt& m) { receiver_.to_storage(std::move(m)); }
  template <typename Effect>
  void route(Effect& m) {
    receiver_.perform(std::move(m));
  }

  template <typename Message>
  void to_owner_of_channel(routing::Application application, Message message) {
    switch (application) {
      case routing::Application::replication:
        return receiver_.to_replication(std::move(message));
      case routing::Application::watch:
        return receiver_.to_storage(std::move(message));
    }
  }

  R& receiver_;
};

}  // namespace ringway::peer
