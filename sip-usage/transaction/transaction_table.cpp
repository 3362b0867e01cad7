#include "sip-usage/transaction/transaction_table.hpp"

#include <cassert>

#include "sip-usage/message/builders.hpp"
#include "sip-usage/transaction/matching.hpp"

namespace ringway::sip {
namespace {

void append(TransactionOutputs& to, TransactionOutputs more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

TransactionTable::TransactionTable(TimerSettings timers, TransactionLimits limits, std::string stateless_tag)
    : timers_(timers), shares_(limits), stateless_tag_(std::move(stateless_tag)) {}

// ---- what comes from the network

TransactionOutputs TransactionTable::receive(MonoTime now, Message message, Flow flow,
                                             const TransactionSender& sender) {
  return message.is_request() ? receive_request(now, std::move(message), flow, sender)
                              : receive_response(now, std::move(message));
}

TransactionOutputs TransactionTable::receive_response(MonoTime now, Message response) {
  const auto found = clients_.find(client_key(response));
  if (found == clients_.end()) {
    ++counters_.stray_responses;
    return {};
  }
  const TransactionId id = found->second;
  Entry& entry = *find(id);
  if (auto* invite = std::get_if<InviteClient>(&entry.machine))
    return after(id, entry, invite->on_response(now, std::move(response)));
  return after(id, entry, std::get<NonInviteClient>(entry.machine).on_response(now, std::move(response)));
}

TransactionOutputs TransactionTable::receive_request(MonoTime now, Message request, Flow flow,
                                                     const TransactionSender& sender) {
  const bool is_ack = request.method() == "ACK";
  const auto found = servers_.find(server_key(request));
  if (found == servers_.end() && is_ack) return {AckArrived{std::nullopt, std::move(request), flow}};
  if (found == servers_.end()) return begin_server(now, std::move(request), flow, sender);
  ++counters_.retransmissions;
  const TransactionId id = found->second;
  Entry& entry = *find(id);
  if (auto* other = std::get_if<NonInviteServer>(&entry.machine))
    return after(id, entry, other->on_request(request));
  auto step = std::get<InviteServer>(entry.machine).on_request(now, request);
  if (is_ack && step.deliver) return {AckArrived{id, *std::move(step.deliver), flow}};
  return after(id, entry, std::move(step));
}

TransactionOutputs TransactionTable::begin_server(MonoTime now, Message request, Flow flow,
                                                  const TransactionSender& sender) {
  const std::size_t size_bytes = request.received_bytes;
  if (!shares_.has_room(sender, {1, 0, size_bytes})) return answer_busy(request, flow);
  const TransactionId id{++last_id_};
  const bool is_invite = request.method() == "INVITE";
  Machine machine = is_invite ? Machine(InviteServer(now, request, flow.transport, timers_))
                              : Machine(NonInviteServer(request, flow.transport, timers_));
  Entry entry{std::move(machine), flow,   false, size_bytes, server_key(request), std::nullopt,
              merge_key(request), sender, {}};
  servers_.emplace(entry.key, id);
  shares_.take(sender, entry.taken());
  if (entry.merge_key) merge_keys_.emplace(*entry.merge_key, id);
  queue(id, entries_.emplace(id.value, std::move(entry)).first->second);
  const auto cancels = request.method() == "CANCEL" ? find_invite(request) : std::nullopt;
  return {RequestArrived{id, std::move(request), flow, cancels}};
}

// Without a transaction: a retransmission is answered the same again, and costs nothing either.
TransactionOutputs TransactionTable::answer_busy(const Message& request, Flow flow) {
  ++counters_.refused_busy;
  auto response = make_response(request, 503, stateless_tag_);
  response.set_field("Retry-After", std::to_string(k_busy_retry_after_s));
  return {Transmit{std::nullopt, flow, octets_of(response)}};
}

std::optional<TransactionId> TransactionTable::find_invite(const Message& cancel) const {
  const auto found = servers_.find(cancelled_key(cancel));
  return found == servers_.end() ? std::nullopt : std::optional(found->second);
}

// ---- what the user does

std::optional<TransactionTable::Sent> TransactionTable::send_request(
    MonoTime now, Message request, Flow flow, std::optional<TransactionId> for_the_sake_of) {
  const Entry* cause = for_the_sake_of ? find(*for_the_sake_of) : nullptr;
  return send_request_of(now, std::move(request), flow,
                         cause == nullptr ? TransactionSender{} : cause->sender);
}

std::optional<TransactionTable::Sent> TransactionTable::send_request_of(MonoTime now, Message request,
                                                                        Flow flow, TransactionSender sender) {
  assert(!request.vias.empty());
  auto key = client_key(request);
  if (clients_.count(key) != 0 || !shares_.has_room(sender, {0, 1, 0})) {
    ++counters_.refused_busy;
    return std::nullopt;
  }
  const TransactionId id{++last_id_};
  const bool is_invite = request.method() == "INVITE";
  Machine machine = is_invite ? Machine(InviteClient(std::move(request), flow.transport, timers_))
                              : Machine(NonInviteClient(std::move(request), flow.transport, timers_));
  auto step =
      is_invite ? std::get<InviteClient>(machine).start(now) : std::get<NonInviteClient>(machine).start(now);
  const std::size_t size_bytes = step.transmit.front().size();
  if (!shares_.has_room(sender, {0, 1, size_bytes})) {
    ++counters_.refused_busy;
    return std::nullopt;
  }
  clients_.emplace(key, id);
  Entry made{std::move(machine), flow, true, size_bytes, std::move(key), {}, {}, std::move(sender), {}};
  shares_.take(made.sender, made.taken());
  Entry& entry = entries_.emplace(id.value, std::move(made)).first->second;
  return Sent{id, after(id, entry, std::move(step))};
}

TransactionOutputs TransactionTable::respond(MonoTime now, TransactionId transaction,
                                             const Message& response) {
  Entry* entry = find(transaction);
  if (entry == nullptr || entry->is_client) return {};
  remember_ack_key(transaction, *entry, response);
  if (auto* invite = std::get_if<InviteServer>(&entry->machine))
    return after(transaction, *entry, invite->respond(now, response));
  return after(transaction, *entry, std::get<NonInviteServer>(entry->machine).respond(now, response));
}

void TransactionTable::remember_ack_key(TransactionId id, Entry& entry, const Message& response) {
  const auto* invite = std::get_if<InviteServer>(&entry.machine);
  if (invite == nullptr || response.status() < 200 || entry.ack_key) return;
  auto key = ack_key(invite->request(), response);
  if (key && servers_.emplace(*key, id).second) entry.ack_key = std::move(key);
}

TransactionOutputs TransactionTable::give_up(TransactionId transaction) {
  if (find(transaction) == nullptr) return {};
  forget(transaction);
  return {TransactionEnded{transaction}};
}

// ---- time and failures

TransactionOutputs TransactionTable::on_timer(MonoTime now) {
  TransactionOutputs out;
  while (!wakes_.empty() && wakes_.begin()->first <= now) {
    const TransactionId id = wakes_.begin()->second;
    Entry& entry = *find(id);
    auto step = std::visit([&](auto& machine) { return machine.on_timer(now); }, entry.machine);
    append(out, after(id, entry, std::move(step)));
  }
  return out;
}

TransactionOutputs TransactionTable::on_transport_error(MonoTime, TransactionId transaction) {
  Entry* entry = find(transaction);
  if (entry == nullptr) return {};
  auto step = std::visit([](auto& machine) { return machine.on_transport_error(); }, entry->machine);
  return after(transaction, *entry, std::move(step));
}

Deadline TransactionTable::next_wake() const {
  return wakes_.empty() ? Deadline() : Deadline(wakes_.begin()->first);
}

TransactionOutputs TransactionTable::after(TransactionId id, Entry& entry, Step step) {
  TransactionOutputs out;
  for (auto& octets : step.transmit) out.emplace_back(Transmit{id, entry.flow, std::move(octets)});
  if (step.deliver) out.emplace_back(ResponseArrived{id, *std::move(step.deliver)});
  if (step.failure) {
    if (*step.failure == TransactionFailure::timeout) ++counters_.timeouts;
    out.emplace_back(TransactionFailed{id, *step.failure});
  }
  if (std::visit([](const auto& machine) { return machine.ended(); }, entry.machine)) {
    forget(id);
    out.emplace_back(TransactionEnded{id});
  } else {
    queue(id, entry);
  }
  return out;
}

void TransactionTable::queue(TransactionId id, Entry& entry) {
  if (entry.queued_at) wakes_.erase({*entry.queued_at, id});
  entry.queued_at = std::visit([](const auto& machine) { return machine.next_wake(); }, entry.machine);
  if (entry.queued_at) wakes_.emplace(*entry.queued_at, id);
}

void TransactionTable::forget(TransactionId id) {
  Entry& entry = *find(id);
  if (entry.queued_at) wakes_.erase({*entry.queued_at, id});
  (entry.is_client ? clients_ : servers_).erase(entry.key);
  shares_.give_back(entry.sender, entry.taken());
  if (entry.ack_key) servers_.erase(*entry.ack_key);
  if (entry.merge_key) merge_keys_.erase({*entry.merge_key, id});
  entries_.erase(id.value);
}

// ---- questions

bool TransactionTable::is_merged(TransactionId transaction) const {
  const Entry* entry = find(transaction);
  if (entry == nullptr || !entry->merge_key) return false;
  // The oldest of that key; this one at the latest.
  return merge_keys_.lower_bound({*entry->merge_key, TransactionId{}})->second < transaction;
}

const Message* TransactionTable::request(TransactionId transaction) const {
  const Entry* entry = find(transaction);
  if (entry == nullptr) return nullptr;
  return std::visit([](const auto& machine) { return &machine.request(); }, entry->machine);
}

TableSizes TransactionTable::sizes() const {
  const auto& taken = shares_.taken();
  const auto& limits = shares_.limits();
  return {{"server transactions of the SIP element", taken.servers, limits.servers},
          {"client transactions of the SIP element", taken.clients, limits.clients},
          {"bytes of the SIP element's transactions", taken.bytes, limits.bytes}};
}

TransactionTable::Entry* TransactionTable::find(TransactionId id) {
  const auto found = entries_.find(id.value);
  return found == entries_.end() ? nullptr : &found->second;
}

const TransactionTable::Entry* TransactionTable::find(TransactionId id) const {
  const auto found = entries_.find(id.value);
  return found == entries_.end() ? nullptr : &found->second;
}

}  // namespace ringway::sip
