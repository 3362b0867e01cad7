#include "actors/sip_peers.hpp"

#include <caf/send.hpp>

#include <type_traits>

namespace ringway::actors {

namespace {

net::phones::FlowId link_flow(sip::element::FlowId flow) { return {static_cast<std::uint64_t>(flow)}; }

}  // namespace

SipPeers::SipPeers(std::shared_ptr<net::app_links::AppLinks> links, std::shared_ptr<const Clock> clock,
                   MailboxesPtr mailboxes)
    : links_(std::move(links)), clock_(std::move(clock)), mailboxes_(std::move(mailboxes)) {}

void SipPeers::open(sip::element::OpenPeer wish) {
  if (links_) return connections_.open(clock_->now().mono, std::move(wish));
  for_element_.emplace_back(sip::element::OpenFailed{wish.open, "there are no connections to other peers"});
}

void SipPeers::handle(SipPeerBatch& batch) {
  const MonoTime now = clock_->now().mono;
  for (auto& event : *batch.events) {
    std::visit(
        [&](auto& one) {
          using Event = std::decay_t<decltype(one)>;
          if constexpr (std::is_same_v<Event, routing::ApplicationEvent>)
            connections_.on_event(now, std::move(one));
          else if constexpr (std::is_same_v<Event, sip::peers::Arrived>)
            connections_.on_up(now, std::move(one));
          else if constexpr (std::is_same_v<Event, sip::element::Received>)
            connections_.on_received(std::move(one));
          else if constexpr (std::is_same_v<Event, sip::element::FlowDown>)
            connections_.on_down(one.flow, one.reason);
          else
            connections_.on_drained(one.flow);
        },
        event);
  }
}

void SipPeers::tick() { connections_.on_timer(clock_->now().mono); }

std::vector<sip::element::Input> SipPeers::settle() {
  for (auto outputs = connections_.take_outputs(); !outputs.empty(); outputs = connections_.take_outputs()) {
    for (auto& output : outputs) {
      std::visit(
          [this](auto& one) {
            if constexpr (std::is_same_v<std::decay_t<decltype(one)>, sip::element::Input>)
              for_element_.push_back(std::move(one));
            else
              carry_out(one);
          },
          output);
    }
  }
  return std::exchange(for_element_, {});
}

void SipPeers::carry_out(routing::Input input) {
  RoutingBatch batch;
  batch.inputs.push_back(std::move(input));
  caf::anon_send(mailboxes_->routing, std::move(batch));
}

void SipPeers::carry_out(sip::peers::Connect& wish) {
  const auto flow = links_->connect(wish.addresses, wish.node);
  connections_.connecting(wish, flow ? std::optional(sip::element::FlowId{flow->number}) : std::nullopt);
}

void SipPeers::carry_out(sip::peers::Close& close) {
  links_->close(link_flow(close.flow), std::move(close.reason));
}

// ---- flows

net::phones::Given SipPeers::send(sip::element::FlowId flow, SharedBytes octets) {
  return links_->send(link_flow(flow), std::move(octets));
}

void SipPeers::credit(sip::element::FlowId flow, std::size_t credit) {
  links_->credit(link_flow(flow), credit);
}

void SipPeers::hold(sip::element::FlowId flow, bool held) { links_->hold(link_flow(flow), held); }

void SipPeers::close(sip::element::FlowId flow, std::string reason) {
  links_->close(link_flow(flow), std::move(reason));
}

void SipPeers::report(SipReport& out) const {
  if (!links_) return;
  out.peers = connections_.counters();
  out.peer_links = links_->counters();
  for (const auto& tables : {connections_.tables(), links_->tables()})
    out.tables.insert(out.tables.end(), tables.begin(), tables.end());
}

// ---- routing

std::function<void(routing::ApplicationEvent)> to_sip_peers(std::shared_ptr<const Mailboxes> mailboxes) {
  return [mailboxes = std::move(mailboxes)](routing::ApplicationEvent event) {
    if (mailboxes->sip) caf::anon_send(mailboxes->sip, SipPeerBatch(std::move(event)));
  };
}

RoutingBatch serve_sip(const std::vector<wire::IpAddressPort>& addresses) {
  RoutingBatch batch;
  for (const auto application : {sip::peers::k_sip_application, sip::peers::k_sips_application})
    batch.inputs.emplace_back(routing::ServeApplication{application, addresses});
  return batch;
}

}  // namespace ringway::actors
