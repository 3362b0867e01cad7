// Presence and the other rooms: which requests are for it, who sends them, and the NOTIFYs that it sends.
#include <algorithm>

#include "sip-usage/element/element.hpp"
#include "sip-usage/message/builders.hpp"
#include "sip-usage/proxy/forwarding.hpp"
#include "sip-usage/proxy/routing.hpp"

namespace ringway::sip::element {
namespace {

constexpr std::string_view k_branch_cookie = "z9hG4bK";  // RFC 3261 §8.1.1.7
constexpr unsigned k_no_answer = 408;

std::optional<Aor> user_of(const proxy::Source& source) {
  auto user = Aor::of_user_name(source.user);
  return source.side == proxy::Side::phone && user ? std::optional(*std::move(user)) : std::nullopt;
}

}  // namespace

// Other packages' SUBSCRIBEs go to who is subscribed to, as any request; so do those to one device.
bool Element::is_of_presence(Now now, const Message& request) const {
  const bool is_subscribe = request.method() == "SUBSCRIBE";
  if (!is_subscribe && request.method() != "PUBLISH") return false;
  if (is_subscribe && (presence_.has_dialog(request) || is_for_this_peer(request))) return true;
  const bool is_routed_on =
      std::any_of(request.routes.begin(), request.routes.end(),
                  [&](const NameAddr& route) { return !proxy::is_own(route.uri, settings_.proxy); });
  const Uri& uri = request.request_uri();
  if (!request.to.tag().empty() || is_routed_on || uri.parameters.has("gr")) return false;
  if (!is_subscribe) return registrar_.find(now.mono, uri).is_known;
  const auto event = request.event();
  return event && event->package == presence::k_package && proxy::is_responsible_for(uri, settings_.proxy);
}

// False: it is for somebody else.
bool Element::serve_presence(Now now, RequestArrived& arrived, FlowState& flow) {
  if (!is_of_presence(now, arrived.request)) return false;
  const TransactionId transaction = arrived.transaction;
  if (transactions_.is_merged(transaction)) {
    ++counters_.merged;
    answer(now, transaction, make_response(arrived.request, 482, new_tag()));
    return true;
  }
  auto source = source_of_subscriber(now, arrived.request, flow);
  if (const auto* instead = std::get_if<Message>(&source)) {
    answer(now, transaction, *instead);
    return true;
  }
  const auto& from = std::get<proxy::Source>(source);
  Message request = std::move(arrived.request);
  request.request_uri() = proxy::with_overlay_name(request.request_uri(), settings_.proxy);
  if (request.method() == "PUBLISH") {
    publish(now, transaction, request, from);
  } else if (const auto refused = refuse_watcher(now, request, from, flow)) {
    answer(now, transaction, make_response(request, *refused, new_tag()));
  } else {
    const Uri contact =
        flow.is_peer() ? proxy::uri_in_overlay(settings_.proxy) : proxy::uri_at(flow.way.here);
    presence_.subscribe(now.mono, transaction, request,
                        {user_of(from), flow.id, contact, flow.sender.sender});
  }
  return true;
}

// Within a subscription the Request-URI is this peer's, and would not be asked for credentials.
std::variant<proxy::Source, Message> Element::source_of_subscriber(Now now, const Message& request,
                                                                   FlowState& flow) {
  if (!presence_.has_dialog(request)) {
    auto source = source_of(now, request, flow);
    if (auto* instead = std::get_if<Message>(&source)) return std::move(*instead);
    // Who is no phone here sees what everybody sees, whatever name it has.
    if (auto* claimed = std::get_if<Claimed>(&source)) return std::move(claimed->source);
    return std::get<proxy::Source>(std::move(source));
  }
  proxy::Source out{flow.is_peer() ? proxy::Side::overlay : proxy::Side::outside, flow.way};
  if (flow.is_peer()) return out;
  if (!presence_.watcher_of(request)) {
    if (is_nameless_phone(request, flow)) out.side = proxy::Side::phone;
    return out;
  }
  auto sender = registrar_.sender_of(now, request, flow.sender);
  if (auto* instead = std::get_if<Message>(&sender)) return std::move(*instead);
  out.side = proxy::Side::phone;
  out.user = std::get<Aor>(sender).name();
  return out;
}

void Element::publish(Now now, TransactionId transaction, const Message& request, const proxy::Source& from) {
  const auto sender = user_of(from);
  if (!sender) return answer(now, transaction, make_response(request, 403, new_tag()));
  presence_.publish(now, transaction, request, *sender);
}

// Others than own phones watch own users only, as everybody sees them. Whoever sends datagrams may have
// written another one's address on them, who would then get the NOTIFYs.
std::optional<unsigned> Element::refuse_watcher(Now now, const Message& request, const proxy::Source& from,
                                                const FlowState& flow) const {
  const bool is_known_dialog = presence_.has_dialog(request);
  if (from.side == proxy::Side::phone || (!is_known_dialog && is_for_this_peer(request))) return std::nullopt;
  if (!is_known_dialog && !registrar_.find(now.mono, request.request_uri()).is_known) return 404;
  return flow.is_reliable() ? std::nullopt : std::optional(403U);
}

void Element::act(Now now, presence::SendNotify& notify) {
  FlowState* flow = notify.flow ? flows_.find(*notify.flow) : nullptr;
  if (flow == nullptr || flow->is_closing) return presence_.on_notified(now.mono, notify.notify, k_no_answer);
  notify.request.vias = {proxy::via_of(flow->way.here, std::string(k_branch_cookie) + new_tag())};
  const Flow over{static_cast<std::uint64_t>(flow->id),
                  flow->is_reliable() ? Transport::reliable : Transport::unreliable};
  auto sent = transactions_.send_request_of(now.mono, std::move(notify.request), over, sender_of(*flow));
  if (!sent) return presence_.on_notified(now.mono, notify.notify, k_no_answer);
  flows_.used(now.mono, *flow);
  clients_.emplace(sent->transaction, Client{flow->id, std::nullopt, std::nullopt, notify.notify});
  flow->transactions.insert(sent->transaction);
  add_work(std::move(sent->outputs));
}

void Element::act(Now now, Watching& watching) {
  flows_.set_watching(now.mono, watching.flow, watching.is_watching);
}

// Of a NOTIFY; nothing: there was no answer.
void Element::end_notify(MonoTime now, const Client& client, std::optional<unsigned> status) {
  if (client.notify && status.value_or(k_no_answer) >= 200)
    presence_.on_notified(now, *client.notify, status.value_or(k_no_answer));
}

// Whether there are phones of that user here is shown where nothing is published.
void Element::tell_presence(Now now, const Aor& aor) {
  const auto uri = Uri::parse("sip:" + escaped(aor));
  if (uri) presence_.on_bindings(now, aor, !registrar_.find(now.mono, *uri).targets.empty());
}

// Those whose phones are served here.
std::vector<messages::OwnUser> Element::watched_users() const {
  std::vector<messages::OwnUser> out;
  for (const auto& [aor, user] : letters_.users()) {
    const auto uri = Uri::parse("sip:" + escaped(aor));
    if (uri && registrar_.find({}, *uri).is_known) out.push_back(user);
  }
  return out;
}

}  // namespace ringway::sip::element
