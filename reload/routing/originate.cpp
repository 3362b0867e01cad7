// Our own requests: signing, retransmission, and whose answer counts (RFC 6940 §6.2.1, §6.3.4).
#include <algorithm>

#include "reload/routing/routing_impl.hpp"

namespace ringway::routing {

using wire::ErrorCode;
using wire::MessageCode;

SharedBytes RoutingComponent::Impl::make_payload(TransactionId id, MessageCode code, BytesView body,
                                                 const std::vector<SharedBytes>& certificates,
                                                 const security::Signer* signer) const {
  const Bytes contents = wire::encode(wire::MessageContents{code, SharedBytes(copy_of(body)), {}});
  const Bytes input = security::message_signature_input(overlay_hash_, id, contents);
  return wire::encode_payload(
      contents, security::make_security_block(signer ? *signer : *signer_, input, certificates));
}

void RoutingComponent::Impl::on(SendRequest& input) {
  Transaction transaction;
  transaction.origin = input.origin;
  transaction.token = input.token;
  transaction.destination = std::move(input.destination);
  transaction.code = input.code;
  transaction.fetch_resource = input.fetch_resource;
  transaction.max_response_length = input.max_response_length;
  transaction.way = input.way;
  if (input.deadline) transaction.give_up_at = now_.mono + *input.deadline;
  originate(std::move(transaction), input.body, input.certificates_der, input.signer.get());
}

void RoutingComponent::Impl::on(CancelRequest& input) {
  const auto found = under_way().by_token.find({input.origin, input.token});
  if (found == under_way().by_token.end()) return;
  drop(found->second);
  under_way().by_token.erase(found);
}

TransactionId RoutingComponent::Impl::ask(wire::DestinationList destination, MessageCode code, BytesView body,
                                          Completion completion, std::optional<LinkId> first_link,
                                          std::optional<Duration> deadline) {
  Transaction transaction;
  transaction.completion = std::move(completion);
  transaction.destination = std::move(destination);
  transaction.code = code;
  transaction.first_link = first_link;
  if (deadline) transaction.give_up_at = now_.mono + *deadline;
  return originate(std::move(transaction), body, {});
}

TransactionId RoutingComponent::Impl::originate(Transaction transaction, BytesView body,
                                                const std::vector<SharedBytes>& certificates,
                                                const security::Signer* signer) {
  TransactionId id = random_->next();  // 64 fresh random bits (RFC 6940 §6.3.2)
  auto& transactions = under_way().transactions;
  while (id == 0 || transactions.contains(id)) id = random_->next();
  transaction.payload = make_payload(id, transaction.code, body, certificates, signer);
  transaction.configuration_sequence =
      transaction.code == MessageCode::config_update_req ? config::k_any_sequence : configuration_->sequence;
  ++counters_.originated;
  const bool own = transaction.origin != Origin::routing;
  if (own) under_way().by_token[{transaction.origin, transaction.token}] = id;
  Transaction& kept = transactions[id] = std::move(transaction);
  kept.next_at = now_.mono;
  under_way().timers.insert({kept.next_at, id});
  if (transactions.size() > limits_->max_transactions) {
    finish(id, RequestFailure{ErrorCode::request_timeout, copy_of(view_of("too many requests under way")),
                              true, k_no_node});
  } else if (kept.payload.size() + wire::k_fixed_header_size_bytes > configuration_->max_message_size_bytes) {
    finish(id, RequestFailure{ErrorCode::message_too_large, copy_of(view_of("above max-message-size")), true,
                              k_no_node});
  } else {
    send(id, kept);
  }
  return id;
}

// One transmission, with the same transaction ID each time; the way is chosen anew.
void RoutingComponent::Impl::send(TransactionId id, Transaction& transaction) {
  auto& timers = under_way().timers;
  timers.erase({transaction.next_at, id});
  ++transaction.transmissions;
  if (transaction.transmissions > 1) ++counters_.retransmissions;
  transaction.next_at = now_.mono + configuration_->overlay_reliability_timer;
  if (transaction.give_up_at) transaction.next_at = std::min(transaction.next_at, *transaction.give_up_at);
  timers.insert({transaction.next_at, id});

  wire::ForwardingHeader header;
  header.overlay = overlay_hash_;
  header.configuration_sequence = transaction.configuration_sequence;
  header.ttl = configuration_->initial_ttl;
  header.transaction_id = id;
  header.max_response_length = transaction.max_response_length;
  header.destination_list = transaction.destination;
  const SharedBytes payload = transaction.payload;
  if (transaction.first_link && links_.find(*transaction.first_link) != nullptr) {
    transaction.last_hop = links_.find(*transaction.first_link)->node;
    return transmit_on(*transaction.first_link, header, payload);
  }
  if (transaction.way) {
    const auto* link = link_of_way(transaction);
    if (link == nullptr) {
      return finish(id,
                    RequestFailure{ErrorCode::not_found, copy_of(view_of("no such way")), true, k_no_node});
    }
    transaction.last_hop = link->node;
    return transmit_on(link->id, header, payload);
  }
  transaction.last_hop = hop_towards(header.destination_list.front());
  route(here(), std::move(header), payload);  // may reach this very peer
}

// The way is chosen once: a repetition must not come to a hop that belongs to another way by now.
const LinkTable::Link* RoutingComponent::Impl::link_of_way(Transaction& transaction) {
  if (const auto* node = std::get_if<wire::NodeDestination>(&transaction.destination.front())) {
    const auto* direct = links_.to(node->node);
    if (direct != nullptr && !direct->suspected) return direct;
  }
  if (!transaction.first_hop) {
    const auto hops = topology_->hops_towards(transaction.way->point);
    if (transaction.way->rank >= hops.size()) return nullptr;
    transaction.first_hop = hops[transaction.way->rank];
  }
  return links_.to(*transaction.first_hop);
}

void RoutingComponent::Impl::transactions_due() {
  const auto& timers = under_way().timers;
  while (!timers.empty() && timers.begin()->first <= now_.mono) {
    const TransactionId id = timers.begin()->second;
    Transaction& transaction = under_way().transactions.at(id);
    const bool over = transaction.give_up_at && *transaction.give_up_at <= now_.mono;
    if (over || transaction.transmissions >= k_max_transmissions) {
      finish(id, RequestFailure{ErrorCode::request_timeout, copy_of(view_of("no answer")), true, k_no_node});
    } else {
      send(id, transaction);
    }
  }
}

// The next hop has just gone: the request need not wait for its timer to take the repaired way (ROUTE-33).
void RoutingComponent::Impl::resend_after_loss(const NodeId& node) {
  const MonoTime soon = now_.mono + k_resend_after_loss;
  auto& timers = under_way().timers;
  for (auto& [id, transaction] : under_way().transactions) {
    if (transaction.last_hop != node || transaction.next_at <= soon) continue;
    if (transaction.transmissions >= k_max_transmissions) continue;
    timers.erase({transaction.next_at, id});
    transaction.next_at = soon;
    timers.insert({soon, id});
  }
}

void RoutingComponent::Impl::finish(TransactionId id, Outcome outcome) {
  auto& transactions = under_way().transactions;
  const auto found = transactions.find(id);
  if (found == transactions.end()) return;
  under_way().timers.erase({found->second.next_at, id});
  const Transaction transaction = std::move(found->second);
  transactions.erase(found);
  if (transaction.origin == Origin::routing) {
    if (transaction.completion) transaction.completion(outcome);
    return;
  }
  under_way().by_token.erase({transaction.origin, transaction.token});
  out_->push_back(RequestDone{transaction.origin, transaction.token, std::move(outcome)});
}

void RoutingComponent::Impl::drop(TransactionId id) {
  auto& transactions = under_way().transactions;
  const auto found = transactions.find(id);
  if (found == transactions.end()) return;
  under_way().timers.erase({found->second.next_at, id});
  transactions.erase(found);
}

// SEC-13, SEC-14: the node that was addressed, or one at least as close to the resource as everyone we know.
bool RoutingComponent::Impl::answerer_plausible(const Transaction& transaction, const NodeId& signer) {
  if (transaction.first_link) return true;  // asked of another ring, perhaps (RFC 6940 §10.7.4.4)
  const wire::Destination& last = transaction.destination.back();
  if (const auto* node = std::get_if<wire::NodeDestination>(&last))
    return node->node == signer || node->node == wildcard_node();
  if (const auto* resource = std::get_if<wire::ResourceDestination>(&last))
    return resource->id.size() == k_node_id_size_bytes &&
           topology_->plausible_owner(ring_id_from(resource->id), signer);
  return true;
}

void RoutingComponent::Impl::answer_arrived(
    const Hop&, const std::shared_ptr<const security::InspectedMessage>& message) {
  const TransactionId id = message->message.header.transaction_id;
  const auto& transactions = under_way().transactions;
  const auto found = transactions.find(id);
  if (found == transactions.end()) {
    ++counters_.unknown_answers;
    return;
  }
  const Transaction& transaction = found->second;
  const auto code = message->message.contents.code;
  const bool success = code == wire::answer_to(transaction.code);
  if (!success && code != MessageCode::error) return;  // not an answer to this
  if (!answerer_plausible(transaction, message->signer_node)) {
    // Someone else's answer leaves the request pending (SEC-15); someone else's error is a hint at most
    // (AMB-08).
    ++counters_.implausible_answers;
    return;
  }
  if (success) return finish(id, message);
  auto error = wire::decode<wire::ErrorResponse>(message->message.contents.body);
  if (!error) return;
  // CONFIG-26; whoever answers the document itself so is not sent it again.
  if (error->code == ErrorCode::config_too_new && transaction.code != MessageCode::config_update_req)
    bring_up_to_date(message->signer_node, {wire::to_node(message->signer_node)});
  // RFC 6940 §7.4.1.2: whoever does not know a Kind is told of it.
  if (error->code == ErrorCode::unknown_kind) {
    if (const auto unknown = wire::decode<wire::UnknownKinds>(SharedBytes(error->info)))
      push_kinds(message->signer_node, unknown->kinds);
  }
  finish(id, RequestFailure{error->code, std::move(error->info), false, message->signer_node});
}

}  // namespace ringway::routing
