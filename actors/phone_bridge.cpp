#include "actors/phone_bridge.hpp"

#include <caf/send.hpp>
#include <utility>

#include "net/app_links/app_links.hpp"
#include "reload/discovery/announcement.hpp"
#include "reload/link/link_id.hpp"

namespace ringway::actors {

namespace {

// Who has one address of IPv6 has 2^64 of them.
std::string sender_of(const wire::IpAddressPort& address) {
  if (address.type != wire::AddressType::ipv6) return endpoint_of(address).host;
  wire::IpAddressPort network = address;
  std::fill(network.address.begin() + 8, network.address.end(), std::uint8_t{0});
  return endpoint_of(network).host;
}

}  // namespace

std::string name_of(net::phones::Transport transport) {
  using enum net::phones::Transport;
  switch (transport) {
    case udp:
      return "UDP";
    case tcp:
      return "TCP";
    case tls:
      return "TLS";
    case ws:
      return "WS";
    case wss:
      break;
  }
  return "WSS";
}

sip::element::Endpoint endpoint_of(const wire::IpAddressPort& address) {
  const std::string text = link::to_text(address);  // "192.0.2.1:5060", "[2001:db8::1]:5060"
  const auto host = text.substr(0, text.rfind(':'));
  const bool in_brackets = host.starts_with('[');
  return {in_brackets ? host.substr(1, host.size() - 2) : host, address.port};
}

void PhoneBridge::connect(SipActor sip) {
  const std::lock_guard lock(mutex_);
  caf::anon_send(sip, early_ ? *std::exchange(early_, std::nullopt) : SipBatch());
  if (early_of_peers_) caf::anon_send(sip, *std::exchange(early_of_peers_, std::nullopt));
  sip_ = std::move(sip);
}

void PhoneBridge::disconnect() {
  const std::lock_guard lock(mutex_);
  disconnected_ = true;
  sip_.reset();
}

void PhoneBridge::flow_up(net::phones::FlowUp event) {
  if (event.peer) {
    const auto& certificate = *event.peer->certificate;
    return pass_peer(sip::peers::Arrived{
        element_flow(event.flow), certificate.node_ids(), {certificate.user_name()}, event.opened_here});
  }
  sip::element::FlowUp up;
  up.flow = element_flow(event.flow);
  up.transport = name_of(event.transport);
  up.local = endpoint_of(event.local);
  up.remote = endpoint_of(event.remote);
  up.sender = sender_of(event.remote);
  up.is_loopback = discovery::is_loopback(event.remote);
  pass(std::move(up));
}

void PhoneBridge::received(net::phones::Received event) {
  pass_on(event.flow, sip::element::Received{element_flow(event.flow), std::move(event.bytes), event.credit});
}

void PhoneBridge::drained(net::phones::FlowId flow) {
  pass_on(flow, sip::element::Drained{element_flow(flow)});
}

void PhoneBridge::flow_down(net::phones::FlowDown event) {
  pass_on(event.flow, sip::element::FlowDown{element_flow(event.flow), std::move(event.reason)});
}

template <typename Event>
void PhoneBridge::pass_on(net::phones::FlowId flow, Event event) {
  if (flow.number > net::app_links::k_flows_from) return pass_peer(std::move(event));
  pass(std::move(event));
}

void PhoneBridge::pass(sip::element::Input input) {
  const std::lock_guard lock(mutex_);
  if (disconnected_) return;
  if (sip_) return caf::anon_send(*sip_, SipBatch(std::move(input)));
  if (early_)
    early_->add(std::move(input));
  else
    early_.emplace(std::move(input));
}

void PhoneBridge::pass_peer(SipPeerEvent event) {
  const std::lock_guard lock(mutex_);
  if (disconnected_) return;
  if (sip_) return caf::anon_send(*sip_, SipPeerBatch(std::move(event)));
  if (early_of_peers_)
    early_of_peers_->events->push_back(std::move(event));
  else
    early_of_peers_.emplace(std::move(event));
}

}  // namespace ringway::actors
