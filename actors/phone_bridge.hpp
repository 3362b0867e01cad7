// The events of sockets towards phones and other peers, turned into messages to the SIP actor. The sockets
// start before the actor (it needs the addresses they listen on), so the first events wait here; the credit
// of their flows bounds them.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "actors/interfaces.hpp"
#include "net/phones/phone_transports.hpp"
#include "reload/wire/bodies.hpp"

namespace ringway::actors {

// "UDP", as in a Via.
std::string name_of(net::phones::Transport transport);
sip::element::Endpoint endpoint_of(const wire::IpAddressPort& address);
inline sip::element::FlowId element_flow(net::phones::FlowId flow) {
  return sip::element::FlowId{flow.number};
}

class PhoneBridge : public net::phones::PhoneEvents {
 public:
  // From now on events go to `sip`; those that came before go first. It gets to work even without one.
  void connect(SipActor sip);
  // Events are dropped from now on, and the actor is let go.
  void disconnect();

  void flow_up(net::phones::FlowUp event) override;
  void received(net::phones::Received event) override;
  void drained(net::phones::FlowId flow) override;
  void flow_down(net::phones::FlowDown event) override;

 private:
  // What other peers send goes another way: not all of them are listened to.
  template <typename Event>
  void pass_on(net::phones::FlowId flow, Event event);
  void pass(sip::element::Input input);
  void pass_peer(SipPeerEvent event);

  std::mutex mutex_;
  std::optional<SipActor> sip_;
  bool disconnected_ = false;
  std::optional<SipBatch> early_;
  std::optional<SipPeerBatch> early_of_peers_;
};

}  // namespace ringway::actors
