#include "sip-usage/element/ways.hpp"

#include <algorithm>

#include "sip-usage/message/grammar.hpp"
#include "sip-usage/registration/gruu.hpp"

namespace ringway::sip::element {
namespace {

std::string key_of_peer(const wire::DestinationList& destinations) {
  wire::Writer out;
  wire::write(out, destinations);
  return "peer " + to_hex(out.bytes());
}

std::string key_of_node(const NodeId& node) { return key_of_peer({wire::to_node(node)}); }

std::string key_of_server(const proxy::ServerHop& server) {
  return server.transport + ' ' + lower_case(server.host) + ' ' + std::to_string(server.port) + ' ' +
         lower_case(server.server_name);
}

}  // namespace

bool is_ip_address(std::string_view host) {
  if (host.find(':') != std::string_view::npos) return true;
  return !host.empty() &&
         std::all_of(host.begin(), host.end(), [](char c) { return is_digit(c) || c == '.'; });
}

void Ways::send(MonoTime now, const proxy::Hop& hop, Parcel parcel) {
  if (const auto* flow = std::get_if<proxy::FlowHop>(&hop))
    return to_flow(now, flow->flow, std::move(parcel));
  if (const auto* caller = std::get_if<proxy::CallerHop>(&hop))
    return to_flow(now, caller->flow, std::move(parcel));
  if (const auto* peer = std::get_if<proxy::PeerHop>(&hop))
    return to_peer(now, peer->destinations, std::move(parcel));
  if (const auto* server = std::get_if<proxy::ServerHop>(&hop))
    return to_server(now, *server, std::move(parcel));
  to_uri(now, std::get<proxy::UriHop>(hop).uri, std::move(parcel));
}

void Ways::to_flow(MonoTime now, const proxy::NetworkFlow& way, Parcel parcel) {
  const FlowState* flow = flows_.find(way);
  if (flow != nullptr && !flow->is_closing) {
    ways_.emplace_back(Ready{flow->id, std::move(parcel)});
    return;
  }
  // A connection that is gone stays so. Of datagrams a flow is its two ends (RFC 5626 §3.2): after this
  // peer's restart, or a long silence in a call, it is there as before.
  const auto remote = Uri::parse("sip:" + way.remote);
  if (way.here.transport == "UDP" && remote && remote->port)
    to_server(now, {"UDP", remote->host, *remote->port, ""}, std::move(parcel),
              {way.here.host, way.here.port.value_or(0)});
  else
    ways_.emplace_back(NoWay{std::move(parcel)});
}

void Ways::to_peer(MonoTime now, const wire::DestinationList& destinations, Parcel parcel) {
  if (destinations.empty()) {
    ways_.emplace_back(NoWay{std::move(parcel)});
    return;
  }
  const auto key = key_of_peer(destinations);
  if (use_known(key, parcel)) return;
  const bool is_sips = parcel.request.is_request() && parcel.request.request_uri().scheme == "sips";
  if (unreached_.has(now, key)) {
    ways_.emplace_back(NoWay{std::move(parcel)});
    return ask_again(now, key, destinations, is_sips);
  }
  Opening* opening = wait(now, key, key, std::move(parcel));
  if (opening == nullptr) return;
  open_peer(*opening, destinations, is_sips);
  set_deadline(openings_.find(key), now + k_peer_wait);
}

// Perhaps it is back; nobody waits for it.
void Ways::ask_again(MonoTime now, const std::string& key, const wire::DestinationList& destinations,
                     bool is_sips) {
  if (openings_.count(key) != 0 || is_full(key, false)) return;
  Opening& opening = begin(key, now + k_opening_time);
  opening.is_waited_for = false;
  open_peer(opening, destinations, is_sips);
}

void Ways::open_peer(Opening& opening, const wire::DestinationList& destinations, bool is_sips) {
  opening.is_peer = true;
  if (const auto* node = std::get_if<wire::NodeDestination>(&destinations.back())) opening.node = node->node;
  const auto application = static_cast<std::uint16_t>(is_sips ? 5061 : 5060);
  outputs_.emplace_back(OpenPeer{std::get<OpenId>(opening.what), destinations, application});
}

void Ways::to_server(MonoTime now, const proxy::ServerHop& server, Parcel parcel, Endpoint local) {
  auto key = key_of_server(server);
  if (local.port != 0) key += " from " + way_to(local);
  if (use_known(key, parcel)) return;
  Opening* opening = wait(now, key, server.host, std::move(parcel));
  if (opening == nullptr) return;
  outputs_.emplace_back(OpenAddress{std::get<OpenId>(opening->what),
                                    server.transport,
                                    {server.host, server.port},
                                    server.server_name,
                                    std::move(local)});
}

void Ways::to_uri(MonoTime now, const Uri& uri, Parcel parcel) {
  if (same_ignoring_case(uri.host, settings_.proxy.overlay())) {
    const auto destinations = read_gr(uri.parameters.value("gr"));
    if (destinations) return to_peer(now, *destinations, std::move(parcel));
    ways_.emplace_back(NoWay{std::move(parcel)});
    return;
  }
  if (!settings_.lets_users_call_outside || !uri.is_sip()) {
    ways_.emplace_back(NoWay{std::move(parcel)});
    return;
  }
  const auto maddr = uri.parameters.value("maddr");
  const std::string host(maddr.empty() ? std::string_view(uri.host) : maddr);
  const auto transport = uri.parameters.value("transport");
  const bool is_tls = uri.scheme == "sips" || same_ignoring_case(transport, "tls");
  if (is_ip_address(host)) {
    const std::string name = is_tls ? "TLS" : same_ignoring_case(transport, "tcp") ? "TCP" : "UDP";
    const std::uint16_t port = uri.port.value_or(is_tls ? 5061 : 5060);
    return to_server(now, {name, host, port, is_tls ? uri.host : std::string()}, std::move(parcel));
  }
  const std::string asked = std::string(transport) + ' ' + uri.scheme + ' ' + lower_case(host) + ' ' +
                            (uri.port ? std::to_string(*uri.port) : std::string());
  Opening* opening = wait(now, "name " + asked, host, std::move(parcel));
  if (opening == nullptr) return;
  opening->domain = host;
  key_of_.erase(opening->what);
  const QuestionId question = finder_.new_question();
  opening->what = question;
  key_of_.emplace(opening->what, "name " + asked);
  outputs_.emplace_back(AskServers{question, host, uri.port, std::string(transport), is_tls});
}

bool Ways::use_known(const std::string& key, Parcel& parcel) {
  const auto known = known_.find(key);
  if (known == known_.end()) return false;
  for (const FlowId id : known->second) {
    const FlowState* flow = flows_.find(id);
    if (flow == nullptr || flow->is_closing) continue;
    ways_.emplace_back(Ready{id, std::move(parcel)});
    return true;
  }
  return false;
}

// Who sends requests and hangs up has answers sent after it, at ports of its choice: that takes no place of
// those whom users here want to reach.
bool Ways::is_full(const std::string& whom, bool is_for_answer) const {
  if (!is_for_answer) return openings_.size() - for_answers_ >= k_max_openings;
  const auto of_one = answered_.find(whom);
  return for_answers_ >= k_max_openings_for_answers ||
         (of_one != answered_.end() && of_one->second >= k_max_openings_for_answers_to_one);
}

Ways::Opening* Ways::wait(MonoTime now, const std::string& key, const std::string& whom, Parcel parcel) {
  const auto found = openings_.find(key);
  const bool is_for_answer = parcel.answered.has_value();
  const bool has_no_room = found == openings_.end()
                               ? is_full(whom, is_for_answer)
                               : found->second.parcels.size() >= k_max_waiting_for_opening;
  if (has_no_room) {
    ways_.emplace_back(NoWay{std::move(parcel)});
    return nullptr;
  }
  if (found != openings_.end()) {
    found->second.parcels.push_back(std::move(parcel));
    return nullptr;
  }
  Opening& opening = begin(key, now + k_opening_time);
  opening.parcels.push_back(std::move(parcel));
  if (is_for_answer) {
    opening.answered = whom;
    ++answered_[whom];
    ++for_answers_;
  }
  return &opening;
}

Ways::Opening& Ways::begin(const std::string& key, MonoTime deadline) {
  Opening opening;
  opening.what = OpenId{++last_open_};
  opening.deadline = deadline;
  key_of_.emplace(opening.what, key);
  deadlines_.emplace(deadline, key);
  return openings_.emplace(key, std::move(opening)).first->second;
}

void Ways::set_deadline(Openings::iterator opening, MonoTime deadline) {
  deadlines_.erase({opening->second.deadline, opening->first});
  opening->second.deadline = deadline;
  deadlines_.emplace(deadline, opening->first);
}

void Ways::drop(proxy::BranchId branch) {
  for (auto& [key, opening] : openings_)
    std::erase_if(opening.parcels, [&](const Parcel& parcel) { return parcel.branch == branch; });
}

// ---- what becomes of them

Ways::Openings::iterator Ways::opening_of(std::variant<OpenId, QuestionId> what) {
  const auto key = key_of_.find(what);
  return key == key_of_.end() ? openings_.end() : openings_.find(key->second);
}

std::vector<Parcel> Ways::end(Openings::iterator opening) {
  auto parcels = std::move(opening->second.parcels);
  if (const auto of_one = answered_.find(opening->second.answered); of_one != answered_.end()) {
    --for_answers_;
    if (--of_one->second == 0) answered_.erase(of_one);
  }
  key_of_.erase(opening->second.what);
  deadlines_.erase({opening->second.deadline, opening->first});
  openings_.erase(opening);
  return parcels;
}

void Ways::fail(MonoTime now, Openings::iterator opening) {
  if (opening->second.is_peer) unreached_.note(now, opening->first);
  fail(now, end(opening));
}

void Ways::fail(MonoTime now, std::vector<Parcel> parcels) {
  for (auto& parcel : parcels) {
    if (parcel.others.empty()) {
      ways_.emplace_back(NoWay{std::move(parcel)});
      continue;
    }
    const auto next = std::move(parcel.others.front());
    parcel.others.erase(parcel.others.begin());
    to_server(now, next, std::move(parcel));
  }
}

std::optional<NodeId> Ways::expected_node(OpenId open) {
  const auto opening = opening_of(open);
  return opening == openings_.end() ? std::nullopt : opening->second.node;
}

void Ways::on_up(FlowId flow, std::optional<OpenId> opened) {
  const FlowState* state = flows_.find(flow);
  const auto note = [&](const std::string& key) {
    unreached_.forget(key);
    auto& keys = keys_of_flow_[flow];
    if (keys.size() < k_max_names_of_flow && keys.insert(key).second) known_[key].push_back(flow);
  };
  if (state->node) note(key_of_node(*state->node));
  const auto opening = opened ? opening_of(*opened) : openings_.end();
  if (opening == openings_.end()) return;
  note(opening->first);
  for (auto& parcel : end(opening)) ways_.emplace_back(Ready{flow, std::move(parcel)});
}

void Ways::on_down(FlowId flow) {
  const auto keys = keys_of_flow_.find(flow);
  if (keys == keys_of_flow_.end()) return;
  for (const auto& key : keys->second) {
    const auto known = known_.find(key);
    std::erase(known->second, flow);
    if (known->second.empty()) known_.erase(known);
  }
  keys_of_flow_.erase(keys);
}

void Ways::on_open_failed(MonoTime now, OpenId open) {
  if (const auto opening = opening_of(open); opening != openings_.end()) fail(now, opening);
}

bool Ways::on_servers(MonoTime now, QuestionId question, const std::vector<DnsTarget>& servers) {
  const auto opening = opening_of(question);
  if (opening == openings_.end()) return false;
  std::vector<proxy::ServerHop> hops;
  for (const auto& server : servers)
    if (hops.size() < k_max_dns_targets) hops.push_back(hop_to(server, opening->second.domain));
  for (auto& parcel : end(opening)) {
    if (hops.empty()) {
      ways_.emplace_back(NoWay{std::move(parcel)});
      continue;
    }
    if (!parcel.branch)
      parcel.others.assign(hops.begin() + 1, hops.end());
    else if (hops.size() > 1)
      ways_.emplace_back(MoreServers{*parcel.branch, {hops.begin() + 1, hops.end()}});
    to_server(now, hops.front(), std::move(parcel));
  }
  return true;
}

bool Ways::on_question_failed(MonoTime now, QuestionId question) {
  const auto opening = opening_of(question);
  if (opening == openings_.end()) return false;
  fail(now, opening);
  return true;
}

void Ways::on_timer(MonoTime now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const auto opening = openings_.find(deadlines_.begin()->second);
    if (opening->second.is_peer && opening->second.is_waited_for)
      stop_waiting(now, opening);
    else
      fail(now, opening);
  }
}

void Ways::stop_waiting(MonoTime now, Openings::iterator opening) {
  unreached_.note(now, opening->first);
  opening->second.is_waited_for = false;
  set_deadline(opening, opening->second.deadline + (k_opening_time - k_peer_wait));
  fail(now, std::exchange(opening->second.parcels, {}));
}

}  // namespace ringway::sip::element
