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
constexpr std::string_view k_allow_of_users = "REGISTER, OPTIONS, PUBLISH, SUBSCRIBE";

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

// Where answers go when the flow is gone (§18.2.2): to whom the request came from, never to another address,
// whatever its Via says.
proxy::Hop way_back(const Message& request, const FlowState& flow, std::optional<std::uint16_t> answer_port) {
  if (flow.node) return proxy::PeerHop{{wire::to_node(*flow.node)}};
  std::uint16_t port = answer_port.value_or(flow.remote.port);
  if (flow.is_reliable()) port = request.vias.front().port.value_or(flow.transport == "TLS" ? 5061 : 5060);
  return proxy::ServerHop{flow.transport, flow.remote.host, port};
}

}  // namespace

// ---- transactions

void Element::act(Now now, Transmit& transmit) {
  const auto server = transmit.transaction ? servers_.find(*transmit.transaction) : servers_.end();
  const FlowId flow = server == servers_.end() ? FlowId{transmit.flow.id} : server->second.flow;
  if (server != servers_.end() && flows_.find(flow) == nullptr)
    ways_.send(now.mono, server->second.back,
               {std::nullopt, {}, {}, transmit.transaction, std::move(transmit.octets)});
  else if (server != servers_.end() && server->second.answer_port)
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
  const auto port = answer_port(arrived.request, *flow);
  Server server{id, port, way_back(arrived.request, *flow, port)};
  server.arrived_at = now.mono;
  servers_.emplace(arrived.transaction, std::move(server));
  flow->transactions.insert(arrived.transaction);
  if (is_leaving_ && begins_dialog(arrived.request)) {
    ++counters_.leaving;
    return answer(now, arrived.transaction, busy(arrived.request));
  }
  name_this_registrar(now.mono, arrived.request);
  note_hidden(arrived.transaction, arrived.request, *flow);
  if (serve_presence(now, arrived, *flow)) return;
  auto source = source_of(now, arrived.request, *flow);
  if (const auto* instead = std::get_if<Message>(&source)) return answer(now, arrived.transaction, *instead);
  if (auto* claimed = std::get_if<Claimed>(&source))
    return ask_for_name(now, arrived.transaction, std::move(arrived.request), std::move(*claimed));
  auto& from = std::get<proxy::Source>(source);
  if (arrived.request.method() == "CANCEL") return cancel(now, arrived, from, *flow);
  pass_or_serve(now, arrived.transaction, std::move(arrived.request), std::move(from));
}

// Who has sent it is known.
void Element::pass_or_serve(Now now, TransactionId transaction, Message request, proxy::Source from) {
  auto& server = servers_.at(transaction);
  server.wait = take_wait(request, from);
  const FlowState* flow = flows_.find(server.flow);
  if (flow != nullptr && !let_pass(now, transaction, request, *flow, from)) return;
  if (!from.passes_here) return serve(now, transaction, std::move(request), std::move(from));
  letters_.watch(server.arrived_at, transaction, request, server.wait);
  proxy_.on_request(now.mono, server_of(transaction), std::move(request), from);
}

// RFC 7904 §8.2.2: where somebody sends his callers on to, nobody was asked.
bool Element::is_called_too_often(MonoTime now, const Message& request, const proxy::Source& from) {
  if (request.method() != "INVITE" || !request.to.tag().empty() || from.side == proxy::Side::phone)
    return false;
  const auto callee = registrar_.find(now, request.request_uri());
  if (!callee.is_known || callee.targets.empty()) return false;
  if (call_rates_.take(now, callee.aor, from.sender.empty() ? from.flow.remote : from.sender)) return false;
  ++counters_.too_often;
  return true;
}

void Element::serve(Now now, TransactionId transaction, Message request, proxy::Source from) {
  if (is_called_too_often(now.mono, request, from)) {
    auto response = make_response(request, 480, new_tag());
    response.set_field("Retry-After", std::to_string(k_call_burst_s));
    return answer(now, transaction, response);
  }
  log_request(now, request, from);
  auto& server = servers_.at(transaction);
  server.is_private = is_private(request, from);
  from.hides_user = server.is_private || (server.hidden_as && comes_by_intermediate(request));
  from.must_be_carried = server.is_private;  // the phone would be seen where it is sent to
  if (server.is_private)                     // a letter would name its writer
    letters_.watch(server.arrived_at, transaction, request, k_wait_for_answer);
  else if (from.side == proxy::Side::overlay && is_anonymous(request.from.uri))
    letters_.watch(server.arrived_at, transaction, request, server.wait);
  else
    note_message(server.arrived_at, transaction, request, from, server.wait);
  proxy_.on_request(now.mono, server_of(transaction), std::move(request), from);
}

void Element::cancel(Now now, RequestArrived& arrived, const proxy::Source& from, const FlowState& flow) {
  const bool may_cancel = arrived.cancels && is_from_same(flow, *arrived.cancels);
  const auto waiting = may_cancel ? claims_.take(*arrived.cancels) : std::nullopt;
  if (waiting) {  // nobody has been called yet
    answer(now, arrived.transaction, make_response(arrived.request, 200, new_tag()));
    return answer(now, waiting->transaction, make_response(waiting->request, 487, new_tag()));
  }
  const auto invite = may_cancel ? std::optional(server_of(*arrived.cancels)) : std::nullopt;
  proxy_.on_cancel(now.mono, server_of(arrived.transaction), invite, std::move(arrived.request), from);
}

void Element::ask_for_name(Now now, TransactionId transaction, Message request, Claimed claimed) {
  const auto known = claims_.known(now.mono, claimed.name);
  const auto no_room = busy(request);
  Claim claim{transaction,  std::move(request),   std::move(claimed.source), std::move(claimed.name),
              claimed.peer, claimed.is_of_overlay};
  // A user of the overlay may have registered there since.
  if (known && (!claim.is_of_overlay || known->is_at(claim.peer))) return judge(now, claim, *known);
  if (!claims_.wait(now.mono, std::move(claim), finder_.new_question())) answer(now, transaction, no_room);
}

void Element::act(Now now, ClaimAnswer& answered) {
  auto& [claim, facts] = answered;
  if (!facts) return answer(now, claim.transaction, make_response(claim.request, 504, new_tag()));
  judge(now, claim, *facts);
}

void Element::judge(Now now, Claim& claim, const NameFacts& facts) {
  const bool is_its_user = facts.is_at(claim.peer);
  if (!is_its_user && (claim.is_of_overlay || facts.is_user))
    return answer(now, claim.transaction, refuse_name(claim.request));
  if (is_its_user) claim.source.user = claim.name.name();
  pass_or_serve(now, claim.transaction, std::move(claim.request), std::move(claim.source));
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
  auto source = source_of(now, arrived.ack, *flow);
  auto* from = std::get_if<proxy::Source>(&source);
  if (from != nullptr && let_ack_pass(arrived.ack, *flow, *from))
    proxy_.on_ack(std::move(arrived.ack), *from);
}

void Element::act(Now now, ResponseArrived& arrived) {
  const auto client = clients_.find(arrived.transaction);
  if (client == clients_.end()) return;
  end_notify(now.mono, client->second, arrived.response.status());
  const auto& of = client->second;
  if (!of.branch) return;
  if (of.phone && arrived.response.status() == 430)  // RFC 5626 §7
    add_work(registrar_.on_unreachable(now, of.flow, *of.phone));
  if (!is_asked_elsewhere(now, client->second, arrived.response.status()))
    proxy_.on_response(now.mono, *of.branch, std::move(arrived.response), way_of_peer(of.flow));
}

std::optional<proxy::NetworkFlow> Element::way_of_peer(FlowId id) {
  const FlowState* flow = flows_.find(id);
  return flow == nullptr || !flow->is_peer() ? std::nullopt : std::optional(flow->way);
}

void Element::act(Now now, TransactionFailed& failed) {
  const auto client = clients_.find(failed.transaction);
  if (client == clients_.end()) return;
  end_notify(now.mono, client->second, std::nullopt);
  if (!client->second.branch) return;
  const bool is_silent = failed.failure == TransactionFailure::timeout;
  // Not even a 100 to an INVITE, nothing to a MESSAGE: nobody is there any more.
  if (is_silent && client->second.phone)
    add_work(registrar_.on_unreachable(now, client->second.flow, *client->second.phone));
  if (is_asked_elsewhere(now, client->second, std::nullopt)) return;
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
    if (server->second.passage) intermediary_.end(server->second.passage->sender);
    servers_.erase(server);
    letters_.forget(ended.transaction);
    claims_.take(ended.transaction);
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
  calls_.on_answer(now.wall_ms, response);
  add_work(transactions_.respond(now.mono, transaction, response));
}

// ---- the log of calls

void Element::log_request(Now now, const Message& request, const proxy::Source& from) {
  if (request.method() == "BYE") calls_.on_bye(now.wall_ms, request);
  if (request.method() != "INVITE") return;
  // A phone without an account may be on this machine; From tells whose call it wants to make.
  const auto shown = read_address(request.from.uri.print(), settings_.registrar.overlay_name);
  auto caller = shown ? std::optional(shown->aor) : std::nullopt;
  if (auto user = Aor::of_user_name(from.user)) caller = *std::move(user);
  if (from.side == proxy::Side::phone && caller) calls_.on_invite(now.wall_ms, request, *caller, true);
  const auto callee = registrar_.find(now.mono, request.request_uri());
  const Caller who = from.side == proxy::Side::phone     ? Caller::own_user
                     : from.side == proxy::Side::overlay ? Caller::peer
                                                         : Caller::stranger;
  if (callee.is_known) calls_.on_invite(now.wall_ms, request, callee.aor, false, who);
}

void Element::tell_of_calls(MonoTime now) {
  if (!calls_.has_news()) return;
  if (!tell_calls_at_) tell_calls_at_ = now + k_call_log_time;
  if (!is_leaving_ && !calls_.has_news_of_own_users() && now < *tell_calls_at_) return;
  tell_calls_at_.reset();
  for (auto& record : calls_.take_changed()) outputs_.emplace_back(KeepCall{std::move(record)});
  for (const std::uint64_t number : calls_.take_forgotten()) outputs_.emplace_back(ForgetCall{number});
}

// ---- the proxy

void Element::act(Now now, proxy::FindTargets& find) { finder_.begin(now.mono, find); }
void Element::act(Now, proxy::DropFind& drop) {
  finder_.drop(drop.find);
  trunk_.drop(drop.find);
}

void Element::act(Now now, FindAnswer& answer) {
  if (trunk_.take(answer)) return;
  if (auto* found = std::get_if<proxy::Found>(&answer.found))
    proxy_.on_found(now.mono, answer.find, std::move(*found));
  else
    proxy_.on_not_found(now.mono, answer.find, std::get<unsigned>(answer.found));
}

void Element::act(Now now, proxy::StartBranch& start) {
  const bool leaves = side_of(start.hop, settings_.proxy) == proxy::Side::overlay;
  if (leaves && stays_unknown(transaction_of(start.server))) return send_hidden(now, start);
  if (leaves) name_in_overlay(start);
  ways_.send(now.mono, start.hop,
             {start.branch, std::move(start.request), {}, {}, {}, transaction_of(start.server)});
}

void Element::act(Now now, proxy::SendStateless& send) {
  if (goes_by_intermediate(send.request)) {  // an ACK, which need not say where its sender is
    send.request.contacts.clear();
    make_anonymous(send.request, {});
  } else if (side_of(send.hop, settings_.proxy) == proxy::Side::overlay &&
             proxy_.is_hidden_dialog(send.request).value_or(false)) {
    ++counters_.not_sent;  // there is no other way for it
    return;
  }
  name_for_phone(now.mono, send);
  ways_.send(now.mono, send.hop, {std::nullopt, std::move(send.request)});
}

void Element::act(Now now, Ready& ready) {
  if (is_given_up(ready.parcel)) return;
  FlowState* flow = flows_.find(ready.flow);
  if (ready.parcel.answered) return send_answer(now, ready);
  if (is_of_no_use(ready.parcel, flow) && try_another_intermediate(now, ready.parcel)) return;
  const auto branch = ready.parcel.branch;
  Message& request = ready.parcel.request;
  if (flow == nullptr || flow->is_closing || is_of_no_use(ready.parcel, flow)) {
    if (branch) proxy_.on_failure(now.mono, *branch, proxy::BranchFailure::unreachable);
    return;
  }
  if (branch && flow->is_peer() && !tell_wait(now.mono, ready.parcel))
    return proxy_.on_failure(now.mono, *branch, proxy::BranchFailure::unreachable);
  flows_.used(now.mono, *flow);
  if (!flow->is_peer()) request.vias.front().transport = flow->transport;  // where a URI led was not known
  if (!branch) {
    outputs_.emplace_back(Send{flow->id, octets_of(request)});
    return;
  }
  const Flow over{static_cast<std::uint64_t>(flow->id),
                  flow->is_reliable() ? Transport::reliable : Transport::unreliable};
  // Phones answer these at once, an INVITE by a 100.
  const bool is_answered = request.method() == "INVITE" || request.method() == "MESSAGE";
  const auto phone = is_answered && !flow->is_peer() ? std::optional(request.request_uri()) : std::nullopt;
  if (ready.parcel.hiding) ready.parcel.hiding->sent_to = flow->node;
  auto sent = transactions_.send_request(now.mono, std::move(request), over, ready.parcel.server);
  if (!sent) return proxy_.on_failure(now.mono, *branch, proxy::BranchFailure::unreachable);
  clients_.emplace(sent->transaction,
                   Client{flow->id, branch, phone, {}, std::move(ready.parcel.hiding), ready.parcel.server});
  transaction_of_.emplace(*branch, sent->transaction);
  flow->transactions.insert(sent->transaction);
  add_work(std::move(sent->outputs));
}

// While it was on its way to the flow.
bool Element::is_given_up(const Parcel& parcel) const {
  return parcel.branch && !proxy_.waits_for(*parcel.branch);
}

// RFC 3261 §18.2.2, with what is still to be answered there.
void Element::send_answer(Now now, Ready& ready) {
  const auto server = servers_.find(*ready.parcel.answered);
  FlowState* flow = flows_.find(ready.flow);
  if (server == servers_.end()) return;
  if (flow == nullptr || flow->is_closing)
    return add_work(transactions_.on_transport_error(now.mono, server->first));
  flows_.used(now.mono, *flow);
  server->second.flow = flow->id;
  server->second.answer_port.reset();
  flow->transactions.insert(server->first);
  outputs_.emplace_back(Send{flow->id, std::move(ready.parcel.answer)});
}

void Element::act(Now, MoreServers& more) { proxy_.add_alternatives(more.branch, std::move(more.others)); }

void Element::act(Now now, NoWay& none) {
  if (is_given_up(none.parcel)) return;
  if (try_another_intermediate(now, none.parcel)) return;
  if (none.parcel.answered)
    add_work(transactions_.on_transport_error(now.mono, *none.parcel.answered));
  else if (none.parcel.branch)
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
  clients_.emplace(sent->transaction, Client{flow->id, std::nullopt, std::nullopt});
  flow->transactions.insert(sent->transaction);
  add_work(std::move(sent->outputs));
}

void Element::act(Now now, proxy::RecallBranch& recall) {
  if (transaction_of_.count(recall.branch) != 0) return;
  ways_.drop(recall.branch);
  proxy_.on_failure(now.mono, recall.branch, proxy::BranchFailure::not_sent);
}

void Element::act(Now, proxy::EndBranch& end) {
  ways_.drop(end.branch);
  const auto found = transaction_of_.find(end.branch);
  if (found == transaction_of_.end()) return;
  if (const auto& of = clients_.at(found->second); of.hiding && !of.is_passed_on)
    intermediates_.reject(of.hiding->by);
  add_work(transactions_.give_up(found->second));
}

void Element::act(Now now, proxy::Respond& respond) {
  const unsigned status = respond.response.status();
  if (is_of_own(now, respond.server, respond.response)) return;
  if (status >= 200 && letters_.keep(now, transaction_of(respond.server), respond.response)) return;
  name_in_overlay(respond);
  mask(transaction_of(respond.server), respond.response);
  answer(now, transaction_of(respond.server), respond.response);
}

void Element::act(Now now, proxy::HoldFlow& hold) { flows_.set_in_call(now.mono, hold.flow, hold.held); }

void Element::act(Now now, proxy::EndServer& end) {
  if (is_of_own(now, end.server, std::nullopt)) return;
  if (letters_.keep(now, transaction_of(end.server), std::nullopt)) return;
  add_work(transactions_.give_up(transaction_of(end.server)));
}

// ---- what is for this peer itself

void Element::act(Now now, proxy::PassToPeer& pass) {
  if (is_of_own(now, pass.server, std::nullopt)) return;
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
  response.set_field("Allow", std::string(k_allow_of_users));
  response.set_field("Allow-Events", std::string(presence::k_package));
  response.set_field("Supported", "path, outbound, gruu");
  answer(now, transaction, response);
}

// ---- the registrar

void Element::act(Now now, registrar::Respond& respond) {
  answer(now, {static_cast<std::uint64_t>(respond.request)}, respond.response);
  tell_of_phones(now, respond.response);
}
void Element::act(Now, registrar::StoreRegistration& store) { outputs_.emplace_back(std::move(store)); }
void Element::act(Now now, registrar::RemoveRegistration& remove) {
  tell_presence(now, remove.aor);
  outputs_.emplace_back(std::move(remove));
}
void Element::act(Now now, registrar::HoldFlow& hold) {
  flows_.set_registered(now.mono, hold.flow, hold.held);
}
void Element::act(Now, registrar::KeepBindings& keep) { outputs_.emplace_back(std::move(keep)); }
void Element::act(Now, registrar::ForgetBindings& forget) { outputs_.emplace_back(std::move(forget)); }

}  // namespace ringway::sip::element
