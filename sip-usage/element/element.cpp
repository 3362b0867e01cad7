// What comes in, and the way from one room to the next. What a room's outputs mean is in carry_out.cpp.
#include "sip-usage/element/element.hpp"

#include <algorithm>

#include "reload/security/hmac.hpp"
#include "sip-usage/message/builders.hpp"
#include "sip-usage/proxy/routing.hpp"

namespace ringway::sip::element {
namespace {

std::string hex_of(std::uint64_t number) {
  Bytes out;
  for (unsigned shift = 0; shift < 64; shift += 8) out.push_back(static_cast<std::uint8_t>(number >> shift));
  return to_hex(out);
}

registrar::Settings with_names(registrar::Settings settings, const proxy::Settings& proxy) {
  settings.by_overlay_name = [&proxy](const Uri& uri) { return proxy::with_overlay_name(uri, proxy); };
  settings.is_own = [&proxy](const Uri& uri) { return uri.is_sip() && is_responsible_for(uri, proxy); };
  return settings;
}

// The key is of nobody who could guess it; dialogs under way do not outlive this start.
Settings completed(Settings settings, Random& random) {
  settings.proxy.users_may_call_outside = settings.lets_users_call_outside;
  while (settings.proxy.key.size() < security::k_hmac_key_bytes) {
    const std::uint64_t bits = random.next();
    for (unsigned shift = 0; shift < 64; shift += 8)
      settings.proxy.key.push_back(static_cast<std::uint8_t>(bits >> shift));
  }
  return settings;
}

bool is_stream(std::string_view transport) { return transport == "TCP" || transport == "TLS"; }

// Any web page that a browser here shows may open a WebSocket to this machine, and a relay of HTTP brings the
// whole world: that such a connection comes from a loopback address says nothing of who speaks.
bool is_of_own_machine(const FlowUp& up) {
  return up.is_loopback && up.transport != "WS" && up.transport != "WSS";
}

}  // namespace

Element::Element(Settings settings, std::vector<registrar::Account> accounts, std::shared_ptr<Random> random,
                 std::vector<CallRecord> kept_calls)
    : settings_(completed(std::move(settings), *random)),
      random_(std::move(random)),
      transactions_(settings_.timers, {}, hex_of(random_->next())),
      registrar_(with_names(settings_.registrar, settings_.proxy), std::move(accounts), random_),
      proxy_(settings_.proxy, random_),
      tokens_(settings_.proxy.key),
      finder_(settings_, registrar_, flows_),
      trunk_(finder_),
      ways_(settings_, flows_, finder_),
      letters_(settings_.registrar.overlay_name, settings_.message_users),
      presence_(settings_, watched_users(), random_),
      intermediary_(settings_.proxy, *random_),
      intermediates_(*random_),
      calls_(std::move(kept_calls)),
      call_rates_(settings_.calls_per_second) {}

std::string Element::new_tag() { return hex_of(random_->next()); }

void Element::handle(Now now, Input input) {
  std::visit([&](auto& each) { on(now, each); }, input);
  run(now);
}

void Element::on_timer(Now now) {
  add_work(transactions_.on_timer(now.mono));
  proxy_.on_timer(now.mono);
  add_work(registrar_.on_timer(now));
  finder_.on_timer(now.mono);
  claims_.on_timer(now.mono);
  ways_.on_timer(now.mono);
  flows_.on_timer(now.mono);
  letters_.on_timer(now);
  presence_.on_timer(now);
  give_up_messages(now);
  run(now);
}

Deadline Element::next_wake() const {
  Deadline soonest = sooner(transactions_.next_wake(), proxy_.next_wake());
  soonest = sooner(soonest, sooner(registrar_.next_wake(), finder_.next_wake()));
  soonest = sooner(soonest, claims_.next_wake());
  soonest = sooner(soonest, sooner(sooner(letters_.next_wake(), presence_.next_wake()), tell_calls_at_));
  return sooner(soonest, sooner(ways_.next_wake(), flows_.next_wake()));
}

TableSizes Element::tables() const {
  TableSizes out = transactions_.sizes();
  for (const auto& more :
       {registrar_.sizes(), proxy_.sizes(), letters_.sizes(), claims_.sizes(), presence_.sizes()})
    out.insert(out.end(), more.begin(), more.end());
  for (const auto& more : {calls_.sizes(), ways_.sizes()}) out.insert(out.end(), more.begin(), more.end());
  out.insert(out.end(),
             {flows_.size(), finder_.size(), trunk_.size(), intermediary_.size(), call_rates_.size()});
  out.push_back({"messages of programs under way", sending_.size(), k_max_sending});
  return out;
}

// ---- flows

void Element::on(Now now, FlowUp& up) {
  FlowState flow;
  flow.id = up.flow;
  flow.transport = up.transport;
  flow.remote = up.remote;
  flow.opened_here = up.opened.has_value();
  const auto number = static_cast<std::uint64_t>(up.flow);
  flow.way = {number, {up.transport, up.local.host, up.local.port}, way_to(up.remote)};
  flow.sender = {up.flow,
                 up.remote.host,
                 std::move(up.sender),
                 is_of_own_machine(up),
                 up.transport != "UDP",
                 up.transport == "TLS" || up.transport == "WSS",
                 up.remote.port,
                 up.local.host,
                 up.local.port};
  if (is_stream(up.transport)) flow.framer.emplace(up.opened ? StreamEnd::opened : StreamEnd::accepted);
  bring_up(now, std::move(flow), up.opened);
}

void Element::on(Now now, PeerUp& up) {
  FlowState flow;
  flow.id = up.flow;
  flow.transport = settings_.proxy.overlay_here.transport;
  flow.node = up.node;
  flow.opened_here = up.opened.has_value();
  for (const auto& name : up.users)
    if (auto aor = Aor::of_user_name(name); aor && flow.users.size() < k_max_users_of_peer)
      flow.users.push_back(std::move(*aor));
  flow.way = {static_cast<std::uint64_t>(up.flow), settings_.proxy.overlay_here, up.node.hex()};
  flow.sender = {up.flow, {}, up.node.hex(), false, true};
  flow.framer.emplace(up.opened ? StreamEnd::opened : StreamEnd::accepted);
  bring_up(now, std::move(flow), up.opened);
}

void Element::bring_up(Now now, FlowState flow, std::optional<OpenId> opened) {
  const FlowId id = flow.id;
  const auto expected = opened ? ways_.expected_node(*opened) : std::nullopt;
  const bool is_another = expected && flow.node != expected;
  FlowState* added = is_another ? nullptr : flows_.add(now.mono, std::move(flow));
  if (added == nullptr) {
    outputs_.emplace_back(
        CloseFlow{id, is_another ? "another node than was asked for" : "no room for a flow"});
    if (opened) ways_.on_open_failed(now.mono, *opened);
    return;
  }
  // The two ends of datagrams are the same after a silence; and who has lost a connection makes another one.
  if (proxy_.is_in_call(added->way)) flows_.set_in_call(now.mono, added->way, true);
  ways_.on_up(id, opened);
}

// A flow that is there, and perhaps is one that others use as well.
void Element::on(Now now, Opened& opened) {
  FlowState* flow = flows_.find(opened.flow);
  const auto expected = ways_.expected_node(opened.open);
  if (flow == nullptr || flow->is_closing || (expected && flow->node != expected)) {
    outputs_.emplace_back(Log{"no connection: the flow that was given is another one"});
    return ways_.on_open_failed(now.mono, opened.open);
  }
  flows_.used(now.mono, *flow);
  ways_.on_up(opened.flow, opened.open);
}

void Element::on(Now now, OpenFailed& failed) {
  outputs_.emplace_back(Log{"no connection: " + failed.reason});
  ways_.on_open_failed(now.mono, failed.open);
}

void Element::on(Now now, FlowDown& down) {
  FlowState* flow = flows_.find(down.flow);
  if (flow == nullptr) return;
  const auto transactions = std::move(flow->transactions);
  const auto way = flow->way;
  ways_.on_down(down.flow);
  flows_.remove(down.flow);
  if (proxy_.is_in_call(way)) flows_.set_in_call(now.mono, way, true);
  presence_.on_flow_failed(now.mono, down.flow);
  for (const auto transaction : transactions) end_on_flow(now, transaction);
  add_work(registrar_.on_flow_failed(now, down.flow));
}

// Of a request that was sent: RFC 3261 §17.1.1.2 would wait for an answer over another connection, but phones
// answer over their flow (RFC 5626 §5.3.1), and who answers by a new connection does so within the time that
// a caller waits for another of its phones. What came over the flow is still answered (§18.2.2).
void Element::end_on_flow(Now now, TransactionId transaction) {
  const auto client = clients_.find(transaction);
  if (client == clients_.end()) return;
  if (client->second.branch && !is_asked_elsewhere(now, client->second, std::nullopt))
    proxy_.on_failure(now.mono, *client->second.branch, proxy::BranchFailure::unreachable);
  end_notify(now.mono, client->second, std::nullopt);
  add_work(transactions_.give_up(transaction));
}

void Element::on(Now now, Congested& congested) {
  if (FlowState* flow = flows_.find(congested.flow)) flows_.set_congested(now.mono, *flow, true);
}

void Element::on(Now now, Drained& drained) {
  if (FlowState* flow = flows_.find(drained.flow)) flows_.set_congested(now.mono, *flow, false);
}

void Element::on(Now now, Received& piece) {
  FlowState* flow = flows_.find(piece.flow);
  if (flow == nullptr) return;  // it has been refused
  const bool was_closing = flow->is_closing;
  for (auto& incoming : flows_.receive(now.mono, *flow, piece)) {
    if (auto* message = std::get_if<Message>(&incoming))
      on_message(now, *flow, std::move(*message));
    else
      on_refusal(*flow, std::get<Refusal>(incoming));
  }
  if (flow->is_closing && !was_closing) {
    run(now);  // what came before is answered
    flows_.close(*flow, "the stream is out of step");
  }
}

void Element::on_message(Now now, FlowState& flow, Message message) {
  // RFC 3325 §5: nobody here is trusted to say who somebody is.
  message.remove_field("P-Asserted-Identity");
  message.remove_field("P-Preferred-Identity");
  message.remove_field("Remote-Party-ID");  // older, and believed by many phones
  if (message.is_request() && !flow.is_peer())
    message.vias.front().note_source(flow.remote.host, flow.remote.port);  // RFC 3261 §18.2.1, RFC 3581 §4
  const Flow over{static_cast<std::uint64_t>(flow.id),
                  flow.is_reliable() ? Transport::reliable : Transport::unreliable};
  add_work(transactions_.receive(now.mono, std::move(message), over, sender_of(flow)));
}

// Strangers count by their address, so that nobody gets more by many connections; own phones, of which many
// may be behind one NAT, by their flows.
TransactionSender Element::sender_of(const FlowState& flow) {
  using Standing = TransactionSender::Standing;
  if (flow.is_known_phone || flow.is_registered || flow.sender.is_loopback)
    return {"flow " + std::to_string(static_cast<std::uint64_t>(flow.id)), Standing::own};
  return {flow.sender.sender, flow.is_peer() ? Standing::peer : Standing::stranger};
}

// No transaction remembers it (RFC 3261 §16.3). It goes back where it came from, whatever its Via says.
void Element::on_refusal(FlowState& flow, const Refusal& refusal) {
  if (!refusal.can_be_answered()) return;
  ++counters_.refused_unread;
  outputs_.emplace_back(Send{flow.id, SharedBytes(copy_of(view_of(answer_to(refusal, new_tag()))))});
}

// ---- answers

void Element::on(Now now, RegistrationsFetched& fetched) {
  if (!claims_.fetched(now.mono, fetched.question, facts_of(fetched.found)))
    finder_.fetched(fetched.question, std::move(fetched.found));
}

void Element::on(Now now, ServersFound& found) {
  if (!ways_.on_servers(now.mono, found.question, found.servers) &&
      !trunk_.on_servers(found.question, found.servers))
    finder_.found_in_dns(found.question, std::move(found.servers));
}

void Element::on(Now now, QuestionFailed& failed) {
  if (!claims_.failed(failed.question) && !ways_.on_question_failed(now.mono, failed.question) &&
      !trunk_.on_question_failed(failed.question))
    finder_.failed(failed.question, std::move(failed.reason));
}

void Element::on(Now now, OverlayWritten& written) {
  add_work(registrar_.on_overlay(now, written.request, written.is_done));
}

void Element::on(Now now, OverlayAnswered& answered) {
  if (answered.room == Room::presence) return presence_.on(now, answered);
  letters_.on(now, answered);
}

void Element::on(Now now, CertificatesAnswered& answered) {
  if (answered.room == Room::presence) return presence_.on(now, answered);
  letters_.on(now, answered);
}

void Element::on(Now now, OverlayTold& told) { presence_.on(now, told); }
void Element::on(Now, WatchUser& watch) { presence_.on(watch); }
void Element::on(Now now, NextSight& next) { presence_.on(now, next); }
void Element::on(Now, HideSight& hide) { presence_.on(hide); }

void Element::on(Now now, KeysRenewed& renewed) {
  letters_.renew_users(now, std::move(renewed.users));
  presence_.use_users(now, watched_users());
}

// ---- what the peer's operator wants

void Element::on(Now now, Shutdown&) {
  is_leaving_ = true;
  letters_.leave(now);
  presence_.leave(now);
  add_work(registrar_.shut_down(now));
}

// Messages may have come while the peer was away.
void Element::on(Now now, Restarted& restarted) {
  add_work(registrar_.restore(now, restarted.bindings));
  presence_.on_restarted(now);
  for (const auto& each : restarted.bindings)
    if (registrar_.has_phones(now.mono, each.aor)) {
      letters_.on_registered(now, each.aor, true);
      presence_.on_bindings(now, each.aor, true);
    }
}

void Element::on(Now now, AccountsChanged& changed) {
  if (const auto good = registrar::check(settings_.registrar, changed.accounts); !good) {
    outputs_.emplace_back(Log{"users stay as they were: " + good.error().reason});
    return;
  }
  std::set<Aor> gone = registrar_.users();
  add_work(registrar_.set_accounts(now, std::move(changed.accounts)));
  for (const Aor& user : registrar_.users()) gone.erase(user);
  presence_.use_users(now, watched_users());
  presence_.on_users_gone(now.mono, gone);
}

// ---- from room to room

void Element::collect() {
  add_work(proxy_.take_outputs());
  add_work(finder_.take_answers());
  add_work(trunk_.take_answers());
  add_work(claims_.take_answers());
  add_work(ways_.take_ways());
  add_work(letters_.take_work());
  add_work(presence_.take_work());
}

void Element::run(Now now) {
  collect();
  while (!work_.empty()) {
    Work work = std::move(work_.front());
    work_.pop_front();
    std::visit(
        [&](auto& each) {
          if constexpr (requires { act(now, each); })
            act(now, each);
          else
            std::visit([&](auto& one) { act(now, one); }, each);
        },
        work);
    collect();
  }
  tell_of_calls(now.mono);
  for (auto outputs :
       {flows_.take_outputs(), finder_.take_outputs(), trunk_.take_outputs(), claims_.take_outputs(),
        ways_.take_outputs(), letters_.take_outputs(), presence_.take_outputs()})
    outputs_.insert(outputs_.end(), std::make_move_iterator(outputs.begin()),
                    std::make_move_iterator(outputs.end()));
}

}  // namespace ringway::sip::element
