#include "sip-usage/element/flows.hpp"

#include <algorithm>

#include "reload/stun/binding.hpp"
#include "reload/stun/message.hpp"
#include "sip-usage/message/parse.hpp"

namespace ringway::sip::element {
namespace {

std::string key_of(const proxy::NetworkFlow& way) {
  return way.here.transport + ' ' + way.here.host + ' ' + std::to_string(way.here.port.value_or(0)) + ' ' +
         way.remote;
}

}  // namespace

std::string way_to(const Endpoint& remote) {
  const bool is_ipv6 = remote.host.find(':') != std::string::npos;
  return (is_ipv6 ? '[' + remote.host + ']' : remote.host) + ':' + std::to_string(remote.port);
}

FlowState* Flows::add(MonoTime now, FlowState flow) {
  const FlowId id = flow.id;
  if (flows_.size() >= k_max_flows || flows_.count(id) != 0) {
    ++counters_.refused;
    return nullptr;
  }
  ways_[key_of(flow.way)].push_back(id);
  FlowState& added = flows_.emplace(id, std::move(flow)).first->second;
  used(now, added);
  return &added;
}

void Flows::remove(FlowId id) {
  const auto found = flows_.find(id);
  if (found == flows_.end()) return;
  FlowState& flow = found->second;
  if (flow.queued_at) wakes_.erase({*flow.queued_at, id});
  const auto way = ways_.find(key_of(flow.way));
  std::erase(way->second, id);
  if (way->second.empty()) ways_.erase(way);
  flows_.erase(found);
}

FlowState* Flows::find(FlowId id) {
  const auto found = flows_.find(id);
  return found == flows_.end() ? nullptr : &found->second;
}

FlowState* Flows::find(const proxy::NetworkFlow& way) {
  FlowState* same_name = find(FlowId{way.id});
  if (same_name != nullptr && proxy::same_flow(same_name->way, way)) return same_name;
  const auto found = ways_.find(key_of(way));
  return found == ways_.end() ? nullptr : find(found->second.back());
}

// ---- what comes

std::vector<Flows::Incoming> Flows::receive(MonoTime now, FlowState& flow, const Received& piece) {
  std::vector<Incoming> out;
  flow.owed_credit += piece.credit;
  std::size_t cost = 1;
  if (!flow.is_closing) {
    if (flow.framer)
      cost = receive_stream(now, flow, piece.octets, out);
    else
      receive_whole(flow, piece.octets, out);
  }
  flow.busy_until = std::max(flow.busy_until, now) + static_cast<std::int64_t>(cost) * k_message_cost;
  used(now, flow);
  pay(now, flow);
  return out;
}

void Flows::receive_whole(const FlowState& flow, BytesView octets, std::vector<Incoming>& out) {
  // RFC 5626 §3.5.1 has these on connections only; a phone that sends them by datagram wants its NAT to see
  // them. RFC 7118 §6: WebSockets may have them.
  const std::string_view text(reinterpret_cast<const char*>(octets.data()), octets.size());
  if (text.find_first_not_of("\r\n") == std::string_view::npos) {
    if (flow.is_reliable() && text == k_ping) answer_ping(flow);
    return;
  }
  if (!flow.is_reliable() && stun::may_be_stun(octets)) return answer_stun(flow, octets);
  if (auto parsed = parse_message(octets, Framing::datagram))
    count(std::move(*parsed), out);
  else
    count(parsed.error(), out);
}

std::size_t Flows::receive_stream(MonoTime now, FlowState& flow, BytesView octets,
                                  std::vector<Incoming>& out) {
  std::size_t events = 0;
  flow.framer->receive(octets);
  while (auto event = flow.framer->next()) {
    ++events;
    if (std::holds_alternative<PingReceived>(*event)) {
      answer_ping(flow);
    } else if (auto* message = std::get_if<MessageReceived>(&*event)) {
      count(std::move(message->message), out);
    } else if (auto* malformed = std::get_if<MalformedReceived>(&*event)) {
      count(std::move(malformed->refusal), out);
    } else if (auto* broken = std::get_if<StreamBroken>(&*event)) {
      ++counters_.out_of_step;
      flow.is_closing = true;  // once what is in `out` has been answered
      count(std::move(broken->refusal), out);
    }
  }
  if (!flow.framer->is_within_message())
    flow.message_deadline.reset();
  else if (events != 0 || !flow.message_deadline)
    flow.message_deadline = now + k_message_time;
  return std::max<std::size_t>(events, 1);
}

void Flows::count(Incoming incoming, std::vector<Incoming>& out) {
  ++(std::holds_alternative<Message>(incoming) ? counters_.messages : counters_.malformed);
  out.push_back(std::move(incoming));
}

void Flows::answer_ping(const FlowState& flow) {
  ++counters_.pings;
  outputs_.emplace_back(Send{flow.id, SharedBytes(copy_of(view_of(k_pong)))});
}

// RFC 5626 §3.5.2: how phones behind a NAT keep their flow over UDP alive.
void Flows::answer_stun(const FlowState& flow, BytesView octets) {
  const auto from = stun::address_of(flow.remote.host, flow.remote.port);
  auto response = from ? stun::answer_binding(octets, *from) : std::nullopt;
  ++(response ? counters_.stun_answered : counters_.stun_dropped);
  if (response) outputs_.emplace_back(Send{flow.id, SharedBytes(std::move(*response))});
}

// ---- credit and time

void Flows::pay(MonoTime now, FlowState& flow) {
  flow.pay_at.reset();
  if (flow.owed_credit != 0 && !flow.is_congested) {
    const MonoTime at = flow.busy_until - k_message_burst;
    if (at <= now) {
      outputs_.emplace_back(GiveCredit{flow.id, std::exchange(flow.owed_credit, 0)});
    } else {
      ++counters_.slowed_down;
      flow.pay_at = at;
    }
  }
  queue(flow);
}

void Flows::set_congested(MonoTime now, FlowState& flow, bool is_congested) {
  flow.is_congested = is_congested;
  pay(now, flow);
}

void Flows::set_registered(MonoTime now, FlowId id, bool is_registered) {
  FlowState* flow = find(id);
  if (flow == nullptr) return;
  const bool was_held = flow->is_held();
  flow->is_registered = is_registered;
  hold(now, *flow, was_held);
}

void Flows::set_watching(MonoTime now, FlowId id, bool is_watching) {
  FlowState* flow = find(id);
  if (flow == nullptr) return;
  const bool was_held = flow->is_held();
  flow->is_watching = is_watching;
  hold(now, *flow, was_held);
}

void Flows::set_in_call(MonoTime now, const proxy::NetworkFlow& way, bool is_in_call) {
  const auto same = ways_.find(key_of(way));
  if (same == ways_.end()) return;
  const auto stands = [&](FlowId id) { return flows_.at(id).is_in_call && !flows_.at(id).is_closing; };
  const bool one_is_enough = flows_.at(same->second.front()).is_peer();
  if (is_in_call && one_is_enough && std::any_of(same->second.begin(), same->second.end(), stands)) return;
  const FlowState* one = find(way);
  for (const FlowId id : same->second) {
    FlowState& flow = flows_.at(id);
    const bool was_held = flow.is_held();
    flow.is_in_call = is_in_call && (!one_is_enough || &flow == one);
    hold(now, flow, was_held);
  }
}

void Flows::hold(MonoTime now, FlowState& flow, bool was_held) {
  used(now, flow);
  if (flow.is_held() != was_held) outputs_.emplace_back(HoldFlow{flow.id, flow.is_held()});
}

void Flows::used(MonoTime now, FlowState& flow) {
  if (flow.opened_here && !flow.is_held())
    flow.idle_deadline = now + k_idle_time;
  else
    flow.idle_deadline.reset();
  queue(flow);
}

void Flows::close(FlowState& flow, std::string reason) {
  flow.is_closing = true;
  flow.message_deadline.reset();
  flow.idle_deadline.reset();
  queue(flow);
  outputs_.emplace_back(CloseFlow{flow.id, std::move(reason)});
}

void Flows::on_timer(MonoTime now) {
  while (!wakes_.empty() && wakes_.begin()->first <= now) {
    FlowState& flow = flows_.at(wakes_.begin()->second);
    if (flow.message_deadline && *flow.message_deadline <= now) {
      ++counters_.slow_messages;
      close(flow, "a message did not come to its end");
    } else if (flow.idle_deadline && *flow.idle_deadline <= now && flow.transactions.empty()) {
      ++counters_.idle;
      close(flow, "nobody has used it");
    } else if (flow.idle_deadline && *flow.idle_deadline <= now) {
      used(now, flow);
    } else {
      pay(now, flow);
    }
  }
}

void Flows::queue(FlowState& flow) {
  if (flow.queued_at) wakes_.erase({*flow.queued_at, flow.id});
  flow.queued_at = sooner(sooner(flow.message_deadline, flow.idle_deadline), flow.pay_at);
  if (flow.queued_at) wakes_.emplace(*flow.queued_at, flow.id);
}

}  // namespace ringway::sip::element
