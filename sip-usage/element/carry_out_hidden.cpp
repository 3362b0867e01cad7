// Calls whose caller wants to stay unknown: what the element does at the caller's own peer (anonymity.hpp)
// and at the intermediate one (intermediary.hpp).
#include <algorithm>

#include "sip-usage/element/anonymity.hpp"
#include "sip-usage/element/element.hpp"
#include "sip-usage/message/builders.hpp"
#include "sip-usage/proxy/routing.hpp"
#include "sip-usage/registration/gruu.hpp"

namespace ringway::sip::element {
namespace {

// Where a hop leads, as far as that is known without asking.
std::optional<wire::DestinationList> destinations_of(const proxy::Hop& hop) {
  if (const auto* peer = std::get_if<proxy::PeerHop>(&hop)) return peer->destinations;
  const auto* by_uri = std::get_if<proxy::UriHop>(&hop);
  auto read = by_uri == nullptr ? Result<wire::DestinationList>(Failure{"no peer"})
                                : read_gr(by_uri->uri.parameters.value("gr"));
  return read ? std::optional(std::move(*read)) : std::nullopt;
}

bool is_same_node(const FlowState& flow, const wire::DestinationList& destinations) {
  const auto* last = std::get_if<wire::NodeDestination>(&destinations.back());
  return last != nullptr && flow.node == last->node;
}

}  // namespace

// ---- what comes

// To the hidden end of a dialog, or to an anonymous GRUU. The intermediate peer brings it, whose certificate
// does not speak for the sender; so nobody does.
void Element::note_hidden(TransactionId transaction, Message& request, const FlowState& flow) {
  const bool is_to_gruu = registrar_.names_nobody(request.request_uri());
  if (!flow.is_peer() || (!is_to_gruu && !is_to_hidden(request))) return;
  servers_.at(transaction).hidden_as = request.request_uri();
  if (request.method() != "MESSAGE" && !request.to.tag().empty()) return;
  const auto from = read_address(request.from.uri.print(), settings_.registrar.overlay_name);
  if (!from || std::find(flow.users.begin(), flow.users.end(), from->aor) == flow.users.end())
    make_from_anonymous(request);
}

bool Element::is_private(const Message& request, const proxy::Source& from) const {
  if (from.side != proxy::Side::phone) return false;
  if (!request.to.tag().empty()) {
    if (goes_by_intermediate(request)) return true;
    if (const auto is_hidden = proxy_.is_hidden_dialog(request)) return *is_hidden;
    if (!leaves_out_route(request)) return false;  // it goes the way of its dialog
  }
  return wants_privacy(request) || (settings_.hides_users && !refuses_privacy(request));
}

// An outbound proxy's Route says nothing of the dialog.
bool Element::leaves_out_route(const Message& request) const {
  return std::all_of(request.routes.begin(), request.routes.end(),
                     [&](const NameAddr& each) { return proxy::is_own(each.uri, settings_.proxy); });
}

bool Element::stays_unknown(TransactionId transaction) const {
  const auto server = servers_.find(transaction);
  if (server != servers_.end()) return server->second.is_private;
  return settings_.hides_users && sending_.contains(transaction);  // of a program
}

// False: it was to pass here, and has been answered instead.
bool Element::let_pass(Now now, TransactionId transaction, Message& request, const FlowState& flow,
                       proxy::Source& from) {
  if (!flow.is_peer() || request.method() == "CANCEL") return true;  // that goes the way of its INVITE
  auto entered = intermediary_.enter(request, *flow.node);
  if (std::holds_alternative<std::monostate>(entered)) return true;
  auto* passage = std::get_if<Passage>(&entered);
  if (passage != nullptr && intermediary_.begin(*flow.node)) {
    ++counters_.passed_on;
    from.passes_here = true;
    servers_.at(transaction).passage = std::move(*passage);
    return true;
  }
  ++counters_.not_passed_on;
  answer(now, transaction,
         passage != nullptr ? busy(request) : make_response(request, std::get<unsigned>(entered), new_tag()));
  return false;
}

bool Element::let_ack_pass(Message& ack, const FlowState& flow, proxy::Source& from) {
  if (!flow.is_peer()) return true;
  const auto entered = intermediary_.enter(ack, *flow.node);
  from.passes_here = std::holds_alternative<Passage>(entered);
  return !std::holds_alternative<unsigned>(entered);
}

// ---- what goes

// What has no Contact needs none. Otherwise nothing: its phone has not registered here.
std::optional<Uri> Element::hidden_contact(TransactionId transaction, const Message& request) {
  if (request.contacts.empty()) return Uri{};
  const auto server = servers_.find(transaction);
  const FlowState* flow = server == servers_.end() ? nullptr : flows_.find(server->second.flow);
  if (flow == nullptr) return std::nullopt;
  return registrar_.hidden_gruu(flow->sender, request.contacts.front().uri);
}

// Without an intermediate peer it does not go at all: that it fails is better than that it says who calls.
void Element::send_hidden(Now now, proxy::StartBranch& start) {
  Message& request = start.request;
  const TransactionId transaction{static_cast<std::uint64_t>(start.server)};
  const auto contact = hidden_contact(transaction, request);
  const auto target = destinations_of(start.hop);
  const bool is_on_its_way = goes_by_intermediate(request);
  if (!contact || !target || !(is_on_its_way || add_intermediate_route(request, *target, settings_.proxy))) {
    outputs_.emplace_back(Log{"a call that is to be anonymous is not: its phone has not registered here"});
    return proxy_.on_failure(now.mono, start.branch, proxy::BranchFailure::unreachable);
  }
  make_anonymous(request, *contact);
  Parcel parcel{start.branch, std::move(request), {}, {}, {}, transaction};
  if (is_on_its_way) return ways_.send(now.mono, start.hop, std::move(parcel));
  const auto server = servers_.find(transaction);
  parcel.hiding = Hiding{
      *target, {}, 0, server == servers_.end() ? std::vector<NodeId>() : server->second.bad_intermediates};
  send_by_intermediate(now, std::move(parcel));
}

void Element::send_by_intermediate(Now now, Parcel parcel) {
  parcel.hiding->by = intermediates_.current(now.mono);
  const proxy::PeerHop hop{parcel.hiding->by};
  ways_.send(now.mono, hop, std::move(parcel));
}

// Nobody there, or nobody who serves phones, or the very peer that is called.
bool Element::try_another_intermediate(Now now, Parcel& parcel) {
  if (!parcel.hiding) return false;
  intermediates_.reject(parcel.hiding->by);
  if (++parcel.hiding->tries >= k_max_intermediate_tries) {
    outputs_.emplace_back(Log{"no other peer takes a call that is to be anonymous"});
    return false;
  }
  send_by_intermediate(now, std::move(parcel));
  return true;
}

bool Element::is_of_no_use(const Parcel& parcel, const FlowState* flow) {
  if (!parcel.hiding) return false;
  if (flow == nullptr || flow->is_closing || is_same_node(*flow, parcel.hiding->target)) return true;
  const auto& bad = parcel.hiding->bad;
  return flow->node && std::find(bad.begin(), bad.end(), *flow->node) != bad.end();
}

// What has come of a request that an intermediate peer was to pass on: that status; nothing: silence, or the
// connection is gone. True: another one is asked instead.
bool Element::is_asked_elsewhere(Now now, Client& client, std::optional<unsigned> status) {
  if (!client.hiding) return false;
  if (status && *status < 300) {
    client.is_passed_on = client.is_passed_on || *status > 100;
    return false;
  }
  if (client.is_passed_on) return false;
  // 500 and 504 may be of those behind it, so that nobody is called twice for them.
  const bool is_bad = !status || is_of_intermediate(*status);
  if (!is_bad && *status != 500 && *status != 504) return false;
  intermediates_.reject(client.hiding->by);
  const auto server = client.server ? servers_.find(*client.server) : servers_.end();
  if (!is_bad || server == servers_.end() || !client.hiding->sent_to) return false;
  auto& bad = server->second.bad_intermediates;
  if (bad.size() >= k_max_bad_intermediates) return false;
  bad.push_back(*client.hiding->sent_to);
  proxy_.add_alternatives(*client.branch, {proxy::PeerHop{client.hiding->target}});
  proxy_.on_failure(now.mono, *client.branch, proxy::BranchFailure::unreachable);
  return true;
}

// ---- answers

void Element::mask(TransactionId transaction, Message& response) {
  const auto server = servers_.find(transaction);
  if (server == servers_.end()) return;
  if (server->second.passage) intermediary_.mask(*server->second.passage, response);
  if (server->second.hidden_as) make_response_anonymous(response, *server->second.hidden_as);
}

}  // namespace ringway::sip::element
