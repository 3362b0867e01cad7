// What the outputs of each room mean for the others.
#include <algorithm>
#include <array>

#include "sip-usage/element/element.hpp"
#include "sip-usage/message/builders.hpp"
#include "sip-usage/message/grammar.hpp"
#include "sip-usage/proxy/routing.hpp"

namespace ringway::sip::element {
namespace {

constexpr std::string_view k_allow = "REGISTER, OPTIONS";
constexpr std::string_view k_anonymous_host = "anonymous.invalid";  // RFC 3323 §4.1.1.3

proxy::ServerId server_of(TransactionId id) { return proxy::ServerId{id.value}; }
TransactionId transaction_of(proxy::ServerId id) { return {static_cast<std::uint64_t>(id)}; }

// §18.2.2: over datagrams, where the Via says, if that is another port than the one it came from. Only at the
// address that it came from: no maddr, so that nobody has answers sent to others.
std::optional<std::uint16_t> answer_port(const Message& request, const FlowState& flow) {
  if (flow.is_reliable()) return std::nullopt;
  const auto port = response_target(request.vias.front()).port;
  return port == flow.remote.port || port == 0 ? std::nullopt : std::optional(port);
}

// RFC 3261 §13, RFC 6665 §4.1, RFC 3515.
bool begins_dialog(const Message& request) {
  const auto& method = request.method();
  return request.to.tag().empty() && (method == "INVITE" || method == "SUBSCRIBE" || method == "REFER");
}

}  // namespace

// ---- transactions

void Element::act(Now, Transmit& transmit) {
  const FlowId flow{transmit.flow.id};
  const auto server = transmit.transaction ? servers_.find(*transmit.transaction) : servers_.end();
  if (server != servers_.end() && server->second.answer_port)
    outputs_.emplace_back(SendToPort{flow, *server->second.answer_port, std::move(transmit.octets)});
  else
    outputs_.emplace_back(Send{flow, std::move(transmit.octets)});
}

void Element::act(Now now, RequestArrived& arrived) {
  const FlowId id{arrived.flow.id};
  FlowState* flow = flows_.find(id);
  if (flow == nullptr) {  // gone with the request before it
    add_work(transactions_.give_up(arrived.transaction));
    return;
  }
  servers_.emplace(arrived.transaction, Server{id, answer_port(arrived.request, *flow)});
  flow->transactions.insert(arrived.transaction);
  if (is_leaving_ && begins_dialog(arrived.request)) {
    ++counters_.leaving;
    return answer(now, arrived.transaction, busy(arrived.request));
  }
  auto source = source_of(now, arrived.request, *flow);
  if (const auto* instead = std::get_if<Message>(&source)) return answer(now, arrived.transaction, *instead);
  const auto& from = std::get<proxy::Source>(source);
  if (arrived.request.method() == "CANCEL") {
    const bool may_cancel = arrived.cancels && is_from_same(*flow, *arrived.cancels);
    const auto invite = may_cancel ? std::optional(server_of(*arrived.cancels)) : std::nullopt;
    proxy_.on_cancel(now.mono, server_of(arrived.transaction), invite, std::move(arrived.request), from);
  } else {
    proxy_.on_request(now.mono, server_of(arrived.transaction), std::move(arrived.request), from);
  }
}

Message Element::busy(const Message& request) {
  auto response = make_response(request, 503, new_tag());
  response.set_field("Retry-After", std::to_string(registrar::k_retry_after_s));
  return response;
}

// A branch is no secret: everybody who was called sees it. A CANCEL is from whoever has sent the INVITE (RFC
// 3261 §9.1, §9.2), perhaps over a connection that was made since.
bool Element::is_from_same(const FlowState& flow, TransactionId invite) {
  const auto server = servers_.find(invite);
  if (server == servers_.end()) return false;
  if (server->second.flow == flow.id) return true;
  const FlowState* other = flows_.find(server->second.flow);
  if (other == nullptr || other->is_peer() != flow.is_peer()) return false;
  return flow.is_peer() ? other->node == flow.node : other->remote.host == flow.remote.host;
}

void Element::act(Now now, AckArrived& arrived) {
  FlowState* flow = flows_.find(FlowId{arrived.flow.id});
  if (flow == nullptr) return;
  const auto source = source_of(now, arrived.ack, *flow);
  if (const auto* from = std::get_if<proxy::Source>(&source)) proxy_.on_ack(std::move(arrived.ack), *from);
}

void Element::act(Now now, ResponseArrived& arrived) {
  const auto client = clients_.find(arrived.transaction);
  if (client != clients_.end() && client->second.branch)
    proxy_.on_response(now.mono, *client->second.branch, std::move(arrived.response));
}

void Element::act(Now now, TransactionFailed& failed) {
  const auto client = clients_.find(failed.transaction);
  if (client == clients_.end() || !client->second.branch) return;
  const bool is_silent = failed.failure == TransactionFailure::timeout;
  proxy_.on_failure(now.mono, *client->second.branch,
                    is_silent ? proxy::BranchFailure::timed_out : proxy::BranchFailure::unreachable);
}

void Element::act(Now now, TransactionEnded& ended) {
  const auto server = servers_.find(ended.transaction);
  const auto client = clients_.find(ended.transaction);
  const auto leave = [&](FlowId id) {
    if (FlowState* flow = flows_.find(id)) flow->transactions.erase(ended.transaction);
  };
  if (server != servers_.end()) {
    leave(server->second.flow);
    servers_.erase(server);
    proxy_.on_server_ended(now.mono, server_of(ended.transaction));
  } else if (client != clients_.end()) {
    leave(client->second.flow);
    const auto branch = client->second.branch;
    clients_.erase(client);
    if (!branch) return;
    transaction_of_.erase(*branch);
    proxy_.on_branch_ended(now.mono, *branch);
  }
}

void Element::answer(Now now, TransactionId transaction, const Message& response) {
  add_work(transactions_.respond(now.mono, transaction, response));
}

// ---- who sends it

std::variant<proxy::Source, Message> Element::source_of(Now now, const Message& request, FlowState& flow) {
  if (flow.is_peer()) return proxy::Source{proxy::Side::overlay, flow.way};
  const proxy::Source user{proxy::Side::phone, flow.way};
  const proxy::Source stranger{proxy::Side::outside, flow.way};
  if (shows_own_token(request, flow)) return user;
  if (request.method() == "ACK" || request.method() == "CANCEL") return flow.is_known_phone ? user : stranger;
  if (is_for_this_peer(request)) return stranger;
  if (!may_be_of_user(now, request)) return stranger;
  auto sender = registrar_.sender_of(now, request, flow.sender);
  if (auto* instead = std::get_if<Message>(&sender)) return std::move(*instead);
  flow.is_known_phone = true;
  return user;
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

// Servers of other domains call the users here and are not asked for credentials; who says that it is one of
// these users is, and who wants to be nobody.
bool Element::may_be_of_user(Now now, const Message& request) const {
  if (request.field("Proxy-Authorization") != nullptr) return true;
  if (same_ignoring_case(request.from.uri.host, k_anonymous_host))
    return !registrar_.find(now.mono, request.request_uri()).is_known;
  return registrar_.find(now.mono, request.from.uri).is_known;
}

// ---- the proxy

void Element::act(Now now, proxy::FindTargets& find) { finder_.begin(now.mono, find); }
void Element::act(Now, proxy::DropFind& drop) { finder_.drop(drop.find); }

void Element::act(Now now, FindAnswer& answer) {
  if (auto* found = std::get_if<proxy::Found>(&answer.found))
    proxy_.on_found(now.mono, answer.find, std::move(*found));
  else
    proxy_.on_not_found(now.mono, answer.find, std::get<unsigned>(answer.found));
}

void Element::act(Now now, proxy::StartBranch& start) {
  ways_.send(now.mono, start.hop, {start.branch, std::move(start.request)});
}

void Element::act(Now now, proxy::SendStateless& send) {
  ways_.send(now.mono, send.hop, {std::nullopt, std::move(send.request)});
}

void Element::act(Now now, Ready& ready) {
  FlowState* flow = flows_.find(ready.flow);
  auto& [branch, request] = ready.parcel;
  if (flow == nullptr || flow->is_closing) {
    if (branch) proxy_.on_failure(now.mono, *branch, proxy::BranchFailure::unreachable);
    return;
  }
  flows_.used(now.mono, *flow);
  if (!flow->is_peer()) request.vias.front().transport = flow->transport;  // where a URI led was not known
  if (!branch) {
    outputs_.emplace_back(Send{flow->id, octets_of(request)});
    return;
  }
  const Flow over{static_cast<std::uint64_t>(flow->id),
                  flow->is_reliable() ? Transport::reliable : Transport::unreliable};
  auto sent = transactions_.send_request(now.mono, std::move(request), over);
  if (!sent) return proxy_.on_failure(now.mono, *branch, proxy::BranchFailure::unreachable);
  clients_.emplace(sent->transaction, Client{flow->id, branch});
  transaction_of_.emplace(*branch, sent->transaction);
  flow->transactions.insert(sent->transaction);
  add_work(std::move(sent->outputs));
}

void Element::act(Now now, NoWay& none) {
  if (none.parcel.branch)
    proxy_.on_failure(now.mono, *none.parcel.branch, proxy::BranchFailure::unreachable);
  else
    ++counters_.not_sent;
}

void Element::act(Now now, proxy::CancelBranch& cancel) {
  const auto found = transaction_of_.find(cancel.branch);
  if (found == transaction_of_.end()) return;
  const Message* invite = transactions_.request(found->second);
  FlowState* flow = flows_.find(clients_.at(found->second).flow);
  if (invite == nullptr || flow == nullptr) return;
  const Flow over{static_cast<std::uint64_t>(flow->id),
                  flow->is_reliable() ? Transport::reliable : Transport::unreliable};
  auto sent = transactions_.send_request(now.mono, make_cancel(*invite), over);
  if (!sent) return;
  clients_.emplace(sent->transaction, Client{flow->id, std::nullopt});
  flow->transactions.insert(sent->transaction);
  add_work(std::move(sent->outputs));
}

void Element::act(Now, proxy::EndBranch& end) {
  ways_.drop(end.branch);
  const auto found = transaction_of_.find(end.branch);
  if (found != transaction_of_.end()) add_work(transactions_.give_up(found->second));
}

void Element::act(Now now, proxy::Respond& respond) {
  answer(now, transaction_of(respond.server), respond.response);
}

void Element::act(Now, proxy::EndServer& end) { add_work(transactions_.give_up(transaction_of(end.server))); }

// ---- what is for this peer itself

void Element::act(Now now, proxy::PassToPeer& pass) {
  const auto transaction = transaction_of(pass.server);
  const FlowState* flow = flows_.find(FlowId{pass.source.flow.id});
  if (flow == nullptr) {
    add_work(transactions_.give_up(transaction));
  } else if (transactions_.is_merged(transaction)) {
    ++counters_.merged;
    answer(now, transaction, make_response(pass.request, 482, new_tag()));
  } else if (pass.request.method() == "OPTIONS") {
    serve_options(now, transaction, pass.request);
  } else if (pass.request.method() != "REGISTER") {
    auto response = make_response(pass.request, 405, new_tag());
    response.set_field("Allow", std::string(k_allow));
    answer(now, transaction, response);
  } else if (flow->is_peer()) {  // users register where their credentials are
    answer(now, transaction, make_response(pass.request, 403, new_tag()));
  } else {
    const registrar::RequestId request{transaction.value};
    add_work(registrar_.receive(now, request, std::move(pass.request), flow->sender));
  }
}

// RFC 3261 §11.2: a proxy says what it can do itself.
void Element::serve_options(Now now, TransactionId transaction, const Message& request) {
  auto response = make_response(request, 200, new_tag());
  response.set_field("Allow", std::string(k_allow));
  response.set_field("Supported", "path, outbound, gruu");
  answer(now, transaction, response);
}

// ---- the registrar

void Element::act(Now now, registrar::Respond& respond) {
  answer(now, {static_cast<std::uint64_t>(respond.request)}, respond.response);
}
void Element::act(Now, registrar::StoreRegistration& store) { outputs_.emplace_back(std::move(store)); }
void Element::act(Now, registrar::RemoveRegistration& remove) { outputs_.emplace_back(std::move(remove)); }
void Element::act(Now now, registrar::HoldFlow& hold) { flows_.set_held(now.mono, hold.flow, hold.held); }

}  // namespace ringway::sip::element
