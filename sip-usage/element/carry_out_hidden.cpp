// Calls whose caller wants to stay unknown: what the element does at the caller's own peer (anonymity.hpp)
// and at the intermediate one (intermediary.hpp).
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
  if (!request.to.tag().empty()) return goes_by_intermediate(request);
  return wants_privacy(request) || (settings_.hides_users && !refuses_privacy(request));
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

// Without an intermediate peer it does not go at all: that it fails is better than that it says who calls.
void Element::send_hidden(Now now, const Server& server, proxy::StartBranch& start) {
  Message& request = start.request;
  const Uri said = request.contacts.empty() ? Uri{} : request.contacts.front().uri;
  const auto contact = registrar_.hidden_gruu(server.flow, said);
  const auto target = destinations_of(start.hop);
  const bool is_on_its_way = goes_by_intermediate(request);
  if (!contact || !target || !(is_on_its_way || add_intermediate_route(request, *target, settings_.proxy))) {
    outputs_.emplace_back(Log{"a call that is to be anonymous is not: its phone has not registered here"});
    return proxy_.on_failure(now.mono, start.branch, proxy::BranchFailure::unreachable);
  }
  make_anonymous(request, *contact);
  Parcel parcel{
      start.branch, std::move(request), {}, {}, {}, TransactionId{static_cast<std::uint64_t>(start.server)}};
  if (is_on_its_way) return ways_.send(now.mono, start.hop, std::move(parcel));
  parcel.hiding = Hiding{*target, {}, 0};
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
  return parcel.hiding && (flow == nullptr || flow->is_closing || is_same_node(*flow, parcel.hiding->target));
}

// ---- answers

void Element::mask(TransactionId transaction, Message& response) {
  const auto server = servers_.find(transaction);
  if (server == servers_.end()) return;
  if (server->second.passage) intermediary_.mask(*server->second.passage, response);
  if (server->second.hidden_as) make_response_anonymous(response, *server->second.hidden_as);
}

}  // namespace ringway::sip::element
