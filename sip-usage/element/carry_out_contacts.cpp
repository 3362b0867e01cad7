// How phones here are called within dialogs with other peers: by a URI of the overlay (RFC 7904 §5.1), which
// leads to this peer and names one device of a user here, and not by the address that the phone has behind
// its NAT. What comes for that URI finds the phone as every call does, so the phone sees its own Contact, and
// is found where it has moved to. Of a phone that has not registered there is no such URI: its Contact stays
// as it is, and its dialogs go by their Record-Route, as all do.
#include "sip-usage/element/element.hpp"
#include "sip-usage/proxy/routing.hpp"

namespace ringway::sip::element {
namespace {

// Of one that is a GRUU already the phone knows what it does.
bool is_to_be_named(const Message& message, const proxy::Settings& settings) {
  if (message.contact_is_any || message.contacts.size() != 1) return false;
  const Uri& contact = message.contacts.front().uri;
  return contact.is_sip() && !(contact.parameters.has("gr") && proxy::is_responsible_for(contact, settings));
}

}  // namespace

void Element::name_in_overlay(proxy::StartBranch& start) {
  if (start.request.method() == "REGISTER" || !is_to_be_named(start.request, settings_.proxy)) return;
  const auto server = servers_.find(TransactionId{static_cast<std::uint64_t>(start.server)});
  const FlowState* flow = server == servers_.end() ? nullptr : flows_.find(server->second.flow);
  if (flow == nullptr || flow->is_peer()) return;
  Uri& contact = start.request.contacts.front().uri;
  if (auto uri = registrar_.overlay_uri(flow->sender, contact)) contact = std::move(*uri);
}

void Element::name_in_overlay(proxy::Respond& respond) {
  if (!respond.phone || respond.response.status() >= 300) return;
  const auto server = servers_.find(TransactionId{static_cast<std::uint64_t>(respond.server)});
  if (server == servers_.end() || !std::holds_alternative<proxy::PeerHop>(server->second.back)) return;
  if (!is_to_be_named(respond.response, settings_.proxy)) return;
  Uri& contact = respond.response.contacts.front().uri;
  if (auto uri = contact_in_overlay(*respond.phone, contact)) contact = std::move(*uri);
}

std::optional<Uri> Element::contact_in_overlay(const proxy::Target& phone, const Uri& contact) {
  if (auto user = Aor::of_user_name(phone.user))
    return registrar_.overlay_uri(*user, phone.instance, phone.uri);
  const auto* hop = std::get_if<proxy::FlowHop>(&phone.hop);
  const FlowState* flow = hop == nullptr ? nullptr : flows_.find(hop->flow);
  return flow == nullptr ? std::nullopt : registrar_.overlay_uri(flow->sender, contact);
}

// An ACK of a 2xx: nobody looks for the phone that it goes to, since the dialog's token leads there. From a
// phone here to another peer it says nothing of where that phone is.
void Element::name_for_phone(MonoTime now, proxy::SendStateless& send) const {
  Message& request = send.request;
  if (side_of(send.hop, settings_.proxy) == proxy::Side::overlay) request.contacts.clear();
  const auto* hop = std::get_if<proxy::FlowHop>(&send.hop);
  const Uri& uri = request.request_uri();
  if (hop == nullptr || !uri.parameters.has("gr") || !proxy::is_responsible_for(uri, settings_.proxy)) return;
  const auto phone = registrar_.find(now, uri);
  if (!phone.targets.empty()) request.request_uri() = phone.targets.front().uri;
}

}  // namespace ringway::sip::element
