// The SIP actor's connections with other peers: carries out what sip::peers::PeerConnections says, with
// sockets and with routing, and tells it what comes of that. What comes out is for the SIP element.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "actors/interfaces.hpp"
#include "actors/system_clock.hpp"
#include "net/app_links/app_links.hpp"
#include "sip-usage/peers/peer_connections.hpp"

namespace ringway::actors {

// Flows of phones and of peers have different names.
inline bool is_of_peer(sip::element::FlowId flow) {
  return static_cast<std::uint64_t>(flow) > net::app_links::k_flows_from;
}

class SipPeers {
 public:
  // Without links nobody is connected to.
  SipPeers(std::shared_ptr<net::app_links::AppLinks> links, std::shared_ptr<const Clock> clock,
           MailboxesPtr mailboxes);

  void open(sip::element::OpenPeer wish);
  void handle(SipPeerBatch& batch);
  void tick();
  Deadline next_wake() const { return connections_.next_wake(); }
  // Carries out what is to be done; what the element gets of it, in order.
  std::vector<sip::element::Input> settle();

  // Of flows of peers (is_of_peer).
  net::phones::Given send(sip::element::FlowId flow, SharedBytes octets);
  void credit(sip::element::FlowId flow, std::size_t credit);
  void hold(sip::element::FlowId flow, bool held);
  void close(sip::element::FlowId flow, std::string reason);

  void report(SipReport& out) const;

 private:
  void carry_out(routing::Input input);
  void carry_out(sip::peers::Connect& wish);
  void carry_out(sip::peers::Close& close);

  const std::shared_ptr<net::app_links::AppLinks> links_;
  const std::shared_ptr<const Clock> clock_;
  const MailboxesPtr mailboxes_;
  sip::peers::PeerConnections connections_;
  std::vector<sip::element::Input> for_element_;
};

// Routing's part of what SipPeers gets.
std::function<void(routing::ApplicationEvent)> to_sip_peers(std::shared_ptr<const Mailboxes> mailboxes);
// That this peer takes connections for SIP, at these addresses.
RoutingBatch serve_sip(const std::vector<wire::IpAddressPort>& addresses);

}  // namespace ringway::actors
