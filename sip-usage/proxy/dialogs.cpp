#include "sip-usage/proxy/dialogs.hpp"

#include <algorithm>

#include "sip-usage/message/grammar.hpp"
#include "sip-usage/message/via.hpp"
#include "sip-usage/proxy/routing.hpp"
#include "sip-usage/registration/gruu.hpp"

namespace ringway::sip::proxy {
namespace {

std::string text_of(const NetworkFlow& flow) {
  return flow.here.transport + ' ' + flow.here.host + ' ' + std::to_string(flow.here.port.value_or(0)) + ' ' +
         flow.remote;
}

// RFC 4028 §4: delta-seconds, then parameters.
Duration session_time(const Message& response) {
  const std::string* field = response.field("Session-Expires");
  const auto number =
      field == nullptr
          ? std::nullopt
          : parse_number(trimmed(std::string_view(*field).substr(0, field->find_first_of("; \t"))));
  if (!number || *number == 0) return k_dialog_time;
  return std::min(Duration(std::int64_t{1000} * *number) + k_session_grace, k_dialog_time);
}

// Is it who was called that sends it?
bool is_at(const Hop& hop, const Source& source) {
  if (const auto* phone = std::get_if<FlowHop>(&hop)) return same_flow(phone->flow, source.flow);
  if (const auto* peer = std::get_if<PeerHop>(&hop)) {
    if (source.side != Side::overlay || peer->destinations.empty()) return false;
    const auto* node = std::get_if<wire::NodeDestination>(&peer->destinations.back());
    return node != nullptr && node->node.hex() == source.flow.remote;
  }
  const auto* server = std::get_if<ServerHop>(&hop);
  if (server == nullptr || source.side != Side::outside) return false;
  const bool is_ipv6 = server->host.find(':') != std::string::npos;
  return source.flow.remote ==
         (is_ipv6 ? '[' + server->host + ']' : server->host) + ':' + std::to_string(server->port);
}

std::size_t bytes_of(const Uri& uri) { return uri.print().size(); }

std::optional<Uri> way_back(const Message& request) {
  const auto& values = request.record_routes.empty() ? request.contacts : request.record_routes;
  if (values.empty() || !values.front().uri.is_sip()) return std::nullopt;
  const Uri& from = values.front().uri;
  Uri out;
  out.scheme = from.scheme;
  out.host = from.host;
  out.port = from.port;
  for (const auto* name : {"gr", "transport", "maddr"})
    if (from.parameters.has(name)) out.parameters.add({name, std::string(from.parameters.value(name))});
  return out;
}

// Who sends datagrams from another port than it listens at says so by leaving out rport (RFC 3581 §3), and
// hears at the port of its Via (RFC 3261 §18.2.2).
NetworkFlow flow_back(const Message& request, const NetworkFlow& from) {
  if (from.here.transport != "UDP" || request.vias.empty()) return from;
  const auto port = response_target(request.vias.front()).port;
  const auto colon = from.remote.rfind(':');
  if (port == 0 || colon == std::string::npos || from.remote.substr(colon + 1) == std::to_string(port))
    return from;
  return {0, from.here, from.remote.substr(0, colon + 1) + std::to_string(port)};
}

std::optional<NodeId> node_of(const NetworkFlow& flow) {
  Bytes octets;
  NodeId node;
  if (!from_hex(flow.remote, octets) || octets.size() != node.bytes.size()) return std::nullopt;
  std::copy(octets.begin(), octets.end(), node.bytes.begin());
  return node;
}

}  // namespace

std::optional<Hop> hop_to_caller(const Message& request, const Source& source, const Settings& settings) {
  if (source.side == Side::phone) return FlowHop{source.flow};
  auto back = way_back(request);
  const bool is_in_overlay = back && side_of(UriHop{*back}, settings) == Side::overlay;
  if (source.side == Side::overlay && !is_in_overlay)
    if (const auto node = node_of(source.flow)) return PeerHop{{wire::to_node(*node)}};
  if (source.side == Side::outside && !settings.users_may_call_outside)
    return CallerHop{flow_back(request, source.flow)};
  return back ? std::optional<Hop>(UriHop{std::move(*back)}) : std::nullopt;
}

std::string DialogTable::key_of(const Message& message, bool from_caller) {
  const auto caller = from_caller ? message.from.tag() : message.to.tag();
  const auto callee = from_caller ? message.to.tag() : message.from.tag();
  // No field can run into the next one: none has a line's end.
  return message.call_id + '\n' + std::string(caller) + '\n' + std::string(callee);
}

DialogTable::Dialogs::const_iterator DialogTable::find(const Message& request) const {
  const auto found = dialogs_.find(key_of(request, true));
  return found != dialogs_.end() ? found : dialogs_.find(key_of(request, false));
}

void DialogTable::note(MonoTime now, const Message& request, const Message& response, const Target& target,
                       const Source& source, std::optional<Hop> to_caller,
                       std::optional<std::vector<NameAddr>> hidden_route) {
  if (response.to.tag().empty() || request.from.tag().empty()) return;
  const auto known = dialogs_.find(key_of(response, true));
  const auto turned = dialogs_.find(key_of(response, false));
  if (known != dialogs_.end()) {
    if (!response.contacts.empty()) known->second.target = response.contacts.front().uri;
    return renew(now, known, response);
  }
  if (turned != dialogs_.end()) return renew(now, turned, response);
  if (request.method() != "INVITE" || !request.to.tag().empty() || request.contacts.empty()) return;
  Dialog dialog;
  dialog.caller = source;
  dialog.to_callee = target.hop;
  dialog.is_callee_here = std::holds_alternative<FlowHop>(target.hop) || !target.user.empty();
  dialog.target = response.contacts.empty() ? target.uri : response.contacts.front().uri;
  // Another peer knows its users by their addresses; what a phone calls itself only the phone does.
  dialog.callee = std::holds_alternative<PeerHop>(target.hop) ? target.uri : dialog.target;
  dialog.caller_contact = request.contacts.front().uri;
  dialog.to_caller = std::move(to_caller);
  if (hidden_route) hide(dialog, std::move(*hidden_route));
  const auto key = key_of(response, true);
  if (key.size() + bytes_of(dialog.callee) + bytes_of(dialog.target) + bytes_of(dialog.caller_contact) >
      k_max_dialog_bytes)
    return;
  dialog.flows.push_back(source.flow);
  if (const auto* phone = std::get_if<FlowHop>(&target.hop)) dialog.flows.push_back(phone->flow);
  if (target.over) dialog.flows.push_back(*target.over);
  if (dialogs_.size() >= k_max_dialogs) forget(dialogs_.find(by_order_.begin()->second));
  const auto is_of_peer = [&](const NetworkFlow& flow) {
    return (source.side == Side::overlay && &flow == &dialog.flows.front()) ||
           (target.over && flow == *target.over);
  };
  for (const auto& flow : dialog.flows) hold(flow, is_of_peer(flow));
  const auto added = dialogs_.emplace(key, std::move(dialog)).first;
  renew(now, added, response);
}

// All that goes to the other side goes to the first of these, and what comes from there comes from it.
// Without a Route the dialog is still known to be a hidden one.
void DialogTable::hide(Dialog& dialog, std::vector<NameAddr> route) {
  dialog.is_hidden = true;
  std::size_t size_bytes = 0;
  for (const NameAddr& each : route) size_bytes += each.print().size();
  const auto first =
      route.empty() ? std::nullopt : std::optional(read_gr(route.front().uri.parameters.value("gr")));
  if (!first || !*first || size_bytes > k_max_dialog_bytes) return;
  const PeerHop hop{**first};
  if (dialog.caller.side == Side::overlay) {
    dialog.to_caller = hop;
  } else {
    dialog.to_callee = hop;
    dialog.callee = dialog.target;
  }
  dialog.route = std::move(route);
}

void DialogTable::renew(MonoTime now, Dialogs::iterator dialog, const Message& response) {
  ends_.erase({dialog->second.ends_at, dialog->first});
  by_order_.erase(dialog->second.order);
  dialog->second.ends_at = now + session_time(response);
  dialog->second.order = ++last_order_;
  ends_.emplace(dialog->second.ends_at, dialog->first);
  by_order_.emplace(dialog->second.order, dialog->first);
}

std::optional<DialogWay> DialogTable::way(const Message& request, const Source& source) const {
  if (request.to.tag().empty()) return std::nullopt;
  if (const auto found = dialogs_.find(key_of(request, true)); found != dialogs_.end()) {
    const Dialog& dialog = found->second;
    if (!same_flow(dialog.caller.flow, source.flow)) return std::nullopt;
    if (dialog.caller.side == Side::overlay || dialog.route.empty())
      return DialogWay{dialog.to_callee, dialog.callee};
    return DialogWay{dialog.to_callee, dialog.target, dialog.route};
  }
  const auto found = dialogs_.find(key_of(request, false));
  if (found == dialogs_.end() || !found->second.to_caller) return std::nullopt;
  if (!is_at(found->second.to_callee, source)) return std::nullopt;
  const bool is_of_callee = found->second.caller.side == Side::overlay;
  return DialogWay{*found->second.to_caller, found->second.caller_contact,
                   is_of_callee ? found->second.route : std::vector<NameAddr>()};
}

std::optional<Side> DialogTable::side_of(const Message& request, const Source& source) const {
  const auto found = find(request);
  if (found == dialogs_.end() || request.to.tag().empty()) return std::nullopt;
  const Dialog& dialog = found->second;
  if (found->first == key_of(request, true))
    return same_flow(dialog.caller.flow, source.flow) ? std::optional(dialog.caller.side) : std::nullopt;
  if (!is_at(dialog.to_callee, source)) return std::nullopt;
  return dialog.is_callee_here ? Side::phone : source.side;
}

const Uri* DialogTable::remote_target(const Message& request) const {
  const auto found = dialogs_.find(key_of(request, true));
  return found == dialogs_.end() ? nullptr : &found->second.target;
}

std::optional<bool> DialogTable::is_hidden(const Message& request) const {
  const auto found = find(request);
  return found == dialogs_.end() ? std::nullopt : std::optional(found->second.is_hidden);
}

void DialogTable::end(const Message& request) {
  const auto found = find(request);
  if (found != dialogs_.end()) forget(dialogs_.find(found->first));
}

void DialogTable::forget(Dialogs::iterator dialog) {
  ends_.erase({dialog->second.ends_at, dialog->first});
  by_order_.erase(dialog->second.order);
  for (const auto& flow : dialog->second.flows) release(flow);
  dialogs_.erase(dialog);
}

void DialogTable::on_timer(MonoTime now) {
  while (!ends_.empty() && ends_.begin()->first <= now) forget(dialogs_.find(ends_.begin()->second));
}

// ---- flows

void DialogTable::hold(const NetworkFlow& flow, bool is_of_peer) {
  auto& entry = flows_.try_emplace(text_of(flow), FlowInCalls{flow, is_of_peer}).first->second;
  if (++entry.calls > 1 || held_count_ >= k_max_flows_in_calls) return;
  if (is_of_peer && held_peers_ >= k_max_peers_in_calls) return;
  entry.is_held = true;
  ++held_count_;
  if (is_of_peer) ++held_peers_;
  holds_.push_back({flow, true});
}

void DialogTable::release(const NetworkFlow& flow) {
  const auto found = flows_.find(text_of(flow));
  if (--found->second.calls != 0) return;
  if (found->second.is_held) {
    --held_count_;
    if (found->second.is_of_peer) --held_peers_;
    holds_.push_back({found->second.flow, false});
  }
  flows_.erase(found);
}

bool DialogTable::is_in_call(const NetworkFlow& flow) const {
  const auto found = flows_.find(text_of(flow));
  return found != flows_.end() && found->second.is_held;
}

std::vector<HoldFlow> DialogTable::take_holds() { return std::exchange(holds_, {}); }

}  // namespace ringway::sip::proxy
