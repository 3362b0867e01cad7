// Who sends a request: a user of this peer, another peer with a user of its certificate, or a stranger.
#include <algorithm>

#include "sip-usage/element/anonymity.hpp"
#include "sip-usage/element/element.hpp"
#include "sip-usage/message/builders.hpp"
#include "sip-usage/message/grammar.hpp"
#include "sip-usage/proxy/routing.hpp"

namespace ringway::sip::element {
namespace {

bool belongs_to_another(const Message& request) {
  return request.method() == "ACK" || request.method() == "CANCEL";  // they go the way of their INVITE
}

// A phone shows a MESSAGE with its From, whether it knows the dialog or not.
bool is_shown_as_new(const Message& request) { return request.method() == "MESSAGE"; }

// A token of this peer that was made for this call: the dialog was let through.
bool shows_token(const Message& request, const proxy::Tokens& tokens) {
  return !request.to.tag().empty() &&
         std::any_of(request.routes.begin(), request.routes.end(), [&](const NameAddr& route) {
           if (!route.uri.is_sip()) return false;
           const auto token = tokens.read(route.uri.user, request.call_id);
           return std::holds_alternative<proxy::DialogToken>(token) ||
                  std::holds_alternative<proxy::RelayToken>(token);
         });
}

}  // namespace

Element::Sending Element::source_of(Now now, const Message& request, FlowState& flow) {
  if (flow.is_peer()) return source_of_peer(request, flow);
  proxy::Source user{proxy::Side::phone, flow.way};
  const proxy::Source stranger{proxy::Side::outside, flow.way, {}, flow.sender.sender};
  if (!is_shown_as_new(request) &&
      (shows_own_token(request, flow) || proxy_.side_in_dialog(request, stranger) == proxy::Side::phone))
    return user;
  if (belongs_to_another(request)) return flow.is_known_phone ? user : stranger;
  if (is_for_this_peer(request)) return stranger;
  if (!may_be_of_user(now, request)) {
    if (!is_nameless_phone(request, flow)) return stranger;
    flow.is_known_phone = true;
    return user;
  }
  auto sender = registrar_.sender_of(now, request, flow.sender);
  if (auto* instead = std::get_if<Message>(&sender)) return std::move(*instead);
  flow.is_known_phone = true;
  user.user = std::get<Aor>(sender).name();
  return user;
}

// A peer speaks for the users of its certificate, and for those who have registered at it. Within a dialog
// From may be another one: of whom the call was for before it was forwarded (RFC 3261 §12.2.1.1).
Element::Sending Element::source_of_peer(const Message& request, const FlowState& flow) {
  proxy::Source peer{proxy::Side::overlay, flow.way};
  const Uri from = proxy::with_overlay_name(request.from.uri, settings_.proxy);
  // An intermediate peer sends it for it does not know whom: what its own users may is not the caller's to
  // do.
  if (is_anonymous(from)) return peer;
  if (!flow.users.empty()) peer.user = flow.users.front().name();
  if (belongs_to_another(request)) return peer;
  if (!is_shown_as_new(request) && (shows_token(request, tokens_) || proxy_.side_in_dialog(request, peer)))
    return peer;
  // As of the end of a dialog that passes here; but this peer's certificate would vouch for its own users.
  if (!is_shown_as_new(request) && intermediary_.leads_to_hidden(request) &&
      !registrar_.find({}, from).is_known)
    return peer;
  if (!is_user_of_overlay({}, from)) return source_of_another_domain(std::move(peer), from, flow);
  // What cannot be read (with a password, for one) is still shown by a phone as that user's.
  const auto address = read_address(from.print(), settings_.registrar.overlay_name);
  if (!address || !flow.node) return refuse_name(request);
  if (std::find(flow.users.begin(), flow.users.end(), address->aor) == flow.users.end())
    return Claimed{std::move(peer), address->aor, *flow.node, true};
  peer.user = address->aor.name();
  return peer;
}

// A number may be anybody's, an address is no domain that anybody is of, and what no certificate can have is
// no user's name.
Element::Sending Element::source_of_another_domain(proxy::Source peer, const Uri& from,
                                                   const FlowState& flow) const {
  if (!from.is_sip() || is_ip_address(from.host)) return peer;
  auto name = Aor::of_uri_parts(from.user, from.host);
  if (!name) return peer;
  if (std::find(flow.users.begin(), flow.users.end(), *name) == flow.users.end())
    return Claimed{std::move(peer), *std::move(name), flow.node.value_or(NodeId{}), false};
  peer.user = name->name();
  return peer;
}

Message Element::refuse_name(const Message& request) {
  ++counters_.false_from;
  auto response = make_response(request, 403, new_tag());
  std::get<StatusLine>(response.start).reason =
      "From is not of this peer's certificate, nor registered at it";
  return response;
}

// Of this overlay's name, or of another domain and at this peer. A number may be anybody's.
bool Element::is_user_of_overlay(MonoTime now, const Uri& uri) const {
  return (uri.is_sip() && proxy::is_responsible_for(uri, settings_.proxy)) ||
         registrar_.find(now, uri).is_known;
}

// A program on the machine whose phones need no credentials, and which calls itself by an address, not by a
// user's name: SIPp does, and who tries a softphone without an account.
bool Element::is_nameless_phone(const Message& request, const FlowState& flow) const {
  return settings_.registrar.trusts_loopback && flow.sender.is_loopback && request.vias.size() == 1 &&
         is_ip_address(request.from.uri.host);
}

// A phone registers with the domain of its user (RFC 3261 §10.2), which need not be the overlay's: for users
// of this peer the registrar is here.
void Element::name_this_registrar(MonoTime now, Message& request) const {
  if (request.method() != "REGISTER" || !request.request_uri().is_sip()) return;
  Uri& uri = std::get<RequestLine>(request.start).uri;
  const bool is_of_user = uri.user.empty() && same_ignoring_case(uri.host, request.to.uri.host);
  if (!is_of_user || !registrar_.find(now, request.to.uri).is_known) return;
  uri.host = settings_.proxy.overlay();
  uri.port.reset();
}

// Whoever answers it asks for credentials itself, where it wants any: phones do not answer 407 and then 401
// of one realm. An outbound proxy's Route is one of ours.
bool Element::is_for_this_peer(const Message& request) const {
  return proxy::is_own(request.request_uri(), settings_.proxy) &&
         std::all_of(request.routes.begin(), request.routes.end(), [&](const NameAddr& route) {
           return route.uri.user.empty() && proxy::is_own(route.uri, settings_.proxy);
         });
}

// Nobody else can have it: it was given to this flow, for this call.
bool Element::shows_own_token(const Message& request, const FlowState& flow) const {
  return !request.to.tag().empty() &&
         std::any_of(request.routes.begin(), request.routes.end(), [&](const NameAddr& route) {
           if (!route.uri.is_sip()) return false;
           const auto token = tokens_.read(route.uri.user, request.call_id);
           const auto* dialog = std::get_if<proxy::DialogToken>(&token);
           return dialog != nullptr && proxy::same_flow(dialog->flow, flow.way);
         });
}

// Servers of other domains call the users here and are not asked for credentials; who says that it is a user
// of the overlay is, and who wants to be nobody.
bool Element::may_be_of_user(Now now, const Message& request) const {
  if (request.field("Proxy-Authorization") != nullptr) return true;
  if (is_anonymous(request.from.uri)) return !registrar_.find(now.mono, request.request_uri()).is_known;
  return is_user_of_overlay(now.mono, proxy::with_overlay_name(request.from.uri, settings_.proxy));
}

}  // namespace ringway::sip::element
