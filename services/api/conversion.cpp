#include "services/api/conversion.hpp"

#include <google/protobuf/stubs/common.h>

#include <string>
#include <utility>

#include "actors/relay_settings.hpp"
#include "services/api/address.hpp"
#include "services/api/phone_address.hpp"

namespace ringway::services {
namespace {

Bytes bytes_of(const std::string& text) { return copy_of(view_of(text)); }

// A proto3 string must be UTF-8, or the receiver cannot parse the whole answer; a name that another writer
// made up may be anything.
bool is_utf8(const std::string& text) {
  return google::protobuf::internal::IsStructurallyValidUTF8(text.data(), static_cast<int>(text.size()));
}

template <typename Response>
void fill_written(Response& out, const data::PutResult& result) {
  out.set_generation(result.generation);
  out.set_copies(result.copies);
  out.set_copies_wanted(result.copies_wanted);
  for (const NodeId& node : result.replicas) out.add_replicas(node.hex());
  out.set_storage_time_ms(result.storage_time_ms);
}

// Returns how many could not be shown.
template <typename Response>
std::uint32_t fill_entries(Response& out, const std::vector<data::Entry>& entries) {
  std::uint32_t discarded = 0;
  out.mutable_entries()->Reserve(static_cast<int>(entries.size()));
  for (const data::Entry& entry : entries) {
    if (!is_utf8(entry.entry) || !is_utf8(entry.writer)) {
      ++discarded;
      continue;
    }
    v1::Entry& to = *out.add_entries();
    to.set_entry(entry.entry);
    to.set_value(entry.value.data(), entry.value.size());
    to.set_writer(entry.writer);
    to.set_writer_node(entry.writer_node.hex());
    to.set_storage_time_ms(entry.storage_time_ms);
    to.set_lifetime_s(entry.lifetime_s);
    to.set_rolled_back(entry.rolled_back);
  }
  return discarded;
}

template <typename List>
void add_all(List& out, const std::vector<NodeId>& nodes) {
  out.Reserve(static_cast<int>(nodes.size()));
  for (const NodeId& node : nodes) *out.Add() = node.hex();
}

data::Consistency to_consistency(v1::Consistency asked_for) {
  switch (asked_for) {
    case v1::CONSISTENCY_ONE:
      return data::Consistency::one;
    case v1::CONSISTENCY_QUORUM:
      return data::Consistency::quorum;
    default:
      return data::Consistency::disjoint;
  }
}

}  // namespace

data::Call to_call(const v1::PutRequest& request) {
  data::PutCall call;
  call.key = request.key();
  call.entry = request.entry();
  call.value = bytes_of(request.value());
  if (request.lifetime_s() != 0) call.lifetime_s = request.lifetime_s();
  if (request.has_expected_generation()) call.expected_generation = request.expected_generation();
  call.as_user = request.as_user();
  call.keep = request.keep();
  return call;
}

data::WatchCall to_call(const v1::WatchRequest& request) {
  data::WatchCall call;
  call.key = request.key();
  if (request.has_entry()) call.entry = request.entry();
  call.resume_token = request.resume_token();
  return call;
}

data::Call to_call(const v1::GetRequest& request) {
  data::GetCall call;
  call.key = request.key();
  if (request.has_entry()) call.entry = request.entry();
  call.consistency = to_consistency(request.consistency());
  return call;
}

data::Call to_call(const v1::RemoveRequest& request) {
  data::RemoveCall call;
  call.key = request.key();
  call.entry = request.entry();
  if (request.has_expected_generation()) call.expected_generation = request.expected_generation();
  call.as_user = request.as_user();
  return call;
}

data::Call to_call(const v1::StatRequest& request) { return data::StatCall{request.key()}; }

std::optional<data::Call> to_call(const v1::Operation& operation) {
  switch (operation.operation_case()) {
    case v1::Operation::kPut:
      return to_call(operation.put());
    case v1::Operation::kGet:
      return to_call(operation.get());
    case v1::Operation::kRemove:
      return to_call(operation.remove());
    case v1::Operation::kStat:
      return to_call(operation.stat());
    case v1::Operation::OPERATION_NOT_SET:
      break;
  }
  return std::nullopt;
}

grpc::StatusCode to_status_code(data::CallError error) {
  switch (error) {
    case data::CallError::invalid_argument:
      return grpc::StatusCode::INVALID_ARGUMENT;
    case data::CallError::not_found:
      return grpc::StatusCode::NOT_FOUND;
    case data::CallError::permission_denied:
      return grpc::StatusCode::PERMISSION_DENIED;
    case data::CallError::aborted:
      return grpc::StatusCode::ABORTED;
    case data::CallError::resource_exhausted:
      return grpc::StatusCode::RESOURCE_EXHAUSTED;
    case data::CallError::failed_precondition:
      return grpc::StatusCode::FAILED_PRECONDITION;
    case data::CallError::unavailable:
      return grpc::StatusCode::UNAVAILABLE;
    case data::CallError::deadline_exceeded:
      return grpc::StatusCode::DEADLINE_EXCEEDED;
    case data::CallError::data_loss:
      return grpc::StatusCode::DATA_LOSS;
    case data::CallError::internal:
      break;
  }
  return grpc::StatusCode::INTERNAL;
}

void fill(v1::PutResponse& out, const data::PutResult& result) { fill_written(out, result); }
void fill(v1::RemoveResponse& out, const data::PutResult& result) { fill_written(out, result); }

void fill(v1::GetResponse& out, const data::GetResult& result) {
  out.set_generation(result.generation);
  out.set_discarded(result.discarded + fill_entries(out, result.entries));
}

void fill(v1::WatchResponse& out, const data::WatchUpdate& update) {
  out.set_generation(update.state.generation);
  fill_entries(out, update.state.entries);
  out.set_compacted(update.compacted);
  out.set_resume_token(update.resume_token);
}

void fill(v1::StatResponse& out, const data::StatResult& result) {
  out.set_generation(result.generation);
  for (const data::StatEntry& entry : result.entries) {
    if (!is_utf8(entry.entry)) continue;
    v1::EntryStat& to = *out.add_entries();
    to.set_entry(entry.entry);
    if (entry.writer_node != k_no_node) to.set_writer_node(entry.writer_node.hex());
    to.set_size_bytes(entry.size_bytes);
    to.set_storage_time_ms(entry.storage_time_ms);
    to.set_lifetime_s(entry.lifetime_s);
  }
}

void fill(v1::OperationResult& out, const v1::Operation& operation, const data::CallResult& result) {
  if (const auto* written = std::get_if<data::PutResult>(&result)) {
    if (operation.has_remove()) {
      fill(*out.mutable_remove(), *written);
    } else {
      fill(*out.mutable_put(), *written);
    }
  } else if (const auto* got = std::get_if<data::GetResult>(&result)) {
    fill(*out.mutable_get(), *got);
  } else if (const auto* stat = std::get_if<data::StatResult>(&result)) {
    fill(*out.mutable_stat(), *stat);
  } else {
    const auto& failure = std::get<data::CallFailure>(result);
    v1::OperationError& error = *out.mutable_error();
    error.set_code(to_status_code(failure.error));
    error.set_message(failure.message);
    error.set_generation(failure.generation);
  }
}

namespace {

void fill(v1::PhoneStatus& out, const actors::SipReport& report) {
  for (const auto& listen : to_texts(report.listening_on)) out.add_listening_on(listen);
  auto& counters = *out.mutable_counters();
  counters.set_registers(report.registrar.requests);
  counters.set_registers_accepted(report.registrar.accepted);
  counters.set_registers_refused(report.registrar.rejected);
  counters.set_registers_busy(report.registrar.busy);
  counters.set_overlay_failures(report.registrar.overlay_failures);
  counters.set_requests(report.proxy.requests);
  counters.set_branches(report.proxy.branches);
  counters.set_requests_busy(report.proxy.no_room + report.proxy.no_room_for_source +
                             report.transactions.refused_busy);
  counters.set_loops(report.proxy.loops);
  counters.set_not_allowed(report.proxy.not_allowed);
  counters.set_retransmissions(report.transactions.retransmissions);
  counters.set_timeouts(report.transactions.timeouts);
  const auto& sockets = report.transports;
  counters.set_bytes_in(sockets.bytes_in);
  counters.set_bytes_out(sockets.bytes_out);
  counters.set_refused_connections(sockets.refused_connections + sockets.refused_of_address);
  counters.set_refused_datagrams(sockets.datagrams_too_fast + sockets.datagrams_over_credit +
                                 sockets.datagrams_refused);
  counters.set_peers_opened(report.peers.opened);
  counters.set_peers_not_reached(report.peers.open_failed);
  counters.set_peers_accepted(report.peers.accepted);
  counters.set_peers_refused(report.peers.refused_asked + report.peer_links.refused_connections +
                             report.peer_links.refused_of_address);
  counters.set_peers_uninvited(report.peers.uninvited);
  counters.set_peer_handshakes_failed(report.peer_links.handshakes_failed);
  counters.set_peer_bytes_in(report.peer_links.bytes_in);
  counters.set_peer_bytes_out(report.peer_links.bytes_out);
  counters.set_unreadable_refused(report.element.refused_unread);
  counters.set_not_sent(report.element.not_sent);
  counters.set_merged(report.element.merged);
  counters.set_leaving_refused(report.element.leaving);
  counters.set_false_names(report.element.false_from);
  counters.set_passed_on(report.element.passed_on);
  counters.set_not_passed_on(report.element.not_passed_on);
  for (const auto& table : report.tables) {
    auto& use = *out.add_tables();
    use.set_name(table.name);
    use.set_size(table.size);
    use.set_bound(table.bound);
  }
}

void fill(v1::RelayCounters& out, const relay::Counters& control) {
  out.set_allocated(control.allocated);
  out.set_expired(control.expired);
  out.set_requests(control.requests);
  out.set_malformed(control.malformed);
  out.set_unproved_dropped(control.unproved_dropped);
  std::uint64_t others = 0;
  for (const auto& [code, count] : control.errors) {
    using enum stun::ErrorCode;
    if (code == unauthenticated)
      out.set_unauthenticated(count);
    else if (code == stale_nonce)
      out.set_stale_nonce(count);
    else if (code == forbidden)
      out.set_forbidden(count);
    else if (code == allocation_quota_reached)
      out.set_quota_reached(count);
    else if (code == insufficient_capacity)
      out.set_no_capacity(count);
    else
      others += count;
  }
  out.set_other_errors(others);
}

void fill(v1::RelayCounters& out, const actors::RelayTraffic& traffic) {
  out.set_control_dropped(traffic.control_dropped);
  out.set_packets_to_peers(traffic.packets_to_peers);
  out.set_bytes_to_peers(traffic.bytes_to_peers);
  out.set_packets_to_clients(traffic.packets_to_clients);
  out.set_bytes_to_clients(traffic.bytes_to_clients);
  out.set_not_sent(traffic.not_sent);
  out.set_no_allocation(traffic.no_allocation);
  out.set_unreadable(traffic.malformed);
  out.set_no_channel(traffic.no_channel);
  out.set_no_permission(traffic.no_permission);
  out.set_over_rate(traffic.over_rate);
  out.set_bindings(traffic.bindings);
  out.set_bindings_dropped(traffic.bindings_dropped);
  out.set_errors_told(traffic.errors_told);
  out.set_streams_refused(traffic.streams_refused);
}

void fill(v1::RelayStatus& out, const actors::RelayReport& report) {
  for (const auto& listen : report.listening_on) out.add_listening_on(listen);
  out.set_draining(report.is_draining);
  auto& counters = *out.mutable_counters();
  counters.set_allocations(report.allocations);
  fill(counters, report.control);
  fill(counters, report.traffic);
}

}  // namespace

void fill(v1::StatusResponse& out, const actors::PeerStatus& status) {
  out.set_node(status.node.hex());
  out.set_user(status.user);
  out.set_users_unverified(status.users_unverified);
  out.set_overlay(status.overlay);
  out.set_configuration_sequence(status.configuration_sequence);
  out.set_configuration_expires_ms(status.configuration_expires_ms.value_or(0));
  out.set_listening_on(to_text(status.listening_on));
  out.set_uptime_s(status.uptime_s);
  out.set_certificate_not_after_ms(status.certificate_not_after_ms);
  out.set_phase(status.routing.phase);
  out.set_estimated_peers(status.routing.estimated_peers);
  out.set_version(RINGWAY_VERSION);

  auto& store = *out.mutable_store();
  store.set_values(status.totals.records);
  store.set_resources(status.totals.resources);
  store.set_size_bytes(status.totals.bytes);

  auto& routing = *out.mutable_routing();
  routing.set_forwarded(status.routing.forwarded);
  routing.set_delivered(status.routing.delivered);
  routing.set_originated(status.routing.originated);
  routing.set_answered(status.routing.answered);
  routing.set_dropped(status.routing.dropped);
  routing.set_unknown_answers(status.routing.unknown_answers);
  routing.set_bad_signatures(status.routing.bad_signatures);
  routing.set_duplicates(status.routing.duplicates);
  routing.set_retransmissions(status.routing.retransmissions);
  routing.set_transactions(status.routing.transactions);
  routing.set_refused_revoked(status.routing.refused_revoked);
  routing.set_refused_links(status.routing.refused_links);
  routing.set_refused_membership(status.routing.refused_membership);
  routing.set_refused_configurations(status.routing.refused_configurations);
  routing.set_implausible_answers(status.routing.implausible_answers);
  routing.set_failed_attaches(status.routing.failed_attaches);
  routing.set_channels(status.routing.channels);
  routing.set_held_channels(status.routing.held_channels);
  routing.set_channel_messages(status.routing.channel_messages);
  routing.set_failed_channels(status.routing.failed_channels);
  routing.set_refused_channels(status.routing.refused_channels);
  routing.set_listings_left_out(status.routing.listings_left_out);

  auto& storage = *out.mutable_storage();
  storage.set_stores_accepted(status.storage.stores_accepted);
  storage.set_stores_refused(status.storage.stores_refused);
  storage.set_fetches(status.storage.fetches);
  storage.set_stats(status.storage.stats);
  storage.set_finds(status.storage.finds);
  storage.set_calls(status.storage.calls);
  storage.set_calls_local(status.storage.calls_local);
  storage.set_values_discarded(status.storage.values_discarded);
  storage.set_cache_hits(status.storage.cache_hits);
  storage.set_cache_misses(status.storage.cache_misses);
  storage.set_pending_requests(status.storage.pending_requests);
  storage.set_pending_calls(status.storage.pending_calls);
  storage.set_cached_kinds(status.storage.cached_kinds);
  storage.set_rollbacks(status.storage.rollbacks);
  storage.set_revoked_values(status.storage.revoked_values);
  storage.set_certificates_stored(status.storage.certificates_stored);
  storage.set_second_opinions(status.storage.second_opinions);
  storage.set_values_signed_again(status.storage.values_signed_again);
  storage.set_further_users(status.storage.further_users);
  storage.set_further_users_until_ms(status.storage.further_users_until_ms);
  storage.set_writes_as_others(status.storage.writes_as_others);
  storage.set_values_refreshed(status.storage.values_refreshed);
  storage.set_watches(status.storage.watches);
  storage.set_watch_events(status.storage.watch_events);
  storage.set_events_compacted(status.storage.events_compacted);
  storage.set_watched_resources(status.storage.watched_resources);
  storage.set_notices_sent(status.storage.notices_sent);
  storage.set_notices_repeated(status.storage.notices_repeated);
  storage.set_notices_dropped(status.storage.notices_dropped);
  storage.set_kinds_damaged(status.storage.kinds_damaged);
  storage.set_kinds_mended(status.storage.kinds_mended);
  storage.set_careful_reads(status.storage.careful_reads);
  storage.set_holders_differed(status.storage.holders_differed);
  storage.set_detours(status.storage.detours);

  auto& replication = *out.mutable_replication();
  replication.set_copies_sent(status.replication.copies_sent);
  replication.set_copies_failed(status.replication.copies_failed);
  replication.set_kinds_handed_over(status.replication.kinds_handed_over);
  replication.set_kinds_dropped(status.replication.kinds_dropped);
  replication.set_pending_values(status.replication.pending_values);
  replication.set_backlog_kinds(status.replication.backlog_kinds);
  replication.set_background_bytes(status.replication.background_bytes);
  replication.set_comparisons(status.replication.comparisons);
  replication.set_comparisons_failed(status.replication.comparisons_failed);
  replication.set_differences(status.replication.differences);
  replication.set_mends_heard(status.replication.mends_heard);
  replication.set_mends_refused(status.replication.mends_refused);
  replication.set_bad_digest_messages(status.replication.bad_digest_messages);

  if (status.sip) fill(*out.mutable_phones(), *status.sip);
  if (status.relay) fill(*out.mutable_relay(), *status.relay);

  auto& links = *out.mutable_links();
  links.set_links(status.links.links);
  links.set_handshakes_failed(status.links.handshakes_failed);
  links.set_messages_in(status.links.messages_in);
  links.set_messages_out(status.links.messages_out);
  links.set_bytes_in(status.links.bytes_in);
  links.set_bytes_out(status.links.bytes_out);
  links.set_refused_full_queue(status.links.refused_full_queue);
  links.set_refused_links(status.links.refused_links);
}

void fill(v1::RingResponse& out, const actors::PeerStatus& status) {
  out.set_node(status.node.hex());
  out.set_user(status.user);
  out.set_overlay(status.overlay);
  out.set_listening_on(to_text(status.listening_on));
  out.set_phase(status.routing.phase);
  out.set_estimated_peers(status.routing.estimated_peers);
  add_all(*out.mutable_fingers(), status.routing.fingers);
  if (const auto& view = status.routing.view) {
    out.set_joined(view->joined);
    out.set_replicas(static_cast<std::uint32_t>(view->replicas));
    out.set_version(view->version);
    add_all(*out.mutable_predecessors(), view->predecessors);
    add_all(*out.mutable_successors(), view->successors);
  }
  for (const routing::LinkStatus& link : status.routing.links) {
    v1::Link& to = *out.add_links();
    to.set_node(link.node.hex());
    to.set_remote(to_text(link.remote));
    to.set_suspected(link.suspected);
    to.set_routable(link.routable);
  }
}

void fill(v1::PingResponse& out, const actors::PingOutcome& outcome) {
  out.set_responder(outcome.responder.hex());
  out.set_response_id(outcome.response_id);
  out.set_responder_time_ms(outcome.responder_time_ms);
  out.set_round_trip_ms(outcome.round_trip_ms);
}

}  // namespace ringway::services
